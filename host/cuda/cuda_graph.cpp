#include <memory>

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "engine/device_graph.hpp"

namespace retort::engine {
namespace {

// All graphs of a device: one stream, since autograd's nodes keep the stream of their first use, and one pool.
struct Shared {
  c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  at::cuda::MempoolId_t pool = at::cuda::graph_pool_handle();
};

class CudaGraph final : public DeviceGraph {
 public:
  explicit CudaGraph(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void warm_up(const std::function<void()>& work) override {
    on_stream([&] { work(); });
  }

  void capture(const std::function<void()>& work) override {
    on_stream([&] {
      // Thread-local: the threads that stream data and serve metrics may go on with what they do.
      graph_.capture_begin(shared_->pool, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        abandon();
        throw;
      }
      graph_.capture_end();
    });
  }

  void replay() override {
    on_stream([&] { graph_.replay(); });
  }

 private:
  // What the caller has queued comes before, what it queues next comes after.
  template <class Body>
  void on_stream(Body&& body) {
    const c10::cuda::CUDAStream outer = c10::cuda::getCurrentCUDAStream();
    wait(shared_->stream, outer);
    {
      const c10::cuda::CUDAStreamGuard guard(shared_->stream);
      body();
    }
    wait(outer, shared_->stream);
  }

  static void wait(const c10::cuda::CUDAStream& later, const c10::cuda::CUDAStream& earlier) {
    if (later == earlier) return;
    at::cuda::CUDAEvent event;
    event.record(earlier);
    event.block(later);
  }

  // Ends a capture that failed, so that the stream can be used again.
  void abandon() noexcept {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {
      cudaGetLastError();
    }
  }

  std::shared_ptr<Shared> shared_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace
}  // namespace retort::engine

// What the program looks up: a graph of the current device, on the stream and pool of all others. The caller's.
extern "C" __attribute__((visibility("default"))) retort::engine::DeviceGraph* retort_cuda_graph() {
  static const auto shared = std::make_shared<retort::engine::Shared>();
  return new retort::engine::CudaGraph(shared);
}

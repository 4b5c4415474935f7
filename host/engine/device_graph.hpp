#pragma once

#include <functional>
#include <memory>

namespace retort::engine {

// The work that a function puts on a device, noted once and run again without the host: a CUDA graph.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;

  // Runs `work` on the stream that capture() will note it on; needed a few times before, so that libraries have
  // chosen their algorithms and autograd its streams.
  virtual void warm_up(const std::function<void()>& work) = 0;

  // Calls `work` once, noting what it puts on the device instead of running it. What `work` allocates stays allocated;
  // the tensors that it reads and writes are those of every replay. Throws c10::Error when `work` does what cannot be
  // noted.
  virtual void capture(const std::function<void()>& work) = 0;

  // Runs what was noted. Returns before it is done.
  virtual void replay() = 0;
};

// Makes graphs for the current device, all on one stream and from one pool of memory. Empty: this device has none.
using DeviceGraphFactory = std::function<std::unique_ptr<DeviceGraph>()>;

// Of the GPU: looked for in the library of CUDA code, lib/libretort_cuda.so beside the program's bin/. Empty when that
// is not there; find_device() must have found the GPU before.
DeviceGraphFactory cuda_graphs();

}  // namespace retort::engine

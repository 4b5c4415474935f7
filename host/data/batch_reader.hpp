#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <c10/core/Device.h>
#include <retort/dataset.hpp>

#include "stored_images.hpp"

namespace retort::data {

// Reads the batches of a streamed split ahead of their use, on threads of its own. Each image goes to its place in the
// batch, so that batches do not depend on which thread is faster. At its end what is being read is waited for, the rest
// dropped.
class BatchReader {
 public:
  struct Options {
    Shape image;               // {channels, height, width} of every image
    std::int64_t border = 0;   // that images are stored with
    std::int64_t threads = 1;  // at least 1
    c10::Device device{c10::kCPU};
  };

  // positions [samples] int64 on the CPU: where each sample stands in the split.
  BatchReader(std::shared_ptr<const StreamedSplit> split, at::Tensor positions, const Options& options);
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  // A batch that will be taken after those announced before: samples [N] int64 on the CPU. [step thread, as take()]
  void announce(const at::Tensor& samples);

  // The images of a batch, in its order, on the device. Announced batches in front of it are dropped; one that was not
  // announced is read now. The batch taken last can be taken again. Throws what reading an image threw; the copy to a
  // GPU runs on a stream of its own, ahead where the batch is ready, and the current stream waits for it.
  const StoredImages& take(const at::Tensor& samples);

 private:
  struct Job;

  std::shared_ptr<Job> make_job(const at::Tensor& samples) const;
  void wait_for(Job& job);
  void send(Job& job) const;
  void read_images();
  void read_image(Job& job, std::int64_t row) const;

  std::shared_ptr<const StreamedSplit> split_;
  at::Tensor positions_;
  Options options_;

  std::mutex mutex_;
  std::condition_variable work_;              // there is an image to read, or the end
  std::condition_variable done_;              // a batch is complete
  std::deque<std::shared_ptr<Job>> waiting_;  // in the order in which they will be taken
  bool stop_ = false;
  std::shared_ptr<Job> current_;  // the one taken last
  std::vector<std::thread> threads_;
};

}  // namespace retort::data

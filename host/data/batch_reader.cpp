#include "batch_reader.hpp"

#include <torch/types.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <retort/error.hpp>

namespace retort::data {

struct BatchReader::Job {
  at::Tensor samples;
  at::Tensor bytes;            // on the CPU; for a GPU in pinned memory
  std::int64_t next = 0;       // the first row that no thread has taken
  std::int64_t missing = 0;    // rows that are not done
  std::exception_ptr problem;  // of the first row that failed
  StoredImages images;         // on the device, once it is sent
  std::optional<c10::Event> arrived;

  bool sent() const { return images.bytes.defined(); }
};

BatchReader::BatchReader(std::shared_ptr<const StreamedSplit> split, at::Tensor positions, const Options& options)
    : split_(std::move(split)), positions_(std::move(positions)), options_(options) {
  for (std::int64_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { read_images(); });
}

BatchReader::~BatchReader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<BatchReader::Job> BatchReader::make_job(const at::Tensor& samples) const {
  auto job = std::make_shared<Job>();
  job->samples = samples;
  const Shape& image = options_.image;
  job->bytes = torch::zeros({samples.size(0), image[1] + 2 * options_.border, image[2] + 2 * options_.border, image[0]},
                            torch::TensorOptions().dtype(torch::kUInt8).pinned_memory(options_.device.is_cuda()));
  job->missing = samples.size(0);
  return job;
}

void BatchReader::announce(const at::Tensor& samples) {
  auto job = make_job(samples);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  work_.notify_all();
}

const StoredImages& BatchReader::take(const at::Tensor& samples) {
  if (current_ && current_->samples.equal(samples)) return current_->images;
  std::shared_ptr<Job> job, following;
  {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty() && !waiting_.front()->samples.equal(samples)) waiting_.pop_front();
    if (waiting_.empty()) waiting_.push_back(make_job(samples));
    job = waiting_.front();
  }
  work_.notify_all();
  wait_for(*job);
  send(*job);
  {
    const std::lock_guard lock(mutex_);
    waiting_.pop_front();
    if (!waiting_.empty() && waiting_.front()->missing == 0 && !waiting_.front()->problem) following = waiting_.front();
  }
  if (job->arrived) {
    const c10::impl::VirtualGuardImpl device(options_.device.type());
    const c10::Stream now = device.getStream(options_.device);
    job->arrived->block(now);
    job->images.bytes.record_stream(now);
    if (following) send(*following);
  }
  current_ = std::move(job);
  return current_->images;
}

void BatchReader::wait_for(Job& job) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return job.missing == 0; });
  if (!job.problem) return;
  const std::exception_ptr problem = job.problem;
  waiting_.clear();
  std::rethrow_exception(problem);
}

// To the device. A GPU's copy runs beside the step that is under way; the allocator of pinned memory keeps the source
// until it is done.
void BatchReader::send(Job& job) const {
  if (job.sent()) return;
  if (!options_.device.is_cuda()) {
    job.images = {job.bytes, options_.border};
    return;
  }
  const c10::impl::VirtualGuardImpl device(options_.device.type());
  const c10::StreamGuard beside(device.getStreamFromGlobalPool(options_.device));
  job.images = {job.bytes.to(options_.device, /*non_blocking=*/true), options_.border};
  job.arrived.emplace(options_.device.type());
  job.arrived->record(beside.current_stream());
}

// [reader threads]
void BatchReader::read_images() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                    [](const auto& job) { return job->next < job->samples.size(0); });
    if (found == waiting_.end()) {
      work_.wait(lock);
      continue;
    }
    const std::shared_ptr<Job> job = *found;
    const std::int64_t row = job->next++;
    std::exception_ptr problem;
    lock.unlock();
    try {
      read_image(*job, row);
    } catch (...) {
      problem = std::current_exception();
    }
    lock.lock();
    if (problem && !job->problem) job->problem = problem;
    if (--job->missing == 0) done_.notify_all();
  }
}

void BatchReader::read_image(Job& job, std::int64_t row) const {
  const std::int64_t sample = job.samples.const_data_ptr<std::int64_t>()[row];
  const std::int64_t position = positions_.const_data_ptr<std::int64_t>()[sample];
  const at::Tensor image = split_->image(position);
  const Shape& shape = options_.image;
  if (!image.defined() || image.scalar_type() != torch::kUInt8 || image.sizes() != at::IntArrayRef(shape)) {
    throw DataError("image " + std::to_string(position) + ": expected uint8 " + shape_text(shape) + ", found " +
                    (image.defined() ? c10::getDtypeNames(image.scalar_type()).first + " " + shape_text(image.sizes())
                                     : "no tensor"));
  }
  // By hand: LibTorch's copy would divide its work among threads, of which each reader would start its own.
  const std::int64_t channels = shape[0], width = shape[2];
  const auto* const in = image.const_data_ptr<std::uint8_t>();
  auto* out = job.bytes.data_ptr<std::uint8_t>() + row * job.bytes.stride(0) + options_.border * job.bytes.stride(1) +
              options_.border * channels;
  const bool in_rows = image.stride(0) == 1 && image.stride(2) == channels;
  for (std::int64_t y = 0; y < shape[1]; ++y, out += job.bytes.stride(1)) {
    const auto* const from = in + y * image.stride(1);
    if (in_rows) {
      std::memcpy(out, from, static_cast<std::size_t>(width * channels));
      continue;
    }
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t c = 0; c < channels; ++c)
        out[x * channels + c] = from[c * image.stride(0) + x * image.stride(2)];
    }
  }
}

}  // namespace retort::data

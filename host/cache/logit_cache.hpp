#pragma once

#include <functional>
#include <string>

#include <ATen/core/Tensor.h>

#include "logit_file.hpp"
#include "logit_key.hpp"

namespace retort::cache {

// A frozen teacher's logits of each view of each image, computed when they are first asked for and kept in a file that
// all runs with this teacher share. Exact up to the type of the entries: what has just been computed is rounded like
// what was read.
class LogitCache {
 public:
  struct Shape {
    std::int64_t images = 0;
    std::int64_t views = 1;  // of each image: data::Transforms::views()
    std::int64_t classes = 0;
    at::ScalarType type = at::kBFloat16;  // of the entries; or kFloat
  };

  // Samples, by what became of them; together they are all that logits() was asked for.
  struct Counts {
    std::int64_t hits = 0;
    std::int64_t misses = 0;  // the teacher computed them

    // The share of the teacher's work that was spared, 0 to 1.
    double spared() const;
  };

  // The teacher's logits [M, classes], of any type and device, of these rows of the batch: [M] int64 on the CPU,
  // ascending.
  using Compute = std::function<at::Tensor(const at::Tensor& rows)>;

  // Rows are computed by multiples of this, or the whole batch. Below a handful of rows LibTorch multiplies matrices in
  // another way, and the last bits of a row's logits depend on how many others are computed with it; and a model that
  // is recorded is so for each number of rows anew.
  static constexpr std::int64_t kRowsAtOnce = 32;

  // `folder` is made when it is missing. `warn` is told, once, when the file can no longer be written. Throws
  // CacheError.
  LogitCache(const std::filesystem::path& folder, LogitKey key, const Shape& shape,
             std::function<void(const std::string&)> warn);

  // entries [N] int64 on the CPU: image * views + view -> [N, classes] float32 on the CPU. `compute` is called once
  // when an entry is missing, else not at all; what it throws passes through. [one thread at a time]
  at::Tensor logits(const at::Tensor& entries, const Compute& compute);

  const Counts& counts() const { return counts_; }
  // The counts since the last call.
  Counts take_counts();
  const LogitFile& file() const { return file_; }

 private:
  // Fills the rows of `found` that the file has; which ones it has not, in their order.
  std::vector<std::int64_t> read(const at::Tensor& entries, const at::Tensor& found) const;
  void keep(const at::Tensor& entries, const std::vector<std::int64_t>& rows, const at::Tensor& values);

  Shape shape_;
  LogitFile file_;
  bool writing_;
  std::function<void(const std::string&)> warn_;
  Counts counts_;
  Counts taken_;
};

// The folder of caches unless the experiment names one: retort/logits in the user's cache folder (XDG_CACHE_HOME, or
// ~/.cache). Throws CacheError when there is no home.
std::filesystem::path default_folder();

}  // namespace retort::cache

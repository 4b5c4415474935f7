#include "logit_cache.hpp"

#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <retort/kernels/parallel.hpp>
#include <retort/shape.hpp>

namespace retort::cache {
namespace {

LogitFile::Layout layout_of(LogitKey key, const LogitCache::Shape& shape) {
  key.add("classes", std::to_string(shape.classes));
  key.add("type of the logits", c10::toString(shape.type));
  return {.key = key.hash(),
          .text = key.text(),
          .rows = shape.images * shape.views,
          .row_bytes = static_cast<std::size_t>(shape.classes) * c10::elementSize(shape.type)};
}

LogitFile open_file(const std::filesystem::path& folder, const LogitFile::Layout& layout) {
  return {folder / (layout.key + ".logits"), layout};
}

std::span<std::byte> bytes_of(const at::Tensor& table, std::int64_t row) {
  const auto size = static_cast<std::size_t>(table.size(1)) * table.element_size();
  return {static_cast<std::byte*>(table.data_ptr()) + static_cast<std::size_t>(row) * size, size};
}

// The missing rows, and as many others as fill them up to a multiple of kRowsAtOnce.
std::vector<std::int64_t> rows_to_compute(const std::vector<std::int64_t>& missing, std::int64_t size) {
  constexpr std::int64_t step = LogitCache::kRowsAtOnce;
  const auto least = static_cast<std::int64_t>(missing.size());
  std::int64_t others = std::min(size, (least + step - 1) / step * step) - least;
  if (others <= 0) return missing;
  std::vector<std::int64_t> rows;
  auto next = missing.begin();
  for (std::int64_t row = 0; row < size; ++row) {
    const bool is_missing = next != missing.end() && *next == row;
    if (is_missing) ++next;
    if (is_missing || others-- > 0) rows.push_back(row);
  }
  return rows;
}

}  // namespace

double LogitCache::Counts::spared() const {
  return hits + misses == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(hits + misses);
}

LogitCache::LogitCache(const std::filesystem::path& folder, LogitKey key, const Shape& shape,
                       std::function<void(const std::string&)> warn)
    : shape_(shape),
      file_(open_file(folder, layout_of(std::move(key), shape))),
      writing_(file_.writable()),
      warn_(std::move(warn)) {
  if (!writing_) warn_(file_.path().string() + ": cannot be written; the logits in it are used, no others are kept");
}

at::Tensor LogitCache::logits(const at::Tensor& entries, const Compute& compute) {
  const std::int64_t size = entries.size(0);
  const at::Tensor found = torch::empty({size, shape_.classes}, shape_.type);
  const std::vector<std::int64_t> missing = read(entries, found);
  std::int64_t computed = 0;
  if (!missing.empty()) {
    const std::vector<std::int64_t> rows = rows_to_compute(missing, size);
    computed = static_cast<std::int64_t>(rows.size());
    const at::Tensor index = torch::tensor(rows, torch::kInt64);
    const at::Tensor fresh = compute(index);
    if (fresh.sizes() != at::IntArrayRef({computed, shape_.classes})) {
      throw ShapeError("the teacher's logits must be " + shape_text({computed, shape_.classes}) + ", found " +
                       shape_text(fresh.sizes()));
    }
    // Rows that were computed for company only keep what the file says.
    const at::Tensor wanted = torch::isin(index, torch::tensor(missing, torch::kInt64)).nonzero().flatten();
    const at::Tensor values = fresh.detach().to(torch::kCPU).to(shape_.type).index_select(0, wanted).contiguous();
    found.index_copy_(0, index.index_select(0, wanted), values);
    keep(entries, missing, values);
  }
  counts_.misses += computed;
  counts_.hits += size - computed;
  return found.to(torch::kFloat);
}

std::vector<std::int64_t> LogitCache::read(const at::Tensor& entries, const at::Tensor& found) const {
  constexpr std::int64_t kRowsWorthAThread = 32;  // each is a system call
  const std::int64_t size = entries.size(0);
  const auto* const entry = entries.const_data_ptr<std::int64_t>();
  enum class State : char { Found, Missing, OnDisk };
  std::vector<State> states(static_cast<std::size_t>(size));
  const auto for_all_rows = [&](const auto& body) {
    kernels::parallel_parts(size, kernels::parts_of(size, kRowsWorthAThread),
                            [&](std::int64_t, std::int64_t begin, std::int64_t end) {
                              for (auto row = begin; row < end; ++row) body(row, states[static_cast<std::size_t>(row)]);
                            });
  };
  const auto state_of = [](bool is_there) { return is_there ? State::Found : State::Missing; };
  for_all_rows([&](std::int64_t row, State& state) {
    const std::optional<bool> there = file_.read_or_ask_for(entry[row], bytes_of(found, row));
    state = there ? state_of(*there) : State::OnDisk;
  });
  if (std::ranges::find(states, State::OnDisk) != states.end()) {
    for_all_rows([&](std::int64_t row, State& state) {
      if (state == State::OnDisk) state = state_of(file_.read(entry[row], bytes_of(found, row)));
    });
  }
  std::vector<std::int64_t> missing;
  for (std::int64_t row = 0; row < size; ++row) {
    if (states[static_cast<std::size_t>(row)] == State::Missing) missing.push_back(row);
  }
  return missing;
}

void LogitCache::keep(const at::Tensor& entries, const std::vector<std::int64_t>& rows, const at::Tensor& values) {
  const auto* const entry = entries.const_data_ptr<std::int64_t>();
  for (std::size_t i = 0; writing_ && i < rows.size(); ++i) {
    const int error = file_.write(entry[rows[i]], bytes_of(values, static_cast<std::int64_t>(i)));
    if (error == 0) continue;
    writing_ = false;
    warn_(file_.path().string() + ": cannot be written: " + std::generic_category().message(error) +
          "; the logits in it are used, no others are kept");
  }
}

LogitCache::Counts LogitCache::take_counts() {
  const Counts before = std::exchange(taken_, counts_);
  return {counts_.hits - before.hits, counts_.misses - before.misses};
}

std::filesystem::path default_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') {
    return std::filesystem::path(cache) / "retort" / "logits";
  }
  if (const char* home = std::getenv("HOME"); home && *home == '/') {
    return std::filesystem::path(home) / ".cache" / "retort" / "logits";
  }
  throw CacheError("there is no folder for caches: neither XDG_CACHE_HOME nor HOME is set");
}

}  // namespace retort::cache

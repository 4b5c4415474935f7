#pragma once

#include <filesystem>
#include <string>

#include <ATen/core/Tensor.h>

namespace retort::data {

// The training images whose label is not the data set's, in ascending order; all tensors are [M] int64 on the CPU.
struct LabelChanges {
  at::Tensor index;  // position in the data set's training split
  at::Tensor label;  // what training is told
  at::Tensor clean;  // what the data set says

  std::int64_t size() const { return index.size(0); }
  friend bool operator==(const LabelChanges& a, const LabelChanges& b);
};

// Where `changed` differs from `clean`; both [N] int64 on the CPU.
LabelChanges changes_between(const at::Tensor& clean, const at::Tensor& changed);

// `labels` [N] int64 on the CPU with the changes made. Throws DataError, naming `source`, when the labels are not those
// that the changes were made to.
at::Tensor with_changes(const at::Tensor& labels, const LabelChanges& changes, std::int64_t classes,
                        const std::string& source);

// CSV with the header index,label,clean_label.
std::string to_csv(const LabelChanges& changes);

// What to_csv() wrote. Throws DataError naming file and line.
LabelChanges read_label_changes(const std::filesystem::path& file);

}  // namespace retort::data

#include "label_changes.hpp"

#include <charconv>
#include <fstream>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include <retort/error.hpp>

namespace retort::data {
namespace {

constexpr const char* kHeader = "index,label,clean_label";

// Three whole numbers, separated by commas.
bool parse_line(std::string_view line, std::array<std::int64_t, 3>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), numbers[i]);
    if (error != std::errc() || numbers[i] < 0) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (i + 1 == numbers.size()) break;
    if (!line.starts_with(',')) return false;
    line.remove_prefix(1);
  }
  return line.empty();
}

}  // namespace

bool operator==(const LabelChanges& a, const LabelChanges& b) {
  return a.index.equal(b.index) && a.label.equal(b.label) && a.clean.equal(b.clean);
}

LabelChanges changes_between(const at::Tensor& clean, const at::Tensor& changed) {
  const at::Tensor index = clean.ne(changed).nonzero().flatten();
  return {index, changed.index_select(0, index), clean.index_select(0, index)};
}

at::Tensor with_changes(const at::Tensor& labels, const LabelChanges& changes, std::int64_t classes,
                        const std::string& source) {
  if (changes.size() == 0) return labels.clone();
  if (const auto last = changes.index.max().item<std::int64_t>(); last >= labels.size(0)) {
    throw DataError(source + " changes the label of image " + std::to_string(last) + ", but the training split has " +
                    std::to_string(labels.size(0)));
  }
  if (const auto label = changes.label.max().item<std::int64_t>(); label >= classes) {
    throw DataError(source + " gives the label " + std::to_string(label) + ", but the data set has " +
                    std::to_string(classes) + " classes");
  }
  const at::Tensor different = labels.index_select(0, changes.index).ne(changes.clean).nonzero();
  if (different.size(0) > 0) {
    const auto image = changes.index[different[0][0]].item<std::int64_t>();
    throw DataError(source + " was made for other data: image " + std::to_string(image) + " has the label " +
                    std::to_string(labels[image].item<std::int64_t>()) + ", the file says " +
                    std::to_string(changes.clean[different[0][0]].item<std::int64_t>()));
  }
  return labels.index_copy(0, changes.index, changes.label);
}

std::string to_csv(const LabelChanges& changes) {
  std::string text = std::string(kHeader) + "\n";
  const auto* const index = changes.index.data_ptr<std::int64_t>();
  const auto* const label = changes.label.data_ptr<std::int64_t>();
  const auto* const clean = changes.clean.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < changes.size(); ++i) {
    text += std::to_string(index[i]) + "," + std::to_string(label[i]) + "," + std::to_string(clean[i]) + "\n";
  }
  return text;
}

LabelChanges read_label_changes(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw DataError(file.string() + ": cannot be read");
  std::string line;
  const auto fail = [&](std::int64_t number, const std::string& expected) {
    throw DataError(file.string() + ":" + std::to_string(number) + ": expected " + expected + ", found \"" + line +
                    "\"");
  };
  if (!std::getline(stream, line) || line != kHeader) fail(1, std::string("the header \"") + kHeader + "\"");
  std::vector<std::int64_t> rows;
  std::array<std::int64_t, 3> numbers{};
  for (std::int64_t number = 2; std::getline(stream, line); ++number) {
    if (!parse_line(line, numbers)) fail(number, "three whole numbers");
    if (!rows.empty() && numbers[0] <= rows[rows.size() - 3]) fail(number, "a greater index than in the line before");
    rows.insert(rows.end(), numbers.begin(), numbers.end());
  }
  const at::Tensor table = torch::tensor(rows, torch::kInt64).view({-1, 3});
  return {table.select(1, 0).contiguous(), table.select(1, 1).contiguous(), table.select(1, 2).contiguous()};
}

}  // namespace retort::data

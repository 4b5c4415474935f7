#pragma once

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <c10/core/DispatchKeySet.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/util/hash.h>
#include <torch/types.h>

#include <retort/plugin.hpp>

// What the models of packages written by tools/python/export_teacher.py share: a package holds a frozen network with
// its weights, and says of itself which taps it hands out and which images it expects.
namespace retort::models {

using Metadata = std::map<std::string, std::string>;

// The entries that every package has.
inline constexpr const char* kMetadataKeys[] = {"retort_format", "retort_taps",      "retort_input_shape",
                                                "retort_mean",   "retort_deviation", "retort_device",
                                                "retort_dtype",  "retort_torch"};

struct PackageOptions {
  std::string package;
};

// "a,b" -> {"a", "b"}; "" -> {}
inline std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

template <class Number>
std::vector<Number> number_list(const std::filesystem::path& package, const std::string& key, const std::string& text) {
  std::vector<Number> numbers;
  for (const std::string& item : split_list(text)) {
    const auto result = std::from_chars(item.data(), item.data() + item.size(), numbers.emplace_back());
    if (result.ec != std::errc() || result.ptr != item.data() + item.size()) {
      throw DataError(package.string() + ": " + key + " should be a list of numbers, found '" + text + "'");
    }
  }
  return numbers;
}

// Throws DataError.
inline void check_exists(const std::filesystem::path& package) {
  std::error_code failure;
  if (std::filesystem::is_regular_file(package, failure)) return;
  throw DataError(package.string() + ": there is no such file; `package` must name one written by export_teacher.py");
}

// The file's SHA-1 as a tensor of hexadecimal digits; throws DataError when it cannot be read.
inline torch::Tensor file_digest(const std::filesystem::path& path) {
  check_exists(path);
  std::string content(std::filesystem::file_size(path), '\0');
  std::ifstream stream(path, std::ios::binary);
  if (!stream.read(content.data(), static_cast<std::streamsize>(content.size()))) {
    throw DataError(path.string() + ": cannot be read");
  }
  const std::string digest = c10::sha1(content).str();
  return torch::tensor(std::vector<std::int64_t>(digest.begin(), digest.end())).to(torch::kUInt8);
}

// A network that cannot be trained, only run: it has no parameters. All taps are computed whichever are asked for.
class ExportedTeacher : public Model {
 public:
  // Throws DataError when `metadata` is not what export_teacher.py writes.
  ExportedTeacher(std::filesystem::path package, const Metadata& metadata) : package_(std::move(package)) {
    const auto entry = [&](const char* key) {
      const auto found = metadata.find(key);
      if (found == metadata.end()) {
        throw DataError(package_.string() + ": it has no '" + key +
                        "'; was it written by tools/python/export_teacher.py?");
      }
      return found->second;
    };
    for (const char* key : kMetadataKeys) entry(key);
    if (const auto format = entry("retort_format"); format != "1") {
      throw DataError(package_.string() + ": expected format 1 of export_teacher.py, found '" + format + "'");
    }
    for (const std::string& name : split_list(entry("retort_taps"))) {
      taps_.push_back({name, "As the package names it."});
    }
    input_.shape = number_list<std::int64_t>(package_, "retort_input_shape", entry("retort_input_shape"));
    input_.mean = number_list<double>(package_, "retort_mean", entry("retort_mean"));
    input_.deviation = number_list<double>(package_, "retort_deviation", entry("retort_deviation"));
    if (taps_.empty() || input_.shape.size() != 3) {
      throw DataError(package_.string() + ": it names no taps, or its images are not channels, height and width");
    }
    // In the place of weights: what tells one teacher from another (guards, caches of its outputs) looks at tensors.
    register_buffer("package_sha1", file_digest(package_));
  }

  std::vector<TapInfo> taps() const override { return taps_; }
  InputSpec input() const override { return input_; }
  // What runs are no operators of LibTorch's that a record could hold.
  bool capture_safe() const override { return false; }

  Taps forward(const ModelInput& input, const TapRequest& request) override {
    const torch::NoGradGuard no_grad;
    // The package has chosen its types when it was exported.
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const std::vector<torch::Tensor> found = run(input.images.to(torch::kFloat).contiguous());
    if (found.size() != taps_.size()) {
      throw DataError(package_.string() + ": it names " + std::to_string(taps_.size()) + " taps and hands out " +
                      std::to_string(found.size()));
    }
    Taps taps(request);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (taps.put(taps_[i].name, found[i].to(input.images.device()))) break;
    }
    return taps;
  }

 protected:
  const std::filesystem::path& package() const { return package_; }

 private:
  // float32 images [N, C, H, W], contiguous -> every tap, in order, on any device.
  virtual std::vector<torch::Tensor> run(const torch::Tensor& images) = 0;

  std::filesystem::path package_;
  std::vector<TapInfo> taps_;
  InputSpec input_;
};

// The parameter that the host knows by its name: a relative path starts at the experiment's file, and such a teacher is
// not trained first.
inline Description<PackageOptions> describe_package(const std::string& name, const std::string& doc) {
  auto description = describe<PackageOptions>(name, "1.0.0");
  description.param(&PackageOptions::package, "package", doc).required();
  return description;
}

}  // namespace retort::models

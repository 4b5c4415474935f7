#include <retort/plugin.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <set>

#include <ATen/Functions.h>

#include "decode.hpp"

// Photographs in folders, one for each class, read while training goes on.
namespace {

namespace fs = std::filesystem;

bool is_image(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// What is directly in a folder, in the order of the names.
std::vector<fs::path> sorted(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
    paths.push_back(entry->path());
  }
  if (failure) throw retort::DataError(folder.string() + ": cannot be listed: " + failure.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The shorter side becomes `size`, and the middle is cut out: [3, size, size], a view of rows of pixels.
at::Tensor fitted(Picture picture, std::int64_t size) {
  const at::Tensor pixels = torch::tensor(picture.bytes, torch::kUInt8).view({picture.height, picture.width, 3});
  at::Tensor image = pixels.permute({2, 0, 1}).unsqueeze(0);  // channels last
  const auto shorter = static_cast<double>(std::min(picture.height, picture.width));
  const auto scaled = [&](std::int64_t side) {
    return std::max(size, static_cast<std::int64_t>(std::floor(static_cast<double>(side * size) / shorter)));
  };
  const std::int64_t height = scaled(picture.height), width = scaled(picture.width);
  if (height != picture.height || width != picture.width) {
    image = at::_upsample_bilinear2d_aa(image, {height, width}, /*align_corners=*/false);
  }
  const auto start = [size](std::int64_t side) { return static_cast<std::int64_t>(std::lround((side - size) / 2.0)); };
  return image.narrow(2, start(height), size).narrow(3, start(width), size).squeeze(0);
}

class Folder final : public retort::StreamedSplit {
 public:
  Folder(std::vector<fs::path> files, std::vector<std::int64_t> labels, std::int64_t size)
      : files_(std::move(files)), labels_(torch::tensor(labels, torch::kInt64)), size_(size) {}

  at::Tensor labels() const override { return labels_; }

  at::Tensor image(std::int64_t position) const override {
    return fitted(decode(files_[static_cast<std::size_t>(position)], size_), size_);
  }

 private:
  std::vector<fs::path> files_;
  at::Tensor labels_;
  std::int64_t size_;
};

}  // namespace

class ImageFolder final : public retort::Dataset {
 public:
  struct Options {
    std::string root;
    std::int64_t classes = 0;
    std::int64_t size = 0;
    std::string train = "train";
    std::string test = "val";
    std::vector<double> mean = {0.485, 0.456, 0.406};
    std::vector<double> deviation = {0.229, 0.224, 0.225};
  };

  explicit ImageFolder(const Options& options) : options_(options) {
    if (options.mean.size() != 3 || options.deviation.size() != 3) {
      throw retort::InvalidParameter("mean and deviation need three values each: red, green and blue");
    }
  }

  retort::DatasetInfo info() const override {
    return {.image = {3, options_.size, options_.size},
            .classes = options_.classes,
            .names = {},
            .mean = options_.mean,
            .deviation = options_.deviation};
  }

  std::shared_ptr<const retort::StreamedSplit> stream(retort::Split split) override {
    const fs::path folder = fs::path(options_.root) / (split == retort::Split::Train ? options_.train : options_.test);
    const std::vector<fs::path> classes = class_folders(options_.root, folder);
    std::vector<fs::path> files;
    std::vector<std::int64_t> labels;
    for (std::size_t label = 0; label < classes.size(); ++label) {
      for (const fs::path& file : sorted(classes[label])) {
        if (!is_image(file)) continue;
        files.push_back(file);
        labels.push_back(static_cast<std::int64_t>(label));
      }
    }
    if (files.empty())
      throw retort::DataError(folder.string() + ": there is no .jpg, .jpeg or .png file in its folders");
    return std::make_shared<Folder>(std::move(files), std::move(labels), options_.size);
  }

 private:
  std::vector<fs::path> class_folders(const fs::path& root, const fs::path& folder) const {
    if (!fs::is_directory(folder)) {
      throw retort::DataError(folder.string() + ": there is no such folder; `root` is " + root.string());
    }
    std::vector<fs::path> folders = sorted(folder);
    std::erase_if(folders, [](const fs::path& path) { return !fs::is_directory(path); });
    if (static_cast<std::int64_t>(folders.size()) != options_.classes) {
      throw retort::DataError(folder.string() + ": expected a folder for each of " + std::to_string(options_.classes) +
                              " classes, found " + std::to_string(folders.size()));
    }
    return folders;
  }

  Options options_;
};

RETORT_PLUGIN(
    ImageFolder,
    retort::describe<ImageFolder::Options>("image_folder", "1.0.0")
        .summary("JPEG and PNG files in folders named after their classes, read while training goes on: "
                 "root/train/<class>/*.jpg. Classes are numbered in the order of the folders' names.")
        .reference("The layout of ImageNet's copies (Russakovsky et al. 2015), as torchvision's ImageFolder reads it")
        .param(&ImageFolder::Options::root, "root", "Folder that holds the folders of the splits.")
        .required()
        .param(&ImageFolder::Options::classes, "classes", "Number of classes.", retort::Range::at_least(1))
        .required()
        .param(&ImageFolder::Options::size, "size",
               "Height and width of the images: the shorter side is scaled to it, the middle cut out.",
               retort::Range::at_least(1))
        .required()
        .param(&ImageFolder::Options::train, "train", "Folder of the training split.")
        .param(&ImageFolder::Options::test, "test", "Folder of the test split.")
        .param(&ImageFolder::Options::mean, "mean", "Mean of each channel, of images scaled to [0, 1]: ImageNet's.")
        .param(&ImageFolder::Options::deviation, "deviation", "Deviation of each channel, likewise.",
               retort::Range::greater_than(0)));

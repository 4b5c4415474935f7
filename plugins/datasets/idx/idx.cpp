#include <retort/plugin.hpp>

#include <cstdio>

#include "../compressed_file.hpp"

namespace {

// An IDX file of bytes: http://yann.lecun.com/exdb/mnist/ describes the layout. Big-endian throughout: two zero bytes,
// 0x08 for unsigned bytes, the rank, one 32-bit size a dimension, then the data.
struct IdxFile {
  std::vector<std::int64_t> sizes;
  std::string data;  // still with the header
  std::size_t header = 0;
};

std::uint32_t big_endian(const std::string& data, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(data[at + i]);
  return value;
}

IdxFile read_idx(const std::filesystem::path& path) {
  IdxFile file;
  file.data = read_compressed(path);
  if (file.data.size() < 4) throw retort::DataError(path.string() + ": too short for an IDX file");
  const std::uint32_t magic = big_endian(file.data, 0);
  const std::uint32_t rank = magic & 0xff;
  if (magic >> 8 != 0x08 || rank == 0) {
    char found[9];
    std::snprintf(found, sizeof found, "%08x", magic);
    throw retort::DataError(path.string() +
                            ": expected 000008 and a rank, as IDX files of unsigned bytes begin, found " + found);
  }
  file.header = 4 + 4 * rank;
  if (file.data.size() < file.header) throw retort::DataError(path.string() + ": ends within its header");
  for (std::uint32_t i = 0; i < rank; ++i) file.sizes.push_back(big_endian(file.data, 4 + 4 * i));
  return file;
}

// The data as a uint8 tensor of `shape`, whose first size is the file's own.
at::Tensor bytes_of(const IdxFile& file, const std::filesystem::path& path, std::vector<std::int64_t> shape) {
  std::size_t item = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) item *= static_cast<std::size_t>(shape[i]);
  const std::size_t found = file.data.size() - file.header;
  if (found % item != 0 || found / item != static_cast<std::size_t>(shape[0])) {
    throw retort::DataError(path.string() + ": expected " + retort::shape_text(file.sizes) +
                            " bytes after the header, found " + std::to_string(found));
  }
  at::Tensor result = torch::empty(shape, torch::kUInt8);
  std::copy(file.data.begin() + static_cast<std::ptrdiff_t>(file.header), file.data.end(),
            static_cast<char*>(result.mutable_data_ptr()));
  return result;
}

// The first of the names that exists in `root`, plain or compressed.
std::filesystem::path find_file(const std::filesystem::path& root, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const char* suffix : {"", ".gz"}) {
      if (const auto path = root / (name + suffix); std::filesystem::exists(path)) return path;
    }
  }
  std::string wanted;
  for (const std::string& name : names) wanted += (wanted.empty() ? "" : " or ") + name;
  throw retort::DataError(root.string() + ": expected a file " + wanted + ", plain or .gz, found none");
}

}  // namespace

// Sets in the layout of MNIST: MNIST, Fashion-MNIST, KMNIST, EMNIST once renamed, and colour sets in IDX files of rank
// 4
// ([N, channels, height, width]).
class Idx final : public retort::Dataset {
 public:
  struct Options {
    std::string root;
    std::int64_t classes = 10;
    std::vector<std::int64_t> image = {1, 28, 28};
    std::vector<double> mean = {0.1307};
    std::vector<double> deviation = {0.3081};
  };

  explicit Idx(const Options& options) : options_(options) {
    if (options.image.size() != 3) throw retort::InvalidParameter("image must be [channels, height, width]");
    const auto channels = static_cast<std::size_t>(options.image[0]);
    if (options.mean.size() != channels || options.deviation.size() != channels) {
      throw retort::InvalidParameter("mean and deviation need one value for each of the image's " +
                                     std::to_string(channels) + " channels, found " +
                                     std::to_string(options.mean.size()) + " and " +
                                     std::to_string(options.deviation.size()));
    }
  }

  retort::DatasetInfo info() const override {
    return {.image = options_.image,
            .classes = options_.classes,
            .names = {},
            .mean = options_.mean,
            .deviation = options_.deviation};
  }

  retort::ResidentSplit load(retort::Split split) override {
    const std::string prefix = split == retort::Split::Train ? "train" : "t10k";
    const auto images_path = find_file(options_.root, {prefix + "-images-idx3-ubyte", prefix + "-images-idx4-ubyte"});
    const auto labels_path = find_file(options_.root, {prefix + "-labels-idx1-ubyte"});
    at::Tensor images = read_images(images_path);
    at::Tensor labels = read_labels(labels_path);
    if (images.size(0) != labels.size(0)) {
      throw retort::DataError(labels_path.string() + ": expected a label for each of the " +
                              std::to_string(images.size(0)) + " images, found " + std::to_string(labels.size(0)));
    }
    return {.images = images, .labels = labels};
  }

 private:
  at::Tensor read_images(const std::filesystem::path& path) const {
    const IdxFile file = read_idx(path);
    retort::Shape image(file.sizes.begin() + 1, file.sizes.end());
    if (image.size() == 2) image.insert(image.begin(), 1);
    if (image != options_.image) {
      throw retort::DataError(path.string() + ": expected images of " + retort::shape_text(options_.image) +
                              " as `image` says, found " + retort::shape_text(image));
    }
    return bytes_of(file, path, {file.sizes[0], image[0], image[1], image[2]});
  }

  at::Tensor read_labels(const std::filesystem::path& path) const {
    const IdxFile file = read_idx(path);
    if (file.sizes.size() != 1) {
      throw retort::DataError(path.string() + ": expected labels, of rank 1, found rank " +
                              std::to_string(file.sizes.size()));
    }
    const at::Tensor labels = bytes_of(file, path, file.sizes).to(torch::kInt64);
    if (const at::Tensor wrong = (labels >= options_.classes).nonzero(); wrong.size(0) > 0) {
      const auto place = wrong[0].item<std::int64_t>();
      throw retort::DataError(path.string() + ": expected labels from 0 to " + std::to_string(options_.classes - 1) +
                              ", found " + std::to_string(labels[place].item<std::int64_t>()) + " at sample " +
                              std::to_string(place));
    }
    return labels;
  }

  Options options_;
};

RETORT_PLUGIN(Idx,
              retort::describe<Idx::Options>("idx", "1.0.0")
                  .summary("Image sets in the layout of MNIST: IDX files of images and labels, plain or compressed.")
                  .reference("LeCun, Cortes and Burges, The MNIST database of handwritten digits")
                  .param(&Idx::Options::root, "root",
                         "Folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                         "t10k-labels-idx1-ubyte, plain or .gz; idx4 for colour images.")
                  .required()
                  .param(&Idx::Options::classes, "classes", "Number of classes.", retort::Range{1, 256})
                  .param(&Idx::Options::image, "image", "Shape of an image: [channels, height, width].",
                         retort::Range{1, 65536})
                  .param(&Idx::Options::mean, "mean",
                         "Mean of each channel, of images scaled to [0, 1]; the default is MNIST's.")
                  .param(&Idx::Options::deviation, "deviation",
                         "Standard deviation of each channel, of images scaled to [0, 1]; the default is MNIST's.",
                         retort::Range::greater_than(0)));

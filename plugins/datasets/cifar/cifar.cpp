#include <retort/plugin.hpp>

#include <filesystem>
#include <fstream>

// CIFAR-10 and CIFAR-100 in their binary versions (https://www.cs.toronto.edu/~kriz/cifar.html): files of records, each
// one or two label bytes and 3,072 bytes of a 32x32 image as red, green and blue planes, row by row.
// A file may hold fewer records than the official one.
namespace {

constexpr std::int64_t kImageBytes = 3 * 32 * 32;

// A label byte: what messages call it, and the number of its classes.
struct LabelByte {
  const char* name;
  std::int64_t classes;
};

// The records of one file: [N, label bytes + 3072] uint8.
at::Tensor read_records(const std::filesystem::path& path, const std::vector<LabelByte>& labels) {
  const auto record = static_cast<std::int64_t>(labels.size()) + kImageBytes;
  if (!std::filesystem::is_regular_file(path)) {
    throw retort::DataError(path.string() + ": there is no such file; `root` must name the folder that holds it");
  }
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
  if (size == 0 || size % record != 0) {
    throw retort::DataError(path.string() + ": expected a whole number of records of " + std::to_string(record) +
                            " bytes, found " + std::to_string(size) + " bytes");
  }
  at::Tensor records = torch::empty({size / record, record}, torch::kUInt8);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(records.mutable_data_ptr()), size)) {
    throw retort::DataError(path.string() + ": expected to read " + std::to_string(size) + " bytes, found " +
                            std::to_string(file.gcount()));
  }
  return records;
}

void check_labels(const std::filesystem::path& path, const at::Tensor& records, const std::vector<LabelByte>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const at::Tensor column = records.select(1, static_cast<std::int64_t>(i));
    const at::Tensor wrong = (column >= labels[i].classes).nonzero();
    if (wrong.size(0) == 0) continue;
    const auto place = wrong[0].item<std::int64_t>();
    throw retort::DataError(path.string() + ": expected " + labels[i].name + "s from 0 to " +
                            std::to_string(labels[i].classes - 1) + ", found " +
                            std::to_string(column[place].item<std::int64_t>()) + " in record " + std::to_string(place));
  }
}

// The files one after the other; the label is byte `label` of each record.
retort::ResidentSplit read_split(const std::filesystem::path& root, const std::vector<std::string>& files,
                                 const std::vector<LabelByte>& labels, std::int64_t label) {
  std::vector<at::Tensor> images, targets;
  for (const std::string& file : files) {
    const at::Tensor records = read_records(root / file, labels);
    check_labels(root / file, records, labels);
    images.push_back(records.slice(1, static_cast<std::int64_t>(labels.size())));
    targets.push_back(records.select(1, label));
  }
  return {.images = torch::cat(images).view({-1, 3, 32, 32}), .labels = torch::cat(targets).to(torch::kInt64)};
}

const std::vector<std::string> kClasses10{"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};

const std::vector<std::string> kFineClasses100{
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm"};

const std::vector<std::string> kCoarseClasses100{"aquatic_mammals",
                                                 "fish",
                                                 "flowers",
                                                 "food_containers",
                                                 "fruit_and_vegetables",
                                                 "household_electrical_devices",
                                                 "household_furniture",
                                                 "insects",
                                                 "large_carnivores",
                                                 "large_man-made_outdoor_things",
                                                 "large_natural_outdoor_scenes",
                                                 "large_omnivores_and_herbivores",
                                                 "medium_mammals",
                                                 "non-insect_invertebrates",
                                                 "people",
                                                 "reptiles",
                                                 "small_mammals",
                                                 "trees",
                                                 "vehicles_1",
                                                 "vehicles_2"};

}  // namespace

class Cifar10 final : public retort::Dataset {
 public:
  struct Options {
    std::string root;
  };

  explicit Cifar10(const Options& options) : root_(options.root) {}

  // Mean and deviation over the 50,000 training images of a JPEG copy of the set, to four digits. For the original
  // files 0.4914 0.4822 0.4465 and 0.2470 0.2435 0.2616 are in common use.
  retort::DatasetInfo info() const override {
    return {.image = {3, 32, 32},
            .classes = 10,
            .names = kClasses10,
            .mean = {0.4913, 0.4821, 0.4465},
            .deviation = {0.2452, 0.2428, 0.2606}};
  }

  retort::ResidentSplit load(retort::Split split) override {
    const std::vector<std::string> train{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                                         "data_batch_5.bin"};
    const std::vector<std::string> test{"test_batch.bin"};
    return read_split(root_, split == retort::Split::Train ? train : test, {{"label", 10}}, 0);
  }

 private:
  std::filesystem::path root_;
};

class Cifar100 final : public retort::Dataset {
 public:
  enum class Labels { Fine, Coarse };
  struct Options {
    std::string root;
    Labels labels = Labels::Fine;
  };

  explicit Cifar100(const Options& options) : root_(options.root), fine_(options.labels == Labels::Fine) {}

  // Mean and deviation as in RepDistiller, dataset/cifar100.py.
  retort::DatasetInfo info() const override {
    return {.image = {3, 32, 32},
            .classes = fine_ ? 100 : 20,
            .names = fine_ ? kFineClasses100 : kCoarseClasses100,
            .mean = {0.5071, 0.4867, 0.4408},
            .deviation = {0.2675, 0.2565, 0.2761}};
  }

  retort::ResidentSplit load(retort::Split split) override {
    return read_split(root_, {split == retort::Split::Train ? "train.bin" : "test.bin"},
                      {{"coarse label", 20}, {"fine label", 100}}, fine_ ? 1 : 0);
  }

 private:
  std::filesystem::path root_;
  bool fine_;
};

RETORT_PLUGIN_COMPONENTS(
    retort::component<Cifar10>(
        retort::describe<Cifar10::Options>("cifar10", "1.0.0")
            .summary("CIFAR-10: colour photographs of 32x32 pixels in 10 classes, 50,000 train, 10,000 test.")
            .reference("Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images")
            .param(&Cifar10::Options::root, "root",
                   "Folder with the binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin.")
            .required()),
    retort::component<Cifar100>(
        retort::describe<Cifar100::Options>("cifar100", "1.0.0")
            .summary("CIFAR-100: colour photographs of 32x32 pixels in 100 classes, 50,000 train, 10,000 test.")
            .reference("Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images")
            .param(&Cifar100::Options::root, "root", "Folder with the binary version: train.bin and test.bin.")
            .required()
            .param(&Cifar100::Options::labels, "labels", "The 100 classes, or the 20 groups that they form.",
                   {{"fine", Cifar100::Labels::Fine}, {"coarse", Cifar100::Labels::Coarse}})));

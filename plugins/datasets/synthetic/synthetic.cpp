#include <retort/plugin.hpp>

#include <ATen/CPUGeneratorImpl.h>

// Random images with labels that can be learnt: each class has a smooth random pattern, and an image is its class's
// pattern plus white noise. Both splits share the patterns; sample i is of class i mod classes.
//
// Values are mean 0.5 and deviation 0.16 whatever the noise, so that clipping to [0, 1] (at 3.1 deviations) is rare.
class Synthetic final : public retort::Dataset {
 public:
  struct Options {
    std::int64_t classes = 10;
    std::vector<std::int64_t> image = {3, 32, 32};
    std::int64_t train = 2000;
    std::int64_t test = 500;
    double noise = 1.0;
    std::int64_t seed = 0;
  };

  explicit Synthetic(const Options& options) : options_(options) {
    if (options.image.size() != 3) throw retort::InvalidParameter("image must be [channels, height, width]");
  }

  retort::DatasetInfo info() const override {
    const auto channels = static_cast<std::size_t>(options_.image[0]);
    return {.image = options_.image,
            .classes = options_.classes,
            .names = {},
            .mean = std::vector<double>(channels, kMean),
            .deviation = std::vector<double>(channels, kDeviation)};
  }

  retort::ResidentSplit load(retort::Split split) override {
    const bool train = split == retort::Split::Train;
    const std::int64_t size = train ? options_.train : options_.test;
    const at::Tensor patterns = class_patterns();
    at::Tensor labels = torch::arange(size, torch::kInt64).remainder_(options_.classes);
    at::Generator generator = generator_of(train ? 1 : 2);
    std::vector<at::Tensor> images;
    for (const at::Tensor& some : labels.split(kImagesAtOnce)) {
      const at::Tensor clean = patterns.index_select(0, some);
      const at::Tensor noisy = clean + torch::randn(clean.sizes(), generator) * options_.noise;
      images.push_back(to_bytes(noisy));
    }
    return {.images = torch::cat(images), .labels = labels};
  }

 private:
  static constexpr double kMean = 0.5, kDeviation = 0.16;
  static constexpr std::int64_t kCoarse = 4;           // a pattern's side before it is enlarged
  static constexpr std::int64_t kImagesAtOnce = 1000;  // bounds the memory that floats take

  // `part` keeps the patterns and the noise of the two splits independent.
  at::Generator generator_of(std::uint64_t part) const {
    return at::detail::createCPUGenerator(static_cast<std::uint64_t>(options_.seed) * 3 + part);
  }

  // [classes, C, H, W] float; each channel has mean 0 and deviation 1 over all classes.
  at::Tensor class_patterns() const {
    at::Generator generator = generator_of(0);
    const std::vector<std::int64_t> size{options_.image[1], options_.image[2]};
    const at::Tensor coarse = torch::randn({options_.classes, options_.image[0], kCoarse, kCoarse}, generator);
    const at::Tensor patterns = at::upsample_bilinear2d(coarse, size, false);
    const at::Tensor centred = patterns - patterns.mean({0, 2, 3}, true);
    return centred / centred.square().mean({0, 2, 3}, true).sqrt();
  }

  at::Tensor to_bytes(const at::Tensor& values) const {
    const double contrast = kDeviation / std::sqrt(1 + options_.noise * options_.noise);
    return (values * contrast + kMean).clamp_(0, 1).mul_(255).round_().to(torch::kUInt8);
  }

  Options options_;
};

RETORT_PLUGIN(Synthetic,
              retort::describe<Synthetic::Options>("synthetic", "1.0.0")
                  .summary("Random images with labels that can be learnt: a smooth pattern for each class, plus noise.")
                  .param(&Synthetic::Options::classes, "classes", "Number of classes.", retort::Range::at_least(1))
                  .param(&Synthetic::Options::image, "image", "Shape of an image: [channels, height, width].",
                         retort::Range{1, 65536})
                  .param(&Synthetic::Options::train, "train", "Images of the train split.", retort::Range::at_least(1))
                  .param(&Synthetic::Options::test, "test", "Images of the test split.", retort::Range::at_least(1))
                  .param(&Synthetic::Options::noise, "noise",
                         "Deviation of the noise, relative to that of the patterns.", retort::Range::at_least(0))
                  .param(&Synthetic::Options::seed, "seed", "Fixes patterns and noise.", retort::Range::at_least(0)));

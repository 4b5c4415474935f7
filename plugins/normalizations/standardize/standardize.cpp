#include <numeric>

#include <retort/plugin.hpp>

struct Options {
  bool unbiased = true;
  double eps = 1e-7;
};

// (x - mean) / (deviation + eps) over all values of a sample: of a vector [C], of all tokens [T, C] together, of a
// whole feature map [C, H, W]. The deviation divides by one less than the number of values when unbiased.
class Standardize final : public retort::Normalization {
 public:
  Standardize(const retort::Shape& shape, const Options& options) : options_(options), dimensions_(shape.size()) {
    std::iota(dimensions_.begin(), dimensions_.end(), 1);
    if (std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()) < 2) {
      throw retort::ShapeError("standardize takes samples of two values or more, found " + retort::shape_text(shape));
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    const auto mean = features.mean(dimensions_, /*keepdim=*/true);
    const auto deviation = features.std(dimensions_, options_.unbiased, /*keepdim=*/true);
    return (features - mean) / (deviation + options_.eps);
  }

 private:
  Options options_;
  std::vector<std::int64_t> dimensions_;
};

RETORT_PLUGIN(
    Standardize,
    retort::describe<Options>("standardize", "1.0.0")
        .summary("Zero mean and unit deviation over all values of a sample: its own statistics, in training and in "
                 "evaluation. Of logits, their Z-score.")
        .reference("Sun et al. 2024, Logit Standardization in Knowledge Distillation")
        .param(&Options::unbiased, "unbiased", "Divide by one less than the number of values, as the publication does.")
        .param(&Options::eps, "eps", "Added to the deviation.", retort::Range::at_least(0)));

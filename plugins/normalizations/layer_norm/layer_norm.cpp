#include <retort/plugin.hpp>

struct Options {
  double eps = 1e-5;
};

// (x - mean) / sqrt(variance + eps) over all values of a sample; over the channels of each token when the features are
// tokens [T, C].
class LayerNorm final : public retort::Normalization {
 public:
  LayerNorm(const retort::Shape& shape, const Options& options)
      : options_(options), normalized_(shape.size() == 2 ? retort::Shape{shape.back()} : shape) {
    if (shape.empty()) throw retort::ShapeError("layer_norm takes at least one dimension beside the batch");
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    return torch::layer_norm(features, normalized_, {}, {}, options_.eps);
  }

 private:
  Options options_;
  retort::Shape normalized_;
};

RETORT_PLUGIN(
    LayerNorm,
    retort::describe<Options>("layer_norm", "1.0.0")
        .summary(
            "Zero mean and unit variance of each sample (of each token), without scale or shift: its own statistics, "
            "in training and in evaluation.")
        .reference("Ba, Kiros and Hinton 2016, Layer Normalization")
        .param(&Options::eps, "eps", "Added to the variance.", retort::Range::at_least(0)));

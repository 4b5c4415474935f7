#include <retort/plugin.hpp>

struct Options {
  double eps = 1e-4;
};

// (x - mean) / sqrt(variance + eps) per channel, over the batch (and the positions of a map) that is passed in.
class BatchNorm final : public retort::Normalization {
 public:
  BatchNorm(const retort::Shape& shape, const Options& options) : options_(options) {
    if (shape.size() != 1 && shape.size() != 3) {
      throw retort::ShapeError("batch_norm takes vectors [C] or feature maps [C, H, W], found " +
                               retort::shape_text(shape) + "; layer_norm and l2 take tokens");
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    return torch::batch_norm(features, {}, {}, {}, {}, /*training=*/true, /*momentum=*/0.0, options_.eps,
                             /*cudnn_enabled=*/true);
  }

 private:
  Options options_;
};

RETORT_PLUGIN(
    BatchNorm,
    retort::describe<Options>("batch_norm", "1.0.0")
        .summary("Zero mean and unit variance per channel, without scale or shift: statistics of the batch at hand, in "
                 "training and in evaluation; none are kept.")
        .reference("Miles and Mikolajczyk 2024, Understanding the Role of the Projector in Knowledge Distillation")
        .param(&Options::eps, "eps", "Added to the variance.", retort::Range::at_least(0)));

#include <retort/plugin.hpp>

struct Options {
  double eps = 1e-12;
};

// x / max(|x|, eps), |x| the Euclidean length over the channels: the one dimension of a vector [C], the last of tokens
// [T, C], the first of a feature map [C, H, W].
class L2 final : public retort::Normalization {
 public:
  L2(const retort::Shape& shape, const Options& options) : options_(options), channels_(shape.size() == 2 ? 2 : 1) {
    if (shape.empty() || shape.size() > 3) {
      throw retort::ShapeError("l2 takes vectors [C], tokens [T, C] or feature maps [C, H, W], found " +
                               retort::shape_text(shape));
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    const auto length = torch::linalg_vector_norm(features, 2, channels_, /*keepdim=*/true);
    return features / length.clamp_min(options_.eps);
  }

 private:
  Options options_;
  std::int64_t channels_;
};

RETORT_PLUGIN(
    L2, retort::describe<Options>("l2", "1.0.0")
            .summary("Unit Euclidean length over the channels: each sample (token, position) alone, in training and in "
                     "evaluation.")
            .param(&Options::eps, "eps", "The smallest length that is divided by.", retort::Range::greater_than(0)));

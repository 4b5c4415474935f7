#include <torch/nn/modules/conv.h>

#include <retort/plugin.hpp>

struct Options {
  bool bias = true;
};

namespace {

// A vector [C] is a map [C, 1, 1].
retort::Shape as_map(const retort::Shape& shape, const retort::ProjectorShapes& shapes) {
  if (shape.size() == 3) return shape;
  if (shape.size() == 1) return {shape[0], 1, 1};
  throw retort::ShapeError("the adapter projector joins feature maps [C, H, W] and vectors [C], found " +
                           retort::shape_text(shapes.in) + " and " + retort::shape_text(shapes.out) +
                           "; the linear projector joins tokens of equal count");
}

}  // namespace

// Feature maps [N, C, H, W] or vectors [N, C] to maps [N, C', H', W'] or vectors [N, C'], any sizes:
//   channels   one trained 1x1 convolution, also where C = C'
//   positions  adaptive average pooling where a side shrinks, bilinear interpolation (corners not aligned) where it
//              grows, nothing where it stays; of a map to a vector, this is global average pooling, of a vector to a
//              map the same values at every position
// The two commute, since both kinds of resizing average positions: the convolution runs where there are fewest.
class Adapter final : public retort::Projector {
 public:
  Adapter(const retort::ProjectorShapes& shapes, const Options& options) : vector_(shapes.out.size() == 1) {
    const retort::Shape from = as_map(shapes.in, shapes);
    to_ = as_map(shapes.out, shapes);
    pooled_ = {std::min(from[1], to_[1]), std::min(from[2], to_[2])};
    conv_ = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(from[0], to_[0], 1).bias(options.bias)));
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    torch::Tensor x = features.dim() == 2 ? features.unsqueeze(2).unsqueeze(3) : features;
    if (x.size(2) != pooled_[0] || x.size(3) != pooled_[1]) x = torch::adaptive_avg_pool2d(x, pooled_);
    x = conv_(x);
    if (vector_) return x.flatten(1);
    if (x.size(2) == to_[1] && x.size(3) == to_[2]) return x;
    return torch::upsample_bilinear2d(x, {to_[1], to_[2]}, /*align_corners=*/false);
  }

 private:
  bool vector_;
  retort::Shape to_;
  std::vector<std::int64_t> pooled_;
  torch::nn::Conv2d conv_ = nullptr;
};

RETORT_PLUGIN(
    Adapter,
    retort::describe<Options>("adapter", "1.0.0")
        .summary("A trained 1x1 convolution for the channels, with average pooling where a side of the map shrinks and "
                 "bilinear interpolation where it grows; between a map and a vector, global pooling.")
        .param(&Options::bias, "bias", "Add a trained bias."));

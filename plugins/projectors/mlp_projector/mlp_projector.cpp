#include "../layers.hpp"

// Linear layers with an activation between each two, over the last dimension of vectors [N, C] or tokens [N, T, C].
class Mlp final : public retort::Projector {
 public:
  Mlp(const retort::ProjectorShapes& shapes, const LayerOptions& options)
      : layers_(register_module("layers", make_mlp(LastDimension(shapes, "mlp"), options))) {}

  torch::Tensor forward(const torch::Tensor& features) override { return layers_(features); }

 private:
  Layers layers_;
};

RETORT_PLUGIN(
    Mlp, with_layers(retort::describe<LayerOptions>("mlp", "1.1.0")
                         .summary("Trained linear layers with an activation between them, over the last dimension of "
                                  "vectors or tokens.")
                         .reference("the 512-2048-512 projector of Miles and Mikolajczyk 2024, Understanding the Role "
                                    "of the Projector in Knowledge Distillation")));

#include <retort/plugin.hpp>

// Hands the features on as they are.
class Identity final : public retort::Projector {
 public:
  explicit Identity(const retort::ProjectorShapes& shapes) {
    if (shapes.in != shapes.out) {
      throw retort::ShapeError("the identity projector joins features of equal shape, found " +
                               retort::shape_text(shapes.in) + " and " + retort::shape_text(shapes.out) +
                               "; the linear projector joins vectors of different widths");
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override { return features; }
};

RETORT_PLUGIN(Identity, retort::describe<retort::NoOptions>("identity", "1.0.0")
                            .summary("No projection: both sides must have one shape already."));

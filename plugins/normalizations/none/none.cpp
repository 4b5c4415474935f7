#include <retort/plugin.hpp>

// Hands the features on as they are.
class None final : public retort::Normalization {
 public:
  explicit None(const retort::Shape&) {}

  torch::Tensor forward(const torch::Tensor& features) override { return features; }
};

RETORT_PLUGIN(None,
              retort::describe<retort::NoOptions>("none", "1.0.0").summary("No normalization; uses no statistics."));

#include "../layers.hpp"

enum class Member { Linear, Mlp };

struct Options : LayerOptions {
  Member kind = Member::Linear;
  std::int64_t size = 3;
  bool relu = false;
};

// (1/n) sum_i P_i(z), or (1/n) sum_i relu(P_i(z)), for n projectors of one kind, each with its own initial weights.
// Vectors [N, C] or tokens [N, T, C].
class Ensemble final : public retort::Projector {
 public:
  Ensemble(const retort::ProjectorShapes& shapes, const Options& options) : relu_(options.relu) {
    const LastDimension width(shapes, "ensemble");
    for (std::int64_t i = 0; i < options.size; ++i) {
      members_.push_back(register_module("projector" + std::to_string(i + 1), make_member(width, options)));
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    torch::Tensor sum;
    for (Layers& member : members_) {
      const torch::Tensor projected = relu_ ? torch::relu(member(features)) : member(features);
      sum = sum.defined() ? sum + projected : projected;
    }
    return sum / static_cast<double>(members_.size());
  }

 private:
  static Layers make_member(const LastDimension& width, const Options& options) {
    if (options.kind == Member::Mlp) return make_mlp(width, options);
    if (options.hidden || options.depth || options.width) {
      throw retort::InvalidParameter("hidden, depth and width belong to kind = \"mlp\": a linear member has one layer");
    }
    return Layers(std::vector<std::int64_t>{width.in, width.out}, options.activation, options.bias);
  }

  bool relu_;
  std::vector<Layers> members_;
};

RETORT_PLUGIN(
    Ensemble,
    with_layers(
        retort::describe<Options>("ensemble", "1.0.0")
            .summary("The mean of several trained projectors of one kind, over the last dimension of vectors or "
                     "tokens.")
            .reference("Chen et al. 2022, Improved Feature Distillation via Projector Ensemble (there: linear, size 3, "
                       "relu)")
            .param(&Options::kind, "kind", "What the ensemble consists of.",
                   {{"linear", Member::Linear}, {"mlp", Member::Mlp}})
            .param(&Options::size, "size", "Number of projectors.", retort::Range::at_least(1))
            .param(&Options::relu, "relu", "Cut off each projection's negative values before the mean is taken.")));

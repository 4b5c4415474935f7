#include <retort/plugin.hpp>

struct Options {
  double weight = 2;
};

// Its parameter has the name of a key of the host's.
class Shadowed final : public retort::Loss {
 public:
  explicit Shadowed(const Options& options) : options_(options) {}
  torch::Tensor forward(const retort::LossInputs& in) override {
    return in.student.single().square().mean() * options_.weight;
  }

 private:
  Options options_;
};

RETORT_PLUGIN(Shadowed, retort::describe<Options>("shadowed", "1.0.0")
                            .summary("A loss with a parameter that nobody can set.")
                            .param(&Options::weight, "weight", "Never read."));

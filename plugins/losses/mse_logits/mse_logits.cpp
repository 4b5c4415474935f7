#include <retort/plugin.hpp>

// mean over batch and classes of (s - t)^2, for logits s and t of one shape; no temperature, no factor 1/2.
class MseLogits final : public retort::Loss {
 public:
  torch::Tensor forward(const retort::LossInputs& in) override {
    retort::check_same_shape(in.student.single(), in.teacher.single(), "student and teacher logits");
    return torch::mse_loss(in.student.single(), in.teacher.single());
  }
};

RETORT_PLUGIN(
    MseLogits,
    retort::describe<retort::NoOptions>("mse_logits", "1.0.0")
        .summary("Mean squared difference of the student's and the teacher's logits, mean over batch and classes.")
        .reference("Kim et al. 2021, Comparing Kullback-Leibler Divergence and Mean Squared Error Loss in Knowledge "
                   "Distillation"));

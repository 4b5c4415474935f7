#include <retort/plugin.hpp>

struct Options {
  double beta = 1.0;
};

// mean over batch and classes of d^2 / (2 beta) where |d| < beta and |d| - beta / 2 elsewhere, d = s - t, for logits s
// and t of one shape.
class SmoothL1Logits final : public retort::Loss {
 public:
  explicit SmoothL1Logits(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    return torch::smooth_l1_loss(student, teacher, at::Reduction::Mean, options_.beta);
  }

 private:
  Options options_;
};

RETORT_PLUGIN(
    SmoothL1Logits,
    retort::describe<Options>("smooth_l1_logits", "1.0.0")
        .summary("Smooth L1 distance of the student's logits from the teacher's, mean over batch and classes.")
        .reference("Girshick 2015, Fast R-CNN, equation 3; on logits: the code of Kim et al. 2021")
        .param(&Options::beta, "beta", "Where the distance turns from square to linear; 0: linear everywhere.",
               retort::Range::at_least(0)));

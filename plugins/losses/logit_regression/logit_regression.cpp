#include <retort/plugin.hpp>

// (1/2) ||s - t||^2, sum over classes, mean over the batch, for logits s and t [N, ..., K]: K / 2 times mse_logits for
// [N, K].
class LogitRegression final : public retort::Loss {
 public:
  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    return torch::mse_loss(student, teacher, at::Reduction::Sum) / (2 * student.size(0));
  }
};

RETORT_PLUGIN(LogitRegression,
              retort::describe<retort::NoOptions>("logit_regression", "1.0.0")
                  .summary("Half the squared distance of the student's logits from the teacher's, sum over classes, "
                           "mean over the batch.")
                  .reference("Ba and Caruana 2014, Do Deep Nets Really Need to be Deep?"));

#include <retort/plugin.hpp>

struct Options {
  bool centered = false;
};

// mean over batch and classes of (s - t)^2, for logits s and t [N, ..., K]; no temperature, no factor 1/2. Centred,
// each sample's mean over the classes is taken from s and from t first: what is left is twice kl_divergence at
// temperature inf.
class MseLogits final : public retort::Loss {
 public:
  explicit MseLogits(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    if (!options_.centered) return torch::mse_loss(student, teacher);
    return torch::mse_loss(centred(student), centred(teacher));
  }

 private:
  static torch::Tensor centred(const torch::Tensor& logits) { return logits - logits.mean(-1, /*keepdim=*/true); }

  Options options_;
};

RETORT_PLUGIN(
    MseLogits,
    retort::describe<Options>("mse_logits", "1.1.0")
        .summary("Mean squared difference of the student's and the teacher's logits, mean over batch and classes.")
        .reference("Kim et al. 2021, Comparing Kullback-Leibler Divergence and Mean Squared Error Loss in Knowledge "
                   "Distillation")
        .param(&Options::centered, "centered", "Take each sample's mean from its logits first, on both sides."));

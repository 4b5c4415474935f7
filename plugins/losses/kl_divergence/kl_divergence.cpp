#include <retort/plugin.hpp>

struct Options {
  double temperature = 4.0;
  bool scale_by_t2 = true;
};

// T^2 KL(softmax(t / T) || softmax(s / T)), sum over classes, mean over the batch, for logits s and t [N, ..., K].
class KlDivergence final : public retort::Loss {
 public:
  explicit KlDivergence(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    const double t = options_.temperature;
    const auto log_q = torch::log_softmax(student / t, -1);
    const auto log_p = torch::log_softmax(teacher / t, -1);
    const auto divergence = torch::kl_div(log_q, log_p, at::Reduction::Sum, /*log_target=*/true) / student.size(0);
    return options_.scale_by_t2 ? divergence * (t * t) : divergence;
  }

 private:
  Options options_;
};

RETORT_PLUGIN(KlDivergence,
              retort::describe<Options>("kl_divergence", "1.0.0")
                  .summary("KL divergence of the student's softened class probabilities from the teacher's.")
                  .reference("Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network, section 2")
                  .param(&Options::temperature, "temperature", "Softmax temperature T of both sides.",
                         retort::Range::greater_than(0))
                  .param(&Options::scale_by_t2, "scale_by_t2",
                         "Multiply by T^2, so that gradients keep their scale as T changes."));

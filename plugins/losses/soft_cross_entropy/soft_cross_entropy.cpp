#include "../reduction.hpp"

struct Options {
  double temperature = 4.0;
  bool scale_by_t2 = true;
  Reduction reduction = Reduction::BatchMean;
};

// -T^2 sum_k p_k log q_k with p = softmax(t / T) and q = softmax(s / T), for logits s and t [N, ..., K]. It exceeds
// kl_divergence by T^2 times the entropy of p, which no gradient sees.
class SoftCrossEntropy final : public retort::Loss {
 public:
  explicit SoftCrossEntropy(const Options& options) : options_(options) {}

  void set_temperature(double temperature) { options_.temperature = temperature; }

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    const double t = options_.temperature;
    const auto sum = -(torch::softmax(teacher / t, -1) * torch::log_softmax(student / t, -1)).sum();
    const auto value = reduce(sum, student, options_.reduction);
    return options_.scale_by_t2 ? value * (t * t) : value;
  }

 private:
  Options options_;
};

RETORT_PLUGIN(SoftCrossEntropy,
              retort::describe<Options>("soft_cross_entropy", "1.0.0")
                  .summary("Cross-entropy of the student's softened class probabilities with the teacher's.")
                  .reference("Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network, section 2")
                  .param(&Options::temperature, "temperature", "Softmax temperature T of both sides.",
                         retort::Range::greater_than(0))
                  .scheduled(&SoftCrossEntropy::set_temperature)
                  .param(&Options::scale_by_t2, "scale_by_t2",
                         "Multiply by T^2, so that gradients keep their scale as T changes.")
                  .param(&Options::reduction, "reduction",
                         "batchmean: sum over classes, mean over the batch; sum: over both; mean: over both.",
                         kReductions));

#include <retort/plugin.hpp>

#include "../softmax_kernels/softmax_objective.hpp"

struct Options {
  double temperature = 4.0;
  double soft_weight = 0.9;
  double hard_weight = 0.1;
  bool scale_by_t2 = true;
  double label_smoothing = 0.0;
};

// soft_weight T^2 KL(softmax(t / T) || softmax(s / T)) + hard_weight CE(softmax(s), label) for logits s and t [N, K]
// and labels [N], each a mean over the batch: the terms kl_divergence and cross_entropy together, whose sum it equals,
// in one pass over the logits. Samples whose label is withheld count in the first part alone.
//
// Where the kernel does not cover types or device, LibTorch's operators compute it. The kernel's value is float32 and
// has no second derivative.
class HintonKd final : public retort::Loss {
 public:
  HintonKd(const Options& options, const retort::Context& context) : options_(options), context_(context) {}

  void set_temperature(double temperature) { options_.temperature = temperature; }
  void set_soft_weight(double weight) { options_.soft_weight = weight; }
  void set_hard_weight(double weight) { options_.hard_weight = weight; }

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    if (!in.target.defined()) throw retort::Error("hinton_kd needs labels");
    if (student.dim() != 2 || in.target.is_floating_point() || in.target.sizes() != student.sizes().slice(0, 1)) {
      throw retort::ShapeError(
          "hinton_kd takes logits [N, K] and labels [N], found " + retort::shape_text(student.sizes()) + " and " +
          (in.target.is_floating_point() ? "probabilities " : "") + retort::shape_text(in.target.sizes()));
    }
    const SoftmaxObjective objective{.student = student,
                                     .teacher = teacher,
                                     .labels = in.target,
                                     .temperature = options_.temperature,
                                     .soft = options_.soft_weight * soft_scale() / student.size(0),
                                     .hard = options_.hard_weight,
                                     .label_smoothing = options_.label_smoothing};
    const SoftmaxValues values = covered(objective) ? evaluate(objective) : of_operators(objective);
    context_.report("soft", values.soft);
    context_.report("hard", values.hard);
    return values.objective;
  }

 private:
  double soft_scale() const { return options_.scale_by_t2 ? options_.temperature * options_.temperature : 1; }

  static SoftmaxValues of_operators(const SoftmaxObjective& in) {
    const auto log_q = torch::log_softmax(in.student / in.temperature, -1);
    const auto log_p = torch::log_softmax(in.teacher / in.temperature, -1);
    const auto soft = torch::kl_div(log_q, log_p, at::Reduction::Sum, /*log_target=*/true) * in.soft;
    const auto labelled = in.labels.ne(retort::kWithheldLabel).sum().clamp_min(1);
    const auto hard = torch::cross_entropy_loss(in.student, in.labels, {}, at::Reduction::Sum, retort::kWithheldLabel,
                                                in.label_smoothing) /
                      labelled * in.hard;
    return {soft + hard, soft, hard};
  }

  Options options_;
  retort::Context context_;
};

RETORT_PLUGIN(
    HintonKd,
    retort::describe<Options>("hinton_kd", "1.0.0")
        .summary("The soft and the hard part of knowledge distillation in one term and one pass over the logits.")
        .reference("Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network, section 2")
        .param(&Options::temperature, "temperature", "Softmax temperature T of both sides of the soft part.",
               retort::Range::greater_than(0))
        .scheduled(&HintonKd::set_temperature)
        .param(&Options::soft_weight, "soft_weight", "Factor of the divergence from the teacher.",
               retort::Range::at_least(0))
        .scheduled(&HintonKd::set_soft_weight)
        .param(&Options::hard_weight, "hard_weight", "Factor of the cross-entropy with the labels.",
               retort::Range::at_least(0))
        .scheduled(&HintonKd::set_hard_weight)
        .param(&Options::scale_by_t2, "scale_by_t2",
               "Multiply the soft part by T^2, so that gradients keep their scale as T changes.")
        .param(&Options::label_smoothing, "label_smoothing", "Share of the label spread evenly over all classes.",
               {.min = 0, .max = 1, .exclusive_max = true}));

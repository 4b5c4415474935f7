#include <retort/plugin.hpp>

#include "../softmax_kernels/softmax_objective.hpp"

struct Options {
  double label_smoothing = 0.0;
};

// -sum_k q_k log softmax(z)_k, mean over the batch, with q = (1 - s) y + s / K of the target y (a label: one-hot).
// student: logits z [N, K]; target: [N] labels or [N, K] probabilities. Samples whose label is withheld are left
// out of the mean; without any label the value is 0.
// With labels it is one pass over float32 and bfloat16 logits, whose value is float32 and has no second derivative; all
// else is of LibTorch's operators.
class CrossEntropy final : public retort::Loss {
 public:
  explicit CrossEntropy(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& logits = in.student.single();
    if (!in.target.defined()) throw retort::Error("cross_entropy needs a target");
    const bool labels = !in.target.is_floating_point();
    if (logits.dim() != 2 || in.target.sizes() != (labels ? logits.sizes().slice(0, 1) : logits.sizes())) {
      throw retort::ShapeError("cross_entropy takes logits [N, K] and labels [N] or probabilities [N, K], found " +
                               retort::shape_text(logits.sizes()) + " and " + retort::shape_text(in.target.sizes()));
    }
    if (!labels) return cross_entropy(logits, in.target.to(logits.scalar_type()), at::Reduction::Mean);
    SoftmaxObjective objective;
    objective.student = logits;
    objective.labels = in.target;
    objective.label_smoothing = options_.label_smoothing;
    if (covered(objective)) return evaluate(objective).objective;
    // The mean that PyTorch takes would be 0 / 0 without a label.
    const torch::Tensor labelled = in.target.ne(retort::kWithheldLabel).sum().clamp_min(1);
    return cross_entropy(logits, in.target, at::Reduction::Sum) / labelled;
  }

 private:
  torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& target, at::Reduction::Reduction how) {
    return torch::cross_entropy_loss(logits, target, {}, how, retort::kWithheldLabel, options_.label_smoothing);
  }

  Options options_;
};

RETORT_PLUGIN(
    CrossEntropy,
    retort::describe<Options>("cross_entropy", "1.0.0")
        .summary(
            "Cross-entropy of the student's logits with the labels (or with given probabilities), mean over the batch.")
        .reference("label smoothing: Szegedy et al. 2016, Rethinking the Inception Architecture, section 7")
        .without_teacher()
        .param(&Options::label_smoothing, "label_smoothing", "Share of the target spread evenly over all classes.",
               {.min = 0, .max = 1, .exclusive_max = true}));

#include <retort/plugin.hpp>

#include "logsum_difference.hpp"

enum class Form { Difference, Correlation };
enum class Reduce { Sum, Mean };

struct Options {
  double alpha = 4.0;
  Form form = Form::Difference;
  Reduce reduce = Reduce::Sum;
  std::optional<double> eps;
};

// log( reduce |e|^alpha + eps ) for features s and t of one shape [N, ...], already normalised by their branches:
//   difference   e_bd = s_bd - t_bd                        (the ImageNet code of the publication; eps 0)
//   correlation  e_d  = (1/N) sum_b s_bd t_bd - 1          (its DeiT code; eps 1e-5)
// The difference form is one pass over float32 and bfloat16 features, whose value is float32 and has no second
// derivative, and takes over the batch normalization of both sides; all else is of LibTorch's operators.
class LogSum final : public retort::Loss {
 public:
  explicit LogSum(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher features");
    if (options_.form == Form::Difference) {
      LogSumDifference difference;
      difference.student = student;
      difference.teacher = teacher;
      difference.alpha = options_.alpha;
      difference.eps = eps();
      difference.mean = options_.reduce == Reduce::Mean;
      difference.normalization_eps = normalization_eps_;
      if (covered(difference)) return evaluate(difference);
    }
    return of_operators(normalised(student), normalised(teacher));
  }

  // The batch normalization of both sides, of which the difference form needs no result of its own.
  bool absorb(std::string_view normalization, const retort::Table& options) override {
    if (normalization != "batch_norm" || options_.form != Form::Difference) return false;
    double eps = 1e-4;  // batch_norm's own default
    for (const auto& [name, value] : options) {
      if (name != "eps") return false;
      eps = value.number();
    }
    normalization_eps_ = eps;
    return true;
  }

 private:
  double eps() const { return options_.eps.value_or(options_.form == Form::Difference ? 0.0 : 1e-5); }

  // What batch_norm does: statistics of the batch at hand, nothing to learn.
  torch::Tensor normalised(const torch::Tensor& features) const {
    if (!normalization_eps_) return features;
    return torch::batch_norm(features, {}, {}, {}, {}, /*training=*/true, /*momentum=*/0.0, *normalization_eps_,
                             /*cudnn_enabled=*/true);
  }

  torch::Tensor of_operators(const torch::Tensor& student, const torch::Tensor& teacher) const {
    const bool difference = options_.form == Form::Difference;
    const auto error = difference ? student - teacher : (student * teacher).mean(0) - 1;
    const auto powers = error.abs().pow(options_.alpha);
    const auto total = options_.reduce == Reduce::Sum ? powers.sum() : powers.mean();
    return torch::log(total + eps());
  }

  Options options_;
  std::optional<double> normalization_eps_;  // of the batch normalization that was absorbed
};

RETORT_PLUGIN(
    LogSum,
    retort::describe<Options>("logsum", "1.0.0")
        .summary("Logarithm of the summed powers of the difference between student and teacher features.")
        .reference("Miles and Mikolajczyk 2024, Understanding the Role of the Projector in Knowledge Distillation")
        .default_taps("penultimate", "penultimate")
        .param(&Options::alpha, "alpha", "Exponent; the larger, the more the largest errors dominate.",
               retort::Range::at_least(1))
        .param(&Options::form, "form", "What is raised to the power: differences, or correlations less one.",
               {{"difference", Form::Difference}, {"correlation", Form::Correlation}})
        .param(&Options::reduce, "reduce", "How the powers are joined; mean only shifts the value by a constant.",
               {{"sum", Reduce::Sum}, {"mean", Reduce::Mean}})
        .param(&Options::eps, "eps", "Added inside the logarithm; unset: 0 for difference, 1e-5 for correlation.",
               retort::Range::at_least(0)));

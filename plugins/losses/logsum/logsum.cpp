#include <retort/plugin.hpp>

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
class LogSum final : public retort::Loss {
 public:
  explicit LogSum(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher features");
    const bool difference = options_.form == Form::Difference;
    const auto error = difference ? student - teacher : (student * teacher).mean(0) - 1;
    const auto powers = error.abs().pow(options_.alpha);
    const auto total = options_.reduce == Reduce::Sum ? powers.sum() : powers.mean();
    return torch::log(total + options_.eps.value_or(difference ? 0.0 : 1e-5));
  }

 private:
  Options options_;
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

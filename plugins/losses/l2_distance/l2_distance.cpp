#include <retort/plugin.hpp>

enum class Reduce { Mean, Sum };

struct Options {
  Reduce reduce = Reduce::Mean;
};

// The squared L2 distance of features s and t of one shape [N, ...]:
//   mean   mean over batch and features of (s - t)^2
//   sum    ||s - t||^2 of each sample, mean over the batch
class L2Distance final : public retort::Loss {
 public:
  explicit L2Distance(const Options& options) : options_(options) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher features");
    if (options_.reduce == Reduce::Mean) return torch::mse_loss(student, teacher);
    return torch::mse_loss(student, teacher, at::Reduction::Sum) / student.size(0);
  }

 private:
  Options options_;
};

RETORT_PLUGIN(L2Distance, retort::describe<Options>("l2_distance", "1.0.0")
                              .summary("Squared L2 distance of the student's features from the teacher's.")
                              .reference("Romero et al. 2015, FitNets: Hints for Thin Deep Nets, section 2.2")
                              .default_taps("penultimate", "penultimate")
                              .param(&Options::reduce, "reduce",
                                     "mean: over batch and features; sum: over the features, mean over the batch.",
                                     {{"mean", Reduce::Mean}, {"sum", Reduce::Sum}}));

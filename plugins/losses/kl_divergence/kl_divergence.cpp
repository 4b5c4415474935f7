#include <cmath>

#include "../reduction.hpp"
#include "../softmax_kernels/softmax_objective.hpp"

enum class Direction { TeacherStudent, StudentTeacher };

struct Options {
  double temperature = 4.0;
  bool scale_by_t2 = true;
  Direction direction = Direction::TeacherStudent;
  Reduction reduction = Reduction::BatchMean;
};

// T^2 KL(softmax(t / T) || softmax(s / T)) for logits s and t [N, ..., K], or KL of the other direction, and the limits
// of its gradient (Kim et al. 2021, theorem 1):
//   T = inf   (1 / 2K) sum_k (d_k - mean d)^2 with d = s - t: what T^2 KL tends to, in either direction
//   T = 0     max s - s[argmax t]: what T KL tends to, whose gradient is 1[k = argmax s] - 1[k = argmax t]. T^2 KL
//             itself vanishes and KL grows without bound; in the other direction the gradient is 0 everywhere.
// At finite temperatures KL of the student from the teacher is one pass over float32 and bfloat16 logits, whose value
// is float32 and has no second derivative; all else is of LibTorch's operators.
class KlDivergence final : public retort::Loss {
 public:
  explicit KlDivergence(const Options& options) : options_(options) { set_temperature(options.temperature); }

  void set_temperature(double temperature) {
    if (std::isinf(temperature) && !options_.scale_by_t2) {
      throw retort::InvalidParameter("temperature = inf needs scale_by_t2 = true: without T^2 the limit is 0");
    }
    if (temperature == 0 && (!options_.scale_by_t2 || options_.direction != Direction::TeacherStudent)) {
      throw retort::InvalidParameter(
          "temperature = 0 needs scale_by_t2 = true and direction = \"teacher_student\": without T^2 the divergence "
          "grows without bound, and in the other direction the gradient of its limit is 0");
    }
    options_.temperature = temperature;
  }

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    const double t = options_.temperature;
    if (std::isinf(t)) return reduce(centred_squares(student, teacher), student, options_.reduction);
    if (t == 0) return reduce(label_matching(student, teacher), student, options_.reduction);
    if (options_.direction == Direction::TeacherStudent) {
      SoftmaxObjective objective;
      objective.student = student;
      objective.teacher = teacher;
      objective.temperature = t;
      objective.soft = (options_.scale_by_t2 ? t * t : 1) / terms(student, options_.reduction);
      if (covered(objective)) return evaluate(objective).objective;
    }
    const auto divergence = reduce(softened(student, teacher, t), student, options_.reduction);
    return options_.scale_by_t2 ? divergence * (t * t) : divergence;
  }

 private:
  torch::Tensor softened(const torch::Tensor& student, const torch::Tensor& teacher, double t) const {
    const auto log_q = torch::log_softmax(student / t, -1);
    const auto log_p = torch::log_softmax(teacher / t, -1);
    const bool forward = options_.direction == Direction::TeacherStudent;
    return torch::kl_div(forward ? log_q : log_p, forward ? log_p : log_q, at::Reduction::Sum, /*log_target=*/true);
  }

  static torch::Tensor centred_squares(const torch::Tensor& student, const torch::Tensor& teacher) {
    const auto difference = student - teacher;
    return (difference - difference.mean(-1, /*keepdim=*/true)).square().sum() / (2 * student.size(-1));
  }

  static torch::Tensor label_matching(const torch::Tensor& student, const torch::Tensor& teacher) {
    const auto at_top_of = [&](const torch::Tensor& logits) {
      return student.gather(-1, logits.argmax(-1, /*keepdim=*/true));
    };
    return (at_top_of(student) - at_top_of(teacher)).sum();
  }

  Options options_;
};

RETORT_PLUGIN(
    KlDivergence,
    retort::describe<Options>("kl_divergence", "1.1.0")
        .summary("KL divergence of the student's softened class probabilities from the teacher's.")
        .reference(
            "Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network, section 2; the limits: "
            "Kim et al. 2021, Comparing Kullback-Leibler Divergence and Mean Squared Error Loss in Knowledge "
            "Distillation")
        .param(&Options::temperature, "temperature",
               "Softmax temperature T of both sides. inf: the limit for large T, matching of centred logits; 0: the "
               "limit for small T, matching of the teacher's top class.",
               retort::Range::at_least(0).or_infinite())
        .scheduled(&KlDivergence::set_temperature)
        .param(&Options::scale_by_t2, "scale_by_t2",
               "Multiply by T^2, so that gradients keep their scale as T changes.")
        .param(
            &Options::direction, "direction",
            "teacher_student: of the student from the teacher, KL(teacher || student); student_teacher: the reverse.",
            {{"teacher_student", Direction::TeacherStudent}, {"student_teacher", Direction::StudentTeacher}})
        .param(&Options::reduction, "reduction",
               "batchmean: sum over classes, mean over the batch; sum: over both; mean: over both.", kReductions));

#pragma once

#include <optional>

namespace retort::engine {

// How sure a model is of itself and how large what it computes is: means over the samples of a split.
struct ModelMeasures {
  double calibration_error = 0.0;              // expected calibration error, 15 bins (Guo et al., 2017)
  double entropy = 0.0;                        // of the predicted class probabilities, in nats
  std::optional<double> top_logit_difference;  // true class's logit - the largest other one; none with one class
  double logit_norm = 0.0;                     // Euclidean
  std::optional<double> penultimate_norm;      // Euclidean; none when the model declares no such tap

  // Calls `visit` with each value and the name that it has in metrics.jsonl, result.json and `retort eval --json`.
  template <class Self, class Visit>
  static void for_each(Self& self, Visit&& visit) {
    visit("expected_calibration_error", self.calibration_error);
    visit("entropy", self.entropy);
    visit("top_logit_difference", self.top_logit_difference);
    visit("logit_norm", self.logit_norm);
    visit("penultimate_norm", self.penultimate_norm);
  }
};

// A student beside its teacher on a split (Kim et al., 2021). The last four sum to 1.
struct TeacherComparison {
  double logit_distance = 0.0;  // mean of ||student's logits - teacher's logits||
  double both_right = 0.0;      // shares of samples
  double student_right_teacher_wrong = 0.0;
  double student_wrong_teacher_right = 0.0;
  double both_wrong = 0.0;

  // As ModelMeasures::for_each().
  template <class Self, class Visit>
  static void for_each(Self& self, Visit&& visit) {
    visit("logit_distance", self.logit_distance);
    visit("both_right", self.both_right);
    visit("student_right_teacher_wrong", self.student_right_teacher_wrong);
    visit("student_wrong_teacher_right", self.student_wrong_teacher_right);
    visit("both_wrong", self.both_wrong);
  }
};

}  // namespace retort::engine

#include "softmax_kernel.hpp"

#include <retort/kernels/vector.hpp>

namespace {

// The C library's, of doubles: <cmath> brings inline functions.
double log_of(double x) {
  return __builtin_log(x);
}

constexpr float kLowest = -__builtin_inff();
constexpr double kLog2E = 1.4426950408889634;

template <class T>
RETORT_INLINE float row_max(const T* x, std::int64_t size) {
  Vec most = splat(kLowest);
  for_each_vector(size, [&](std::int64_t i, int count)
                            RETORT_BODY { most = max(most, first(load(x + i, count), count, kLowest)); });
  return max_of(most);
}

struct Row {
  double soft = 0, hard = 0;
};

// At temperatures 1, 2 and 4 the exponentials of the hard part are those of the soft part, squared this often, which is
// cheaper than another exponential; -1 at others.
int squarings_at(float temperature) {
  return temperature == 1 ? 0 : temperature == 2 ? 1 : temperature == 4 ? 2 : -1;
}

// Three passes over a row, the second and third of which find it in the cache: maxima, exponentials with their sums,
// and the gradient from the exponentials that were kept. Soft: with a teacher; Hard: with a label.
template <bool Soft, bool Hard, class S, class T>
RETORT_INLINE Row softmax_row(const S* s, const T* t, std::int64_t label, const SoftmaxWork& work, double hard_factor,
                              S* gradient, float* scratch) {
  const auto classes = work.classes;
  const auto stride = (classes + 15) / 16 * 16;
  float *student_powers = scratch, *teacher_powers = scratch + stride, *hard_powers = scratch + 2 * stride;
  const float s_max = row_max(s, classes), t_max = Soft ? row_max(t, classes) : 0.0f;
  const double inverse = 1.0 / work.temperature;
  const float soft_exponent = static_cast<float>(kLog2E * inverse), hard_exponent = static_cast<float>(kLog2E);
  const int squarings = Soft && Hard ? squarings_at(work.temperature) : -1;
  const bool keep = gradient != nullptr;
  Vec student_sum{}, teacher_sum{}, cross{}, hard_sum{}, logits_sum{};
  for_each_vector(classes, [&](std::int64_t i, int count) RETORT_BODY {
    const Vec logit = load(s + i, count) - s_max;
    Vec student_power{};
    if (Soft) {
      const Vec teacher_logit = load(t + i, count) - t_max;
      const Vec teacher_power = exp2_of_negative(teacher_logit * soft_exponent);
      student_power = exp2_of_negative(logit * soft_exponent);
      student_sum += first(student_power, count, 0);
      teacher_sum += first(teacher_power, count, 0);
      cross += first(teacher_power * (teacher_logit - logit), count, 0);
      if (keep) store(student_powers + i, student_power, count);
      if (keep) store(teacher_powers + i, teacher_power, count);
    }
    if (Hard) {
      Vec power = student_power;
      if (squarings < 0) power = exp2_of_negative(logit * hard_exponent);
      if (squarings > 0) power *= power;
      if (squarings > 1) power *= power;
      hard_sum += first(power, count, 0);
      logits_sum += first(logit, count, 0);
      if (keep) store(hard_powers + i, power, count);
    }
  });
  Row result;
  double student_total = 1, teacher_total = 1, hard_total = 1;
  if (Soft) {
    student_total = sum_of(student_sum);
    teacher_total = sum_of(teacher_sum);
    result.soft = sum_of(cross) * inverse / teacher_total + log_of(student_total) - log_of(teacher_total);
  }
  const double smooth = work.smoothing;
  if (Hard) {
    hard_total = sum_of(hard_sum);
    const double own = to_float(s[label]) - s_max, mean = sum_of(logits_sum) / classes;
    result.hard = log_of(hard_total) - (1 - smooth) * own - (smooth == 0 ? 0 : smooth * mean);
  }
  if (!keep) return result;
  if (Hard) hard_powers[label] -= static_cast<float>((1 - smooth) * hard_total);
  const double soft_factor = work.soft * inverse;
  const Vec of_student = splat(static_cast<float>(soft_factor / student_total)),
            of_teacher = splat(static_cast<float>(soft_factor / teacher_total)),
            of_hard = splat(static_cast<float>(hard_factor / hard_total)),
            spread = splat(static_cast<float>(hard_factor * smooth / classes));
  for_each_vector(classes, [&](std::int64_t i, int count) RETORT_BODY {
    Vec value{};
    if (Soft) value = load(student_powers + i, count) * of_student - load(teacher_powers + i, count) * of_teacher;
    if (Hard) value += load(hard_powers + i, count) * of_hard - spread;
    store(gradient + i, value, count);
  });
  return result;
}

template <class S, class T>
void rows_of(const SoftmaxWork& work, double hard, std::int64_t begin, std::int64_t end, float* scratch) {
  const auto* student = static_cast<const S*>(work.student);
  const auto* teacher = static_cast<const T*>(work.teacher);
  for (auto row = begin; row < end; ++row) {
    const auto at = row * work.classes;
    const S* s = student + at;
    const T* t = teacher != nullptr ? teacher + at : nullptr;
    S* gradient = work.gradient != nullptr ? static_cast<S*>(work.gradient) + at : nullptr;
    const auto label = work.labels != nullptr ? work.labels[row] : -1;
    Row values;
    if (t != nullptr && label >= 0) {
      values = softmax_row<true, true>(s, t, label, work, hard, gradient, scratch);
    } else if (t != nullptr) {
      values = softmax_row<true, false>(s, t, label, work, hard, gradient, scratch);
    } else if (label >= 0) {
      values = softmax_row<false, true>(s, t, label, work, hard, gradient, scratch);
    } else if (gradient != nullptr) {
      for (std::int64_t i = 0; i < work.classes; ++i) gradient[i] = S{};
    }
    work.row_soft[row] = values.soft;
    work.row_hard[row] = values.hard;
  }
}

template <class S>
void rows_of(const SoftmaxWork& work, double hard, std::int64_t begin, std::int64_t end, float* scratch) {
  (work.teacher_bfloat16 ? rows_of<S, BFloat16> : rows_of<S, float>)(work, hard, begin, end, scratch);
}

void softmax_rows(const SoftmaxWork& work, double hard, std::int64_t begin, std::int64_t end, float* scratch) {
  (work.student_bfloat16 ? rows_of<BFloat16> : rows_of<float>)(work, hard, begin, end, scratch);
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_softmax_rows, &softmax_rows)

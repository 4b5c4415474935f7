#pragma once

#include <cstdint>

// What the kernels of softmax_objective work on; read by nvcc too. Logits are matrices [rows, classes].
struct SoftmaxWork {
  bool student_bfloat16, teacher_bfloat16;
  const void *student, *teacher;  // teacher: null without the soft part
  const std::int64_t* labels;     // null without the hard part; kWithheldLabel counts for nothing
  std::int64_t rows, classes;
  float temperature;
  double soft, hard;  // factors of the sum of divergences, and of the mean cross-entropy over the labelled rows
  float smoothing;
  void* gradient;    // of the student's type; null: not asked for
  double* row_soft;  // [rows]: divergence and cross-entropy
  double* row_hard;
  float* values;  // [3]: the objective, its soft part and its hard part
};

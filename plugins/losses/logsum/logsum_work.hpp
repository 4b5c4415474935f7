#pragma once

#include <cstdint>

// What the kernels of LogSum's difference form work on: matrices [rows, columns] of float32 or bfloat16; read by nvcc
// too. Normalised, e = (s - mean) inverse - (t - mean) inverse by the statistics of each side's columns; else e = s -
// t.
struct LogSumWork {
  bool bfloat16;
  const void *student, *teacher;
  std::int64_t rows, columns;
  float alpha;
  // [columns]; null where features are not normalised
  const float *student_mean, *student_inverse, *teacher_mean, *teacher_inverse;
};

// The student's gradient. With h = alpha |e|^(alpha - 1) sign e and the normalised student n:
//   factor h,   normalised: factor inverse (h - mean h - n mean(h n)), means over the rows
struct LogSumGradient {
  LogSumWork work;
  const float *mean, *product;  // [columns]: mean h and mean(h n); null where features are not normalised
  void* gradient;
};

#include <retort/kernels/device.cuh>

#include "softmax_work.hpp"

namespace {

constexpr int kMostThreads = 512;
constexpr int kWithheld = -100;  // retort::kWithheldLabel

// The running maximum and sum of exponentials relative to it (Milakov and Gimelshein 2018), with the sum of
// e^(teacher) (teacher - student), so that one reading of the logits gives all three.
struct Online {
  float max, sum;
};

__device__ inline void add(Online& o, float x) {
  if (x == -INFINITY) return;  // adds nothing, and -inf less -inf is no number
  const float max = fmaxf(o.max, x);
  o.sum = o.sum * __expf(o.max - max) + __expf(x - max);
  o.max = max;
}

// Block-wide maximum and sum of exponentials.
__device__ inline Online joined(const Online& own, float* shared) {
  const float max = block_max(own.max, shared);
  return {max, block_sum(own.sum == 0 ? 0 : own.sum * __expf(own.max - max), shared)};
}

template <int V, class T, class Body>
__device__ inline void for_row(const T* row, std::int64_t classes, const Body& body) {
  for (std::int64_t i = static_cast<std::int64_t>(threadIdx.x) * V; i < classes; i += blockDim.x * V) {
    float x[V];
    load<V>(row + i, x);
    body(i, x);
  }
}

// How many rows have a label: counted by every block, since a row's factor depends on it.
__device__ inline double labelled_rows(const SoftmaxWork& work, double* shared) {
  double mine = 0;
  for (std::int64_t row = threadIdx.x; row < work.rows; row += blockDim.x) mine += work.labels[row] != kWithheld;
  return block_sum(mine, shared);
}

// A block a row. The second reading of the logits, which gives the divergence and the gradient, finds them in the
// cache.
template <class S, class T, int V>
__global__ void __launch_bounds__(kMostThreads) softmax_row(SoftmaxWork work) {
  __shared__ float shared[32];
  __shared__ double shared_double[32];
  const std::int64_t row = blockIdx.x, classes = work.classes;
  const S* student = static_cast<const S*>(work.student) + row * classes;
  const T* teacher = work.teacher != nullptr ? static_cast<const T*>(work.teacher) + row * classes : nullptr;
  S* gradient = work.gradient != nullptr ? static_cast<S*>(work.gradient) + row * classes : nullptr;
  const std::int64_t label = work.labels != nullptr ? work.labels[row] : kWithheld;
  const bool soft = teacher != nullptr, hard = label != kWithheld, own = label >= 0 && label < classes;
  const double labelled = work.labels != nullptr ? fmax(labelled_rows(work, shared_double), 1.0) : 1.0;
  const float inverse = 1 / work.temperature, smooth = work.smoothing;

  Online student_sum{-INFINITY, 0}, teacher_sum{-INFINITY, 0}, hard_sum{-INFINITY, 0};
  float logits = 0;
  for_row<V>(student, classes, [&](std::int64_t, const float(&x)[V]) {
#pragma unroll
    for (int v = 0; v < V; ++v) {
      if (soft) add(student_sum, x[v] * inverse);
      if (hard) add(hard_sum, x[v]);
      logits += x[v];
    }
  });
  if (soft) {
    for_row<V>(teacher, classes, [&](std::int64_t, const float(&x)[V]) {
#pragma unroll
      for (int v = 0; v < V; ++v) add(teacher_sum, x[v] * inverse);
    });
    student_sum = joined(student_sum, shared);
    teacher_sum = joined(teacher_sum, shared);
  }
  if (hard) hard_sum = joined(hard_sum, shared);
  const float student_log = student_sum.max + logf(student_sum.sum),
              teacher_log = teacher_sum.max + logf(teacher_sum.sum), hard_log = hard_sum.max + logf(hard_sum.sum);
  // A label that is no class makes the value and the gradient NaN: nothing else can be said without waiting.
  const float hard_factor = hard ? (own ? static_cast<float>(work.hard / labelled) : NAN) : 0.0f;
  const float soft_factor = static_cast<float>(work.soft) * inverse;

  double divergence = 0;
  const auto row_gradient = [&](std::int64_t i, const float(&s)[V], const float(&t)[V]) {
    float out[V];
#pragma unroll
    for (int v = 0; v < V; ++v) {
      out[v] = 0;
      if (soft) {
        const float log_q = s[v] * inverse - student_log, log_p = t[v] * inverse - teacher_log, p = __expf(log_p);
        divergence += p * (log_p - log_q);
        out[v] = soft_factor * (__expf(log_q) - p);
      }
      if (hard) {
        const float target = (i + v == label ? 1 - smooth : 0.0f) + smooth / classes;
        out[v] += hard_factor * (__expf(s[v] - hard_log) - target);
      }
    }
    if (gradient != nullptr) store<V>(gradient + i, out);
  };
  for_row<V>(student, classes, [&](std::int64_t i, const float(&s)[V]) {
    float t[V] = {};
    if (soft) load<V>(teacher + i, t);
    row_gradient(i, s, t);
  });
  divergence = block_sum(divergence, shared_double);
  const float sum_of_logits = block_sum(logits, shared);
  if (threadIdx.x != 0) return;
  work.row_soft[row] = divergence;
  const double nll =
      own ? hard_log - (1 - smooth) * to_float(student[label]) - (smooth == 0 ? 0.0f : smooth * sum_of_logits / classes)
          : NAN;
  work.row_hard[row] = hard ? nll / labelled : 0;
}

__global__ void sum_rows(SoftmaxWork work) {
  __shared__ double shared[32];
  double soft = 0, hard = 0;
  for (std::int64_t row = threadIdx.x; row < work.rows; row += blockDim.x) {
    soft += work.row_soft[row];
    hard += work.row_hard[row];
  }
  soft = work.soft * block_sum(soft, shared);
  hard = work.hard * block_sum(hard, shared);
  if (threadIdx.x != 0) return;
  work.values[0] = static_cast<float>(soft + hard);
  work.values[1] = static_cast<float>(soft);
  work.values[2] = static_cast<float>(hard);
}

template <class S, class T, int V>
void launch_packed(cudaStream_t stream, const SoftmaxWork& work) {
  int threads = 32;
  while (threads < kMostThreads && threads * V < work.classes) threads *= 2;
  softmax_row<S, T, V><<<static_cast<unsigned>(work.rows), threads, 0, stream>>>(work);
  sum_rows<<<1, 256, 0, stream>>>(work);
}

template <class S, class T>
void launch(cudaStream_t stream, const SoftmaxWork& work) {
  constexpr int pack = kPack<S> < kPack<T> ? kPack<S> : kPack<T>;
  const bool packed =
      work.classes % pack == 0 && aligned(work.student) && aligned(work.teacher) && aligned(work.gradient);
  packed ? launch_packed<S, T, pack>(stream, work) : launch_packed<S, T, 1>(stream, work);
}

template <class S>
void launch(cudaStream_t stream, const SoftmaxWork& work) {
  (work.teacher_bfloat16 ? launch<S, BFloat16> : launch<S, float>)(stream, work);
}

}  // namespace

RETORT_LAUNCH retort_softmax_objective(void* stream, const SoftmaxWork* work) {
  (work->student_bfloat16 ? launch<BFloat16> : launch<float>)(static_cast<cudaStream_t>(stream), *work);
  return launch_problem();
}

#include "logsum_difference.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <retort/kernels/cuda.hpp>
#include <retort/kernels/moments.hpp>
#include <retort/kernels/report.hpp>

#include "logsum_kernel.hpp"

RETORT_DEFINE_KERNEL(retort_logsum_moments)
RETORT_DEFINE_KERNEL(retort_logsum_powers)
RETORT_DEFINE_KERNEL(retort_logsum_columns)
RETORT_DEFINE_KERNEL(retort_logsum_gradient)

namespace {

using retort::kernels::parallel_parts;
using retort::kernels::parts_of;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// work, eps of the normalization, mean?, eps, chunks of rows; written: statistics [4, columns] or null, partial sums
// [max(1024, 2 chunks columns)], sum of powers, value.
using ForwardLaunch = retort::kernels::CudaKernel<const char*(void*, const LogSumWork*, double, bool, double,
                                                              std::int64_t, float*, float*, float*, float*)>;
// work, sum of powers, mean?, eps, gradient of the value; written: means [2, columns]
using BackwardLaunch = retort::kernels::CudaKernel<const char*(void*, const LogSumGradient*, const float* sum, bool,
                                                               double, const float* gradient_of_value, float* scratch)>;

const ForwardLaunch& cuda_forward() {
  static const ForwardLaunch launch(RETORT_CUDA_KERNELS, "retort_logsum_forward");
  return launch;
}

const BackwardLaunch& cuda_backward() {
  static const BackwardLaunch launch(RETORT_CUDA_KERNELS, "retort_logsum_backward");
  return launch;
}

std::int64_t grain(std::int64_t columns) {
  return std::max<std::int64_t>(1, 16384 / columns);
}

// [rows, channels]: maps in channels-last order, of which nothing is copied when they are in it.
torch::Tensor as_matrix(const torch::Tensor& features, bool normalised) {
  if (!normalised) return features.contiguous().view({features.size(0), -1});
  return (features.dim() == 4 ? features.permute({0, 2, 3, 1}) : features).contiguous().view({-1, features.size(1)});
}

torch::Tensor as_features(const torch::Tensor& matrix, c10::IntArrayRef sizes, bool normalised) {
  if (!normalised || sizes.size() != 4) return matrix.view(sizes);
  return matrix.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

struct Matrices {
  torch::Tensor student, teacher, statistics;  // statistics [4, columns]; undefined where nothing is normalised

  LogSumWork work(double alpha) const {
    const auto row = [&](int i) -> const float* {
      return statistics.defined() ? statistics.const_data_ptr<float>() + i * student.size(1) : nullptr;
    };
    return {student.scalar_type() == torch::kBFloat16,
            student.const_data_ptr(),
            teacher.const_data_ptr(),
            student.size(0),
            student.size(1),
            static_cast<float>(alpha),
            row(0),
            row(1),
            row(2),
            row(3)};
  }
};

void normalise_on_cpu(const torch::Tensor& x, double eps, float* mean, float* inverse) {
  const auto rows = x.size(0), columns = x.size(1);
  const auto moments = retort::kernels::joined_moments(
      rows, columns, grain(columns), [&](std::int64_t begin, std::int64_t end, double* means, double* squares) {
        at::native::retort_logsum_moments(c10::kCPU, x.scalar_type() == torch::kBFloat16, x.const_data_ptr(), begin,
                                          end, columns, means, squares);
      });
  for (std::int64_t c = 0; c < columns; ++c) {
    mean[c] = static_cast<float>(moments[c]);
    inverse[c] = static_cast<float>(1 / std::sqrt(moments[columns + c] / rows + eps));
  }
}

float sum_on_cpu(const LogSumWork& work) {
  const auto parts = parts_of(work.rows, grain(work.columns));
  std::vector<double> sums(parts);
  parallel_parts(work.rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    sums[part] = at::native::retort_logsum_powers(c10::kCPU, work, begin, end);
  });
  return static_cast<float>(std::accumulate(sums.begin(), sums.end(), 0.0));
}

void gradient_on_cpu(const LogSumGradient& out, float factor, std::vector<float>& means) {
  const LogSumWork& work = out.work;
  const auto parts = parts_of(work.rows, grain(work.columns));
  LogSumGradient complete = out;
  if (work.student_mean != nullptr) {
    std::vector<double> sums(2 * work.columns * parts);
    parallel_parts(work.rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
      double* sum = sums.data() + 2 * work.columns * part;
      at::native::retort_logsum_columns(c10::kCPU, work, begin, end, sum, sum + work.columns);
    });
    means.resize(2 * work.columns);
    for (std::int64_t i = 0; i < 2 * work.columns; ++i) {
      double total = 0;
      for (std::int64_t part = 0; part < parts; ++part) total += sums[2 * work.columns * part + i];
      means[i] = static_cast<float>(total / work.rows);
    }
    complete.mean = means.data();
    complete.product = means.data() + work.columns;
  }
  parallel_parts(work.rows, parts, [&](auto, std::int64_t begin, std::int64_t end) {
    at::native::retort_logsum_gradient(c10::kCPU, complete, factor, begin, end);
  });
}

class DifferenceFunction : public torch::autograd::Function<DifferenceFunction> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& student, const LogSumDifference& in) {
    const bool normalised = in.normalization_eps.has_value();
    Matrices matrices{as_matrix(student, normalised), as_matrix(in.teacher, normalised), {}};
    const auto options = student.options().dtype(torch::kFloat);
    const auto columns = matrices.student.size(1);
    if (normalised) matrices.statistics = at::empty({4, columns}, options);
    const auto sum = at::empty({}, options), value = at::empty({}, options);
    if (student.is_cuda()) {
      const auto chunks = std::clamp<std::int64_t>(matrices.student.size(0) / 64, 1, 256);
      const auto partial = at::empty({std::max<std::int64_t>(1024, 2 * chunks * columns)}, options);
      const auto work = matrices.work(in.alpha);
      cuda_forward()(student.device(), &work, in.normalization_eps.value_or(0), in.mean, in.eps, chunks,
                     normalised ? matrices.statistics.mutable_data_ptr<float>() : nullptr,
                     partial.mutable_data_ptr<float>(), sum.mutable_data_ptr<float>(), value.mutable_data_ptr<float>());
    } else {
      if (normalised) {
        float* statistics = matrices.statistics.mutable_data_ptr<float>();
        normalise_on_cpu(matrices.student, *in.normalization_eps, statistics, statistics + columns);
        normalise_on_cpu(matrices.teacher, *in.normalization_eps, statistics + 2 * columns, statistics + 3 * columns);
      }
      const float total = sum_on_cpu(matrices.work(in.alpha));
      *sum.mutable_data_ptr<float>() = total;
      *value.mutable_data_ptr<float>() =
          static_cast<float>(std::log((in.mean ? double{total} / student.numel() : total) + in.eps));
    }
    context->save_for_backward({matrices.student, matrices.teacher, matrices.statistics, sum});
    context->saved_data["sizes"] = student.sizes();
    context->saved_data["alpha"] = in.alpha;
    context->saved_data["eps"] = in.eps;
    context->saved_data["mean"] = in.mean;
    return value;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) throw retort::Error("the loss kernels have no second derivative");
    const auto saved = context->get_saved_variables();
    const Matrices matrices{saved[0], saved[1], saved[2]};
    const torch::Tensor &sum = saved[3], &value_gradient = gradients[0];
    const bool mean = context->saved_data["mean"].toBool(), normalised = matrices.statistics.defined();
    const double eps = context->saved_data["eps"].toDouble();
    const auto result = at::empty_like(matrices.student);
    const LogSumGradient out{matrices.work(context->saved_data["alpha"].toDouble()), nullptr, nullptr,
                             result.mutable_data_ptr()};
    if (result.is_cuda()) {
      const auto scratch = at::empty({normalised ? 2 * result.size(1) : 0}, sum.options());
      cuda_backward()(result.device(), &out, sum.const_data_ptr<float>(), mean, eps,
                      value_gradient.const_data_ptr<float>(), scratch.mutable_data_ptr<float>());
    } else {
      // d log(r sum + eps) = r / (r sum + eps) d sum, with r = 1 or 1 / count
      const double r = mean ? 1.0 / result.numel() : 1.0;
      const double factor = *value_gradient.const_data_ptr<float>() * r / (r * *sum.const_data_ptr<float>() + eps);
      std::vector<float> means;
      gradient_on_cpu(out, static_cast<float>(factor), means);
    }
    return {as_features(result, context->saved_data["sizes"].toIntVector(), normalised), {}};
  }
};

bool float_or_bfloat16(const torch::Tensor& tensor) {
  return tensor.scalar_type() == torch::kFloat || tensor.scalar_type() == torch::kBFloat16;
}

}  // namespace

bool covered(const LogSumDifference& in) {
  return float_or_bfloat16(in.student) && float_or_bfloat16(in.teacher) && in.student.dim() >= 1 &&
         in.student.numel() > 0 && in.student.sizes() == in.teacher.sizes() && !in.teacher.requires_grad() &&
         in.student.device() == in.teacher.device() &&
         (!in.normalization_eps || in.student.dim() == 2 || in.student.dim() == 4) &&
         (in.student.is_cpu() || (in.student.is_cuda() && cuda_forward().available()));
}

torch::Tensor evaluate(const LogSumDifference& difference) {
  RETORT_REPORT_KERNEL("retort::logsum_difference");
  LogSumDifference in = difference;
  // One type for both sides, in which neither loses anything.
  const auto type = at::promote_types(in.student.scalar_type(), in.teacher.scalar_type());
  in.teacher = in.teacher.to(type);
  return DifferenceFunction::apply(in.student.to(type), in);
}

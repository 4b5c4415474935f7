#include "softmax_objective.hpp"

#include <cmath>
#include <memory>
#include <numeric>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <retort/kernels/cuda.hpp>
#include <retort/kernels/parallel.hpp>
#include <retort/kernels/report.hpp>
#include <retort/loss.hpp>

#include "softmax_kernel.hpp"

RETORT_DEFINE_KERNEL(retort_softmax_rows)

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using SoftmaxLaunch = retort::kernels::CudaKernel<const char*(void*, const SoftmaxWork*)>;

const SoftmaxLaunch& cuda_kernel() {
  static const SoftmaxLaunch launch(RETORT_CUDA_KERNELS, "retort_softmax_objective");
  return launch;
}

bool float_or_bfloat16(const torch::Tensor& tensor) {
  return tensor.scalar_type() == torch::kFloat || tensor.scalar_type() == torch::kBFloat16;
}

// How many rows have a label; throws for one that is not a class.
std::int64_t labelled_rows(const SoftmaxWork& work) {
  std::int64_t labelled = 0;
  for (std::int64_t row = 0; row < work.rows; ++row) {
    const auto label = work.labels[row];
    if (label == retort::kWithheldLabel) continue;
    if (label < 0 || label >= work.classes) {
      throw retort::Error("the label " + std::to_string(label) + " is none of the " + std::to_string(work.classes) +
                          " classes of the logits");
    }
    ++labelled;
  }
  return labelled;
}

void run_on_cpu(const SoftmaxWork& work) {
  const auto labelled = work.labels != nullptr ? labelled_rows(work) : 0;
  const double hard = work.hard / static_cast<double>(std::max<std::int64_t>(labelled, 1));
  const auto parts = retort::kernels::parts_of(work.rows, std::max<std::int64_t>(1, 4096 / work.classes));
  const auto stride = (work.classes + 15) / 16 * 16;
  const auto scratch = work.gradient != nullptr ? std::make_unique_for_overwrite<float[]>(3 * stride * parts) : nullptr;
  retort::kernels::parallel_parts(work.rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    at::native::retort_softmax_rows(c10::kCPU, work, hard, begin, end,
                                    scratch ? scratch.get() + 3 * stride * part : nullptr);
  });
  const double soft_sum = std::accumulate(work.row_soft, work.row_soft + work.rows, 0.0),
               hard_sum = std::accumulate(work.row_hard, work.row_hard + work.rows, 0.0);
  const double soft = work.teacher != nullptr ? work.soft * soft_sum : 0, of_labels = hard * hard_sum;
  work.values[0] = static_cast<float>(soft + of_labels);
  work.values[1] = static_cast<float>(soft);
  work.values[2] = static_cast<float>(of_labels);
}

// [3]: objective, soft part, hard part. `gradient` as in SoftmaxWork.
torch::Tensor values_of(const SoftmaxObjective& in, const torch::Tensor& gradient) {
  const auto options = in.student.options().dtype(torch::kFloat);
  const auto values = at::empty({3}, options);
  const auto rows = in.student.numel() / in.student.size(-1);
  const auto row_values = at::empty({2, rows}, options.dtype(torch::kDouble));
  double* row_soft = row_values.mutable_data_ptr<double>();
  const SoftmaxWork work{in.student.scalar_type() == torch::kBFloat16,
                         in.teacher.defined() && in.teacher.scalar_type() == torch::kBFloat16,
                         in.student.const_data_ptr(),
                         in.teacher.defined() ? in.teacher.const_data_ptr() : nullptr,
                         in.labels.defined() ? in.labels.const_data_ptr<std::int64_t>() : nullptr,
                         rows,
                         in.student.size(-1),
                         static_cast<float>(in.temperature),
                         in.soft,
                         in.hard,
                         static_cast<float>(in.label_smoothing),
                         gradient.defined() ? gradient.mutable_data_ptr() : nullptr,
                         row_soft,
                         row_soft + rows,
                         values.mutable_data_ptr<float>()};
  if (in.student.is_cuda()) {
    cuda_kernel()(in.student.device(), &work);
  } else {
    run_on_cpu(work);
  }
  return values;
}

class SoftmaxFunction : public torch::autograd::Function<SoftmaxFunction> {
 public:
  static variable_list forward(AutogradContext* context, const torch::Tensor& student, SoftmaxObjective in,
                               bool differentiated) {
    in.student = student.contiguous();
    const auto gradient = differentiated ? at::empty_like(in.student) : torch::Tensor();
    const auto values = values_of(in, gradient);
    context->save_for_backward({gradient});
    const variable_list parts = {values.select(0, 1), values.select(0, 2)};
    context->mark_non_differentiable(parts);
    return {values.select(0, 0).clone(), parts[0], parts[1]};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) throw retort::Error("the loss kernels have no second derivative");
    const auto gradient = context->get_saved_variables()[0];
    const torch::Tensor& factor = gradients[0];
    // Read where it costs nothing; on a GPU it would wait for the device.
    if (factor.is_cpu() && factor.scalar_type() == torch::kFloat && *factor.const_data_ptr<float>() == 1) {
      return {gradient, {}, {}};
    }
    return {gradient * factor, {}, {}};
  }
};

}  // namespace

bool covered(const SoftmaxObjective& in) {
  const auto& student = in.student;
  if (student.dim() == 0 || student.numel() == 0 || !float_or_bfloat16(student)) return false;
  if (!std::isfinite(in.temperature) || in.temperature <= 0) return false;
  if (in.teacher.defined() && (in.teacher.sizes() != student.sizes() || !float_or_bfloat16(in.teacher) ||
                               in.teacher.device() != student.device() || in.teacher.requires_grad())) {
    return false;
  }
  if (in.labels.defined() && (in.labels.scalar_type() != torch::kLong || student.dim() != 2 || in.labels.dim() != 1 ||
                              in.labels.size(0) != student.size(0) || in.labels.device() != student.device())) {
    return false;
  }
  return student.is_cpu() || (student.is_cuda() && cuda_kernel().available());
}

SoftmaxValues evaluate(const SoftmaxObjective& objective) {
  RETORT_REPORT_KERNEL("retort::softmax_objective");
  SoftmaxObjective in = objective;
  if (in.teacher.defined()) in.teacher = in.teacher.contiguous();
  if (in.labels.defined()) in.labels = in.labels.contiguous();
  const bool differentiated = at::GradMode::is_enabled() && in.student.requires_grad();
  const auto values = SoftmaxFunction::apply(in.student, in, differentiated);
  return {values[0], values[1], values[2]};
}

#include "optimizer_step.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <retort/kernels/cuda.hpp>
#include <retort/kernels/parallel.hpp>
#include <retort/kernels/report.hpp>

#include "optimizer_kernel.hpp"

RETORT_DEFINE_KERNEL(retort_sgd)
RETORT_DEFINE_KERNEL(retort_adam)

namespace retort::kernels {
namespace {

using SgdLaunch = CudaKernel<const char*(void*, const SgdTensor*, std::int64_t, const SgdFactors*)>;
using AdamLaunch = CudaKernel<const char*(void*, const AdamTensor*, std::int64_t, const AdamFactors*)>;

const SgdLaunch& cuda_sgd() {
  static const SgdLaunch launch(RETORT_CUDA_KERNELS, "retort_sgd_step");
  return launch;
}

const AdamLaunch& cuda_adam() {
  static const AdamLaunch launch(RETORT_CUDA_KERNELS, "retort_adam_step");
  return launch;
}

// Elements that are worth a thread.
constexpr std::int64_t kGrain = 16384;

// The same elements at the same places of memory: strides of dimensions of size 1 say nothing.
bool same_order(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  for (std::int64_t d = 0; d < a.dim(); ++d) {
    if (a.size(d) > 1 && a.stride(d) != b.stride(d)) return false;
  }
  return true;
}

bool is_float_like(const at::Tensor& tensor, const at::Tensor& master) {
  return tensor.scalar_type() == at::kFloat && tensor.device() == master.device() && same_order(tensor, master);
}

bool is_float_scalar(const at::Tensor& tensor, c10::Device device) {
  return tensor.scalar_type() == at::kFloat && tensor.numel() == 1 && tensor.device() == device;
}

template <class Entry, class Launch>
bool covered(const Entry& entry, const Launch& cuda, const at::Tensor& lr, const at::Tensor& scale) {
  const at::Tensor& master = entry.master;
  return master.scalar_type() == at::kFloat && master.is_non_overlapping_and_dense() &&
         (master.is_cpu() || (master.is_cuda() && cuda.available())) &&
         (entry.gradient.scalar_type() == at::kFloat || entry.gradient.scalar_type() == at::kBFloat16) &&
         entry.gradient.sizes() == master.sizes() && entry.gradient.device() == master.device() &&
         (!entry.copy.defined() || (entry.copy.scalar_type() == at::kBFloat16 && same_order(entry.copy, master))) &&
         is_float_scalar(lr, master.device()) && (!scale.defined() || is_float_scalar(scale, master.device()));
}

std::uint16_t* copy_data(const at::Tensor& copy) {
  return copy.defined() ? static_cast<std::uint16_t*>(copy.mutable_data_ptr()) : nullptr;
}

// In the master's order; `kept` owns what had to be copied.
const void* gradient_data(const at::Tensor& gradient, const at::Tensor& master, std::vector<at::Tensor>& kept) {
  if (same_order(gradient, master)) return gradient.const_data_ptr();
  kept.push_back(at::empty_strided(master.sizes(), master.strides(), gradient.options()).copy_(gradient));
  return kept.back().const_data_ptr();
}

// Divides all elements of all tensors among the threads: most tensors are small.
template <class Tensor, class Body>
void for_all_elements(const std::vector<Tensor>& tensors, const Body& body) {
  std::int64_t total = 0;
  for (const Tensor& tensor : tensors) total += tensor.size;
  if (total == 0) return;
  parallel_parts(total, parts_of(total, kGrain), [&](auto, std::int64_t begin, std::int64_t end) {
    std::int64_t first = 0;  // of the tensor, among all elements
    for (const Tensor& tensor : tensors) {
      const auto from = std::max(begin - first, std::int64_t{0}), to = std::min(end - first, tensor.size);
      if (from < to) body(tensor, from, to);
      first += tensor.size;
    }
  });
}

const float* float_data(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

at::Tensor scaled(const at::Tensor& gradient, const at::Tensor& master, const at::Tensor& scale) {
  const auto typed = gradient.to(master.scalar_type());
  return scale.defined() ? typed * scale : typed;
}

// In the order of the master, which the fused operators ask for.
at::Tensor ordered_like(const at::Tensor& gradient, const at::Tensor& master) {
  return gradient.strides() == master.strides() ? gradient : at::empty_like(master).copy_(gradient);
}

}  // namespace

void sgd_step_reference(const std::vector<SgdEntry>& entries, const SgdSettings& settings, const at::Tensor& lr,
                        const at::Tensor& scale) {
  const at::NoGradGuard no_grad;
  for (const SgdEntry& entry : entries) {
    const auto gradient = ordered_like(scaled(entry.gradient, entry.master, scale), entry.master);
    // Without momentum the operator takes no buffers.
    const std::vector<at::Tensor> buffers(settings.momentum == 0.0 ? 0 : 1, entry.momentum);
    at::_fused_sgd_({entry.master}, {gradient}, buffers, settings.weight_decay, settings.momentum, lr,
                    /*dampening=*/0.0, settings.nesterov, /*maximize=*/false, /*is_first_step=*/false);
    if (entry.copy.defined()) at::Tensor(entry.copy).copy_(entry.master);
  }
}

void adam_step_reference(const std::vector<AdamEntry>& entries, const AdamSettings& settings, const at::Tensor& lr,
                         const at::Tensor& scale) {
  const at::NoGradGuard no_grad;
  for (const AdamEntry& entry : entries) {
    const auto gradient = ordered_like(scaled(entry.gradient, entry.master, scale), entry.master);
    using Step = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                          at::TensorList, const at::Tensor&, double, double, double, double, bool, bool,
                          const std::optional<at::Tensor>&, const std::optional<at::Tensor>&);
    const Step step = settings.decoupled ? static_cast<Step>(at::_fused_adamw_) : static_cast<Step>(at::_fused_adam_);
    step({entry.master}, {gradient}, {entry.mean}, {entry.square}, {}, {entry.steps}, lr, settings.beta1,
         settings.beta2, settings.weight_decay, settings.eps, /*amsgrad=*/false, /*maximize=*/false, {}, {});
    if (entry.copy.defined()) at::Tensor(entry.copy).copy_(entry.master);
  }
}

void sgd_step(const std::vector<SgdEntry>& entries, const SgdSettings& settings, const at::Tensor& lr,
              const at::Tensor& scale) {
  RETORT_REPORT_KERNEL("retort::sgd_step");
  std::vector<SgdTensor> tensors;
  std::vector<at::Tensor> kept;
  std::vector<SgdEntry> others;
  for (const SgdEntry& entry : entries) {
    if (!covered(entry, cuda_sgd(), lr, scale) || !is_float_like(entry.momentum, entry.master)) {
      others.push_back(entry);
      continue;
    }
    tensors.push_back({entry.master.mutable_data_ptr<float>(), entry.momentum.mutable_data_ptr<float>(),
                       gradient_data(entry.gradient, entry.master, kept), copy_data(entry.copy), entry.master.numel(),
                       entry.gradient.scalar_type() == at::kBFloat16});
  }
  if (!others.empty()) sgd_step_reference(others, settings, lr, scale);
  if (tensors.empty()) return;
  const SgdFactors factors{float_data(lr), float_data(scale), static_cast<float>(settings.momentum),
                           static_cast<float>(settings.weight_decay), settings.nesterov};
  if (lr.is_cuda()) {
    cuda_sgd()(lr.device(), tensors.data(), static_cast<std::int64_t>(tensors.size()), &factors);
    return;
  }
  for_all_elements(tensors, [&](const SgdTensor& tensor, std::int64_t begin, std::int64_t end) {
    at::native::retort_sgd(c10::kCPU, tensor, factors, begin, end);
  });
}

void adam_step(const std::vector<AdamEntry>& entries, const AdamSettings& settings, const at::Tensor& lr,
               const at::Tensor& scale) {
  RETORT_REPORT_KERNEL("retort::adam_step");
  std::vector<AdamTensor> tensors;
  std::vector<at::Tensor> kept;
  std::vector<AdamEntry> others;
  for (const AdamEntry& entry : entries) {
    if (!covered(entry, cuda_adam(), lr, scale) || !is_float_like(entry.mean, entry.master) ||
        !is_float_like(entry.square, entry.master) || !is_float_scalar(entry.steps, entry.master.device())) {
      others.push_back(entry);
      continue;
    }
    tensors.push_back({entry.master.mutable_data_ptr<float>(), entry.mean.mutable_data_ptr<float>(),
                       entry.square.mutable_data_ptr<float>(), entry.steps.const_data_ptr<float>(),
                       gradient_data(entry.gradient, entry.master, kept), copy_data(entry.copy), entry.master.numel(),
                       entry.gradient.scalar_type() == at::kBFloat16});
  }
  if (!others.empty()) adam_step_reference(others, settings, lr, scale);
  if (tensors.empty()) return;
  const AdamFactors factors{float_data(lr), float_data(scale),     settings.beta1,    settings.beta2,
                            settings.eps,   settings.weight_decay, settings.decoupled};
  if (lr.is_cuda()) {
    cuda_adam()(lr.device(), tensors.data(), static_cast<std::int64_t>(tensors.size()), &factors);
    return;
  }
  for_all_elements(tensors, [&](const AdamTensor& tensor, std::int64_t begin, std::int64_t end) {
    at::native::retort_adam(c10::kCPU, tensor, factors, begin, end);
  });
}

}  // namespace retort::kernels

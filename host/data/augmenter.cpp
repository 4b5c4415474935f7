#include "augmenter.hpp"

#include <torch/types.h>

#include <retort/error.hpp>
#include <retort/kernels/cuda.hpp>
#include <retort/kernels/parallel.hpp>
#include <retort/kernels/report.hpp>

#include "kernels/crop_flip_cpu.hpp"

RETORT_DEFINE_KERNEL(retort_crop_flip)

namespace retort::data {
namespace {

const kernels::CudaKernel<const char*(void*, const CropFlipArguments*)> kCudaCropFlip{RETORT_CUDA_KERNELS,
                                                                                      "retort_crop_flip_cuda"};

// A thread's work: below this, starting it costs more.
constexpr std::int64_t kValuesOfAPart = 1 << 16;
constexpr std::int64_t kMostCudaImages = 65535;

void run_on_cpu(const CropFlipArguments& arguments) {
  const std::int64_t row = arguments.width * arguments.channels;
  const std::int64_t values = arguments.count * arguments.height * row;
  std::vector<float> row_scale(static_cast<std::size_t>(row)), row_shift(row_scale.size());
  for (std::int64_t i = 0; i < row; ++i) {
    row_scale[static_cast<std::size_t>(i)] = arguments.scale[i % arguments.channels];
    row_shift[static_cast<std::size_t>(i)] = arguments.shift[i % arguments.channels];
  }
  const std::int64_t parts = kernels::parts_of(values, kValuesOfAPart);
  const std::int64_t scratch_size = 2 * (row + 64);
  std::vector<std::uint8_t> scratch(static_cast<std::size_t>(parts * scratch_size));
  kernels::parallel_parts(arguments.count, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    at::native::retort_crop_flip(c10::kCPU, arguments, begin, end, row_scale.data(), row_shift.data(),
                                 scratch.data() + part * scratch_size);
  });
}

}  // namespace

Augmenter::Augmenter(Transforms transforms) : transforms_(std::move(transforms)), pass_(transforms_.crop_and_flip()) {
  flip_first_ = pass_ && pass_->flip_stream >= 0 && pass_->flip_stream < pass_->crop_stream;
}

at::Tensor Augmenter::bytes(const StoredImages& images, const at::Tensor& slots, const Draw& draw) const {
  return transforms_.apply(images.plain(slots), draw);
}

at::Tensor Augmenter::images(const StoredImages& images, const at::Tensor& slots, const Draw& draw,
                             const Normalize& normalize, at::ScalarType type, at::MemoryFormat format) const {
  if (type != torch::kFloat && type != torch::kBFloat16) {
    throw InvalidParameter(std::string("images can be float32 or bfloat16, not ") + c10::toString(type));
  }
  const c10::Device device = images.bytes.device();
  const std::int64_t channels = images.bytes.size(3), count = draw.index.size(0);
  const at::Tensor scale = normalize.scale(), shift = normalize.shift();
  const bool fused = pass_ && scale.size(0) == channels &&
                     (device.is_cpu() || (device.is_cuda() && count <= kMostCudaImages && kCudaCropFlip.available()));
  if (!fused) return normalize(bytes(images, slots, draw)).to(type, false, false, format);

  const Shape& shape = transforms_.output_shape();
  const at::Tensor out =
      torch::empty({count, channels, shape[1], shape[2]}, images.bytes.options().dtype(type).memory_format(format));
  const at::Tensor sample = draw.index.contiguous(), slot = slots.defined() ? slots.contiguous() : slots;
  const CropFlipArguments arguments{.images = images.bytes.const_data_ptr<std::uint8_t>(),
                                    .stored_height = images.bytes.size(1),
                                    .stored_width = images.bytes.size(2),
                                    .channels = channels,
                                    .slot = slot.defined() ? slot.const_data_ptr<std::int64_t>() : nullptr,
                                    .sample = sample.const_data_ptr<std::int64_t>(),
                                    .key = draw.key.const_data_ptr<std::int64_t>(),
                                    .count = count,
                                    .height = shape[1],
                                    .width = shape[2],
                                    .crop_stream = pass_->crop_stream,
                                    .flip_stream = pass_->flip_stream,
                                    .flip_threshold = pass_->flip_threshold,
                                    .flip_first = flip_first_,
                                    .scale = scale.const_data_ptr<float>(),
                                    .shift = shift.const_data_ptr<float>(),
                                    .out = out.data_ptr(),
                                    .bfloat16 = type == torch::kBFloat16,
                                    .channels_last = format == at::MemoryFormat::ChannelsLast};
  RETORT_REPORT_KERNEL("retort::crop_flip");
  if (device.is_cpu()) {
    run_on_cpu(arguments);
  } else {
    kCudaCropFlip(device, &arguments);
  }
  return out;
}

}  // namespace retort::data

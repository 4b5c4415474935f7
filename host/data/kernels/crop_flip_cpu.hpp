#pragma once

#include <retort/kernels/dispatch.hpp>

#include "crop_flip.hpp"

// Images [begin, end) of the batch. `row_scale` and `row_shift` are those of a row of the output with the channels
// last: [width * channels]. `scratch`: 2 * (width * channels + 64) bytes.
using CropFlip = void (*)(const retort::data::CropFlipArguments& arguments, std::int64_t begin, std::int64_t end,
                          const float* row_scale, const float* row_shift, std::uint8_t* scratch);
RETORT_DECLARE_KERNEL(CropFlip, retort_crop_flip)

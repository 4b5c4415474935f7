#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include "program/program.hpp"
#include "program/weight_copies.hpp"

// The passes. Each takes a program that computes what the model computes and leaves one that does, to within rounding;
// each returns how many places it changed.
namespace retort::program {

// Turns weights into constants and computes what depends on constants alone: for models that nothing trains any more.
std::size_t freeze(Program& program);

// Folds the batch norm of a frozen program into the convolution before it: W' = W g / sqrt(var + eps) per output
// channel, b' = (b - mean) g / sqrt(var + eps) + beta.
std::size_t fold_batch_norms(Program& program);

// Computes batch norm, a sum behind it and a ReLU behind that in one pass over the images: training's batch norms with
// the batch's statistics, those of a frozen program as one multiplication and one addition.
std::size_t fuse_batch_norms(Program& program);

// Adds all counters of batches at once.
std::size_t merge_counters(Program& program);

// Converts the constants that convolutions and matrix products read, in a frozen program.
std::size_t lower_constants(Program& program, c10::ScalarType type);

// Has the convolutions of a trained program read copies of their weights in lower precision, and hand the gradient on
// to the weights themselves.
std::size_t use_copies(Program& program, WeightCopies& copies);

// Brings the weights of a frozen program's convolutions into oneDNN's own layout, once, and computes a sum and a ReLU
// behind a convolution in its pass (the operators that Inductor calls). Channels-last, on the CPU.
std::size_t prepack_convolutions(Program& program);

}  // namespace retort::program

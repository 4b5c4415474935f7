#pragma once

#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "program.hpp"
#include "weight_copies.hpp"

namespace retort::program {

struct Target {
  bool trained = false;                // false: a frozen model in eval mode
  c10::ScalarType type = c10::kFloat;  // that convolutions and matrix products compute in
  WeightCopies* copies = nullptr;      // of a trained model's weights, when `type` is lower than theirs
};

struct Compiled {
  Program program;
  std::vector<std::string> notes;  // what each pass did: "fold_batch_norm: 19 of 37 batch norms folded"
};

// Runs the passes that `engine` asks for over what was recorded.
Compiled compile(Program recorded, const Target& target, const config::EngineSpec& engine);

}  // namespace retort::program

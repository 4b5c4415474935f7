#pragma once

#include <cstdint>

#include "config/experiment.hpp"

namespace retort::engine {

// The value of a schedule at `progress` epochs (2.5: half-way through the third of them) of a stage of `epochs`:
//   warm-up    value * (warmup_start + (1 - warmup_start) * progress / warmup_epochs)     while progress <
//   warmup_epochs constant   value multistep  value * gamma^(number of milestones <= progress): a milestone of 150 acts
//   from the 151st epoch on cosine     final + (value - final) * (1 + cos(pi * x)) / 2, x = (progress - warmup) /
//   (epochs - warmup) linear     value + (final - value) * x
double value_at(const config::ScheduleSpec& schedule, double progress, std::int64_t epochs);

}  // namespace retort::engine

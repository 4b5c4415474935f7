#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace retort::engine {

double value_at(const config::ScheduleSpec& schedule, double progress, std::int64_t epochs) {
  using Kind = config::ScheduleSpec::Kind;
  if (progress < schedule.warmup_epochs) {
    const double done = progress / schedule.warmup_epochs;
    return schedule.value * (schedule.warmup_start + (1.0 - schedule.warmup_start) * done);
  }
  const double span = static_cast<double>(epochs) - schedule.warmup_epochs;
  const double x = span > 0 ? std::clamp((progress - schedule.warmup_epochs) / span, 0.0, 1.0) : 1.0;
  switch (schedule.kind) {
    case Kind::Constant:
      return schedule.value;
    case Kind::Multistep: {
      const auto passed =
          std::count_if(schedule.milestones.begin(), schedule.milestones.end(),
                        [&](std::int64_t milestone) { return static_cast<double>(milestone) <= progress; });
      return schedule.value * std::pow(schedule.gamma, static_cast<double>(passed));
    }
    case Kind::Cosine:
      return schedule.final_value +
             (schedule.value - schedule.final_value) * 0.5 * (1.0 + std::cos(std::numbers::pi * x));
    case Kind::Linear:
      return schedule.value + (schedule.final_value - schedule.value) * x;
  }
  return schedule.value;
}

}  // namespace retort::engine

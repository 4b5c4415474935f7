#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace retort::engine {

// The parts of a training step.
enum class Phase { Data, Teacher, Student, Loss, Backward, Optimizer };

inline constexpr std::array<Phase, 6> kPhases = {Phase::Data, Phase::Teacher,  Phase::Student,
                                                 Phase::Loss, Phase::Backward, Phase::Optimizer};

inline const char* phase_name(Phase phase) {
  static const char* const names[] = {"data", "teacher", "student", "loss", "backward", "optimizer"};
  return names[static_cast<std::size_t>(phase)];
}

// Where the time of a step goes, in seconds. On a GPU these are the times of launching, unless the caller synchronises.
class PhaseClock {
 public:
  // Ends the running phase, if any, and begins `phase`.
  void begin(Phase phase) {
    end();
    current_ = static_cast<int>(phase);
    started_ = Clock::now();
  }
  void end() {
    if (current_ < 0) return;
    seconds_[static_cast<std::size_t>(current_)] += std::chrono::duration<double>(Clock::now() - started_).count();
    current_ = -1;
  }
  const std::array<double, kPhases.size()>& seconds() const { return seconds_; }
  void reset() { seconds_.fill(0.0); }

 private:
  using Clock = std::chrono::steady_clock;
  std::array<double, kPhases.size()> seconds_{};
  int current_ = -1;
  Clock::time_point started_;
};

}  // namespace retort::engine

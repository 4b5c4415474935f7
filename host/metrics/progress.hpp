#pragma once

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "metrics/report.hpp"

namespace retort::metrics {

// How far a stage is.
struct Progress {
  std::string stage;
  std::int64_t epoch = 0;  // from 1
  std::int64_t epochs = 0;
  double epoch_done = 0.0;  // share of the epoch, 0 to 1
  std::optional<double> loss;
  std::optional<NamedValue> accuracy;  // {"test top-1", 0.71}
  double images_per_second = 0.0;
  std::optional<double> eta_seconds;
};

// "main  epoch 3/30 [=====>      ]  loss 1.234  test top-1 71.00%  5120 images/s  ETA 1:02:03", at most `width`
// characters wide. `color` puts terminal codes, which take no room, around the bar.
std::string progress_line(const Progress& progress, std::size_t width, bool color);

struct ProgressTiming {
  std::chrono::milliseconds redraw{100};     // on a terminal, at least this long between two drawings
  std::chrono::milliseconds report{30'000};  // elsewhere, a line this often within an epoch
};

// Shows a run's progress to a person. On a terminal it is one line, redrawn in place and cut to the terminal's width,
// in colour unless NO_COLOR is set; elsewhere (and for TERM=dumb) a line for each finished epoch, and some within long
// ones. What cannot be written is dropped: showing progress never fails a run. [any thread]
class ProgressLine {
 public:
  // Does not own the descriptor.
  explicit ProgressLine(int descriptor = STDERR_FILENO, ProgressTiming timing = {});
  // One of several runs that write to stderr: lines only, each behind "<label>: ".
  explicit ProgressLine(const std::string& label);
  // Finishes.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(const Progress& progress);
  void epoch_finished(const Progress& progress);
  // Leaves the last state on the terminal and goes to the next line.
  void finish();

  // Runs `print`, which writes whole lines to the same terminal, with the progress line out of its way. Loggers write
  // through this, each line behind the label. `print` must not call back.
  void interrupt(const std::function<void()>& print);
  // "", or "<label>: ".
  const std::string& label() const { return label_; }

 private:
  using Clock = std::chrono::steady_clock;

  void draw();
  void write_plain(const Progress& progress);
  void write_out(const std::string& text) const;

  const int descriptor_;
  const ProgressTiming timing_;
  const std::string label_;
  const bool terminal_;
  const bool color_;
  std::mutex mutex_;
  std::optional<Progress> shown_;  // on a terminal: the state to draw again
  bool stale_ = false;             // shown_ is newer than what stands on the terminal
  Clock::time_point last_output_;
};

}  // namespace retort::metrics

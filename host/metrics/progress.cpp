#include "metrics/progress.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "metrics/escape.hpp"

namespace retort::metrics {
namespace {

constexpr std::size_t kBarCells = 20;
constexpr std::size_t kUsualWidth = 80;
constexpr std::string_view kClearToEnd = "\x1b[K";
constexpr std::string_view kBarColor = "\x1b[36m";
constexpr std::string_view kNoColor = "\x1b[0m";

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool can_redraw(int descriptor) {
  return isatty(descriptor) == 1 && !environment("TERM").empty() && environment("TERM") != "dumb";
}

// A stage's name is the user's: a control character in it must not move the cursor.
std::string printable(std::string_view text) {
  std::string result = valid_utf8(text);
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return result;
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// The first `width` code points of valid UTF-8, taken off `width`.
std::string_view cut(std::string_view text, std::size_t& width) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (continues_character(text[end])) continue;
    if (width == 0) break;
    --width;
  }
  return text.substr(0, end);
}

std::string bar(double done) {
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * kBarCells);
  std::string cells(filled, '=');
  if (filled < kBarCells) cells += '>';
  cells.resize(kBarCells, ' ');
  return "[" + cells + "]";
}

std::string duration(double seconds) {
  const auto total = static_cast<std::int64_t>(std::llround(seconds));
  const auto hours = total / 3600, minutes = total / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60)
                   : fmt::format("{}:{:02}", minutes, total % 60);
}

std::string head(const Progress& progress) {
  return fmt::format("{}  epoch {}/{} ", printable(progress.stage), progress.epoch, progress.epochs);
}

std::string tail(const Progress& progress) {
  std::string text;
  if (progress.loss) text += fmt::format("  loss {:.4g}", *progress.loss);
  if (progress.accuracy) text += fmt::format("  {} {:.2f}%", progress.accuracy->name, 100 * progress.accuracy->value);
  if (progress.images_per_second > 0) {
    text += fmt::format("  {:.{}f} images/s", progress.images_per_second, progress.images_per_second < 10 ? 1 : 0);
  }
  if (progress.eta_seconds && std::isfinite(*progress.eta_seconds)) {
    text += fmt::format("  ETA {}", duration(std::max(0.0, *progress.eta_seconds)));
  }
  return text;
}

// The last column stays free: some terminals wrap when it is written.
std::size_t terminal_width(int descriptor) {
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kUsualWidth) - 1;
}

}  // namespace

std::string progress_line(const Progress& progress, std::size_t width, bool color) {
  const std::string begin = head(progress), middle = bar(progress.epoch_done), end = tail(progress);
  std::string line(cut(begin, width));
  const bool color_bar = color && width > 0;
  if (color_bar) line += kBarColor;
  line += cut(middle, width);
  if (color_bar) line += kNoColor;
  line += cut(end, width);
  return line;
}

ProgressLine::ProgressLine(int descriptor, ProgressTiming timing)
    : descriptor_(descriptor),
      timing_(timing),
      terminal_(can_redraw(descriptor)),
      color_(terminal_ && environment("NO_COLOR").empty()),
      last_output_(terminal_ ? Clock::now() - timing.redraw : Clock::now()) {}

ProgressLine::ProgressLine(const std::string& label)
    : descriptor_(STDERR_FILENO),
      label_(label.empty() ? "" : printable(label) + ": "),
      terminal_(label.empty() && can_redraw(STDERR_FILENO)),
      color_(terminal_ && environment("NO_COLOR").empty()),
      last_output_(terminal_ ? Clock::now() - timing_.redraw : Clock::now()) {}

ProgressLine::~ProgressLine() {
  finish();
}

void ProgressLine::update(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  const bool due = Clock::now() - last_output_ >= (terminal_ ? timing_.redraw : timing_.report);
  if (terminal_) {
    shown_ = progress;
    stale_ = true;
    if (due) draw();
  } else if (due) {
    write_plain(progress);
  }
}

void ProgressLine::epoch_finished(const Progress& progress) {
  if (terminal_) return update(progress);
  const std::lock_guard lock(mutex_);
  write_plain(progress);
}

void ProgressLine::finish() {
  const std::lock_guard lock(mutex_);
  if (!shown_) return;
  if (stale_) draw();
  write_out("\n");
  shown_.reset();
}

void ProgressLine::interrupt(const std::function<void()>& print) {
  const std::lock_guard lock(mutex_);
  if (shown_) write_out(fmt::format("\r{}", kClearToEnd));
  print();
  if (shown_) draw();
}

void ProgressLine::draw() {
  write_out(fmt::format("\r{}{}", progress_line(*shown_, terminal_width(descriptor_), color_), kClearToEnd));
  last_output_ = Clock::now();
  stale_ = false;
}

void ProgressLine::write_plain(const Progress& progress) {
  const auto percent = static_cast<int>(100 * std::clamp(progress.epoch_done, 0.0, 1.0));
  write_out(fmt::format("{}{} {:3}%{}\n", label_, head(progress), percent, tail(progress)));
  last_output_ = Clock::now();
}

void ProgressLine::write_out(const std::string& text) const {
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace retort::metrics

#include "time_limit.hpp"

#include <charconv>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <string_view>

#include "stop_signal.hpp"

namespace retort::run {

std::optional<std::chrono::seconds> parse_time(const std::string& text) {
  constexpr std::string_view kUnits = "dhms";  // in the order in which they may stand
  constexpr std::int64_t kSeconds[] = {86400, 3600, 60, 1};
  constexpr std::int64_t kMost = 100 * 365 * kSeconds[0];
  const char* next = text.data();
  const char* const end = next + text.size();
  std::int64_t total = 0;
  for (std::size_t unit = 0; next != end; ++unit) {
    std::int64_t count = 0;
    const auto [behind, error] = std::from_chars(next, end, count);
    if (error != std::errc() || behind == end || count < 0 || count > kMost) return std::nullopt;
    unit = kUnits.find(*behind, unit);
    if (unit == std::string_view::npos) return std::nullopt;
    total += count * kSeconds[unit];
    next = behind + 1;
  }
  if (total <= 0 || total > kMost) return std::nullopt;
  return std::chrono::seconds(total);
}

TimeLimit::TimeLimit(std::optional<std::chrono::seconds> limit) {
  if (!limit) return;
  const auto deadline = std::chrono::steady_clock::now() + *limit;
  thread_ = std::jthread([this, deadline](const std::stop_token& gone) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_until(lock, gone, deadline, [] { return false; });
    if (gone.stop_requested()) return;
    over_ = true;
    StopSignal::request();
  });
}

}  // namespace retort::run

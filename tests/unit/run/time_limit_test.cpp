#include "run/time_limit.hpp"

#include <gmock/gmock.h>

#include "run/stop_signal.hpp"

namespace retort::run {
namespace {

using namespace std::chrono_literals;

TEST(TimeLimit, ReadsTimes) {
  EXPECT_EQ(parse_time("90s"), 90s);
  EXPECT_EQ(parse_time("45m"), 45min);
  EXPECT_EQ(parse_time("2h30m"), 150min);
  EXPECT_EQ(parse_time("1d12h"), 36h);
  EXPECT_EQ(parse_time("1d1s"), 24h + 1s);
}

TEST(TimeLimit, RefusesOtherText) {
  for (const char* text : {"", "0s", "90", "h", "-1s", "1.5h", "30m2h", "1h 30m", "2x", "1h1h", "99999999999d"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(TimeLimit, AsksForAStopWhenItIsOver) {
  const StopSignal signals;
  const TimeLimit none(std::nullopt), later(3600s), now(0s);
  for (int i = 0; i < 1000 && !StopSignal::requested(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(StopSignal::requested());
  EXPECT_TRUE(now.over());
  EXPECT_FALSE(later.over());
  EXPECT_FALSE(none.over());
}

}  // namespace
}  // namespace retort::run

#include "study/duration.hpp"

#include <gtest/gtest.h>

namespace retort::study {
namespace {

TEST(Duration, HasTheUnitsThatSuitIt) {
  EXPECT_EQ(duration_text(0.44), "0.4 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1 min 00 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(100 * 3600), "100 h 00 min");
}

}  // namespace
}  // namespace retort::study

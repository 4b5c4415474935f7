#include "report/separation.hpp"

#include <gmock/gmock.h>

namespace retort::report {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;

TEST(Separation, WhatDoesNotTouchStays) {
  EXPECT_THAT(separated({1.0, 20.0, 40.0}, {10.0, 10.0}), ElementsAre(1.0, 20.0, 40.0));
}

TEST(Separation, WhatTouchesMovesAsLittleAsPossible) {
  EXPECT_THAT(separated({10.0, 10.0}, {4.0}), ElementsAre(8.0, 12.0));
  EXPECT_THAT(separated({0.0, 10.0, 10.0, 50.0}, {5.0, 4.0, 5.0}),
              ElementsAre(DoubleEq(0.0), DoubleEq(8.0), DoubleEq(12.0), DoubleEq(50.0)));
}

TEST(Separation, TheOrderIsKept) {
  EXPECT_THAT(separated({10.0, 0.0}, {2.0}), ElementsAre(4.0, 6.0));
}

TEST(Separation, NothingToSeparate) {
  EXPECT_TRUE(separated({}, {}).empty());
  EXPECT_TRUE(spread({}, 5.0, 0.0, 10.0).empty());
}

TEST(Spread, LabelsComeInAnyOrderAndStayWithin) {
  EXPECT_THAT(spread({100.0, 99.0, 0.0}, 10.0, 0.0, 100.0), ElementsAre(100.0, 90.0, 0.0));
  EXPECT_THAT(spread({0.0, 0.0}, 10.0, 0.0, 100.0), ElementsAre(0.0, 10.0));
}

TEST(Spread, TooManyLabelsBeginAtTheTop) {
  EXPECT_THAT(spread({5.0, 5.0, 5.0}, 10.0, 0.0, 15.0), ElementsAre(0.0, 10.0, 20.0));
}

}  // namespace
}  // namespace retort::report

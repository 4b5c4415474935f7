#include "report/scale.hpp"

#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>

namespace retort::report {
namespace {

Extent extent(std::initializer_list<double> values) {
  Extent result;
  for (const double value : values) result.add(value);
  return result;
}

std::vector<std::string> labels(const Scale& scale) {
  std::vector<std::string> labels;
  for (const Tick& tick : scale.ticks()) labels.push_back(tick.label);
  return labels;
}

using testing::ElementsAre;

TEST(Extent, OnlyFiniteValuesCount) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Extent found = extent({std::nan(""), 3.0, infinity, -2.0, -infinity});
  EXPECT_EQ(found.low(), -2.0);
  EXPECT_EQ(found.high(), 3.0);
  EXPECT_TRUE(extent({std::nan(""), infinity}).empty());
}

TEST(Scale, TicksAreRoundAndTheEndsAreTicks) {
  const Scale scale(ScaleKind::Linear, extent({0.03, 0.97}), 200.0, 0.0, 5);
  EXPECT_THAT(labels(scale), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_DOUBLE_EQ(scale(0.0), 200.0);
  EXPECT_DOUBLE_EQ(scale(1.0), 0.0);
  EXPECT_DOUBLE_EQ(scale(0.25), 150.0);
}

TEST(Scale, UnroundedEndsStay) {
  const Scale scale(ScaleKind::Linear, extent({20.0, 920.0}), 0.0, 900.0, 5, {.rounded = false});
  EXPECT_DOUBLE_EQ(scale(20.0), 0.0);
  EXPECT_DOUBLE_EQ(scale(920.0), 900.0);
  EXPECT_THAT(labels(scale), ElementsAre("200", "400", "600", "800"));
}

TEST(Scale, WhatIsCountedHasWholeTicks) {
  const Scale epochs(ScaleKind::Linear, extent({1.0, 3.0}), 0.0, 100.0, 6, {.rounded = false, .least_step = 1.0});
  EXPECT_THAT(labels(epochs), ElementsAre("1", "2", "3"));
  const Scale one(ScaleKind::Linear, extent({1.0}), 0.0, 100.0, 6, {.rounded = false, .least_step = 1.0});
  EXPECT_THAT(labels(one), ElementsAre("1"));
}

TEST(Scale, OneValueIsInTheMiddle) {
  for (const double value : {5.0, -3.0, 0.0, 1e-12, 1e12}) {
    const Scale scale(ScaleKind::Linear, extent({value}), 0.0, 100.0, 5, {.rounded = false});
    EXPECT_NEAR(scale(value), 50.0, 1e-6) << value;
    EXPECT_GE(scale.ticks().size(), 2u) << value;
  }
}

TEST(Scale, NoValueIsZeroToOne) {
  const Scale scale(ScaleKind::Logarithmic, Extent(), 0.0, 100.0, 5);
  EXPECT_EQ(scale.kind(), ScaleKind::Linear);
  EXPECT_EQ(scale.low(), 0.0);
  EXPECT_EQ(scale.high(), 1.0);
}

TEST(Scale, ExtremeValuesHavePlacesAndLabelsOfTheirOwn) {
  for (const Extent& ends : {extent({-1e308, 1e308}), extent({1e-310, 2e-310}), extent({1e9, 1e9 + 3.0}),
                             extent({1.0, 1.0 + 1e-15}), extent({-5e-5, 5e-5})}) {
    const Scale scale(ScaleKind::Linear, ends, 0.0, 100.0, 5);
    EXPECT_GE(scale(ends.low()), -1e-9);
    EXPECT_LE(scale(ends.high()), 100.0 + 1e-9);
    const std::vector<std::string> found = labels(scale);
    EXPECT_LE(found.size(), 20u);
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), found.size()) << ends.low();
  }
}

TEST(Scale, LogarithmicTicksArePowersOfTen) {
  const Scale scale(ScaleKind::Logarithmic, extent({1e-4, 10.0}), 0.0, 500.0, 5);
  EXPECT_THAT(labels(scale), ElementsAre("0.0001", "0.001", "0.01", "0.1", "1", "10"));
  EXPECT_NEAR(scale(0.01), 200.0, 1e-9);
  EXPECT_FALSE(std::isfinite(scale(0.0)));
}

TEST(Scale, FewPowersOfTenGetTicksBetween) {
  const Scale scale(ScaleKind::Logarithmic, extent({1.0, 60.0}), 0.0, 100.0, 5);
  EXPECT_THAT(labels(scale), ElementsAre("1", "2", "5", "10", "20", "50"));
}

TEST(Scale, ValuesThatAreNotPositiveHaveALinearScale) {
  EXPECT_EQ(Scale(ScaleKind::Logarithmic, extent({0.0, 1000.0}), 0.0, 1.0, 5).kind(), ScaleKind::Linear);
}

TEST(Scale, LossesThatFallFarAreLogarithmic) {
  EXPECT_EQ(fitting_scale(extent({0.01, 4.0})), ScaleKind::Logarithmic);
  EXPECT_EQ(fitting_scale(extent({1.0, 4.0})), ScaleKind::Linear);
  EXPECT_EQ(fitting_scale(extent({-1.0, 400.0})), ScaleKind::Linear);
  EXPECT_EQ(fitting_scale(Extent()), ScaleKind::Linear);
}

TEST(NumberText, HasTheDigitsThatMatter) {
  EXPECT_EQ(number_text(0.123456), "0.1235");
  EXPECT_EQ(number_text(12345.6), "12346");
  EXPECT_EQ(number_text(5.25e-5), "5.25e-05");
  EXPECT_EQ(number_text(std::nan("")), "not finite");
}

}  // namespace
}  // namespace retort::report

#include "report/series.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "report/study_figures.hpp"

namespace retort::report {
namespace {

const double kNaN = std::nan("");

TEST(Thinned, FewPointsStay) {
  const std::vector<Point> points{{1, 2}, {2, kNaN}, {3, 4}};
  EXPECT_EQ(thinned(points, 10).size(), 3u);
  EXPECT_TRUE(thinned({}, 10).empty());
}

TEST(Thinned, PeaksEndsAndGapsStay) {
  std::vector<Point> points;
  for (int i = 0; i < 10000; ++i) points.push_back({static_cast<double>(i), 1.0});
  points[4321].y = 100.0;
  points[6543].y = -100.0;
  points[8000].y = kNaN;
  const std::vector<Point> few = thinned(points, 100);
  EXPECT_LE(few.size(), 150u);
  EXPECT_EQ(few.front().x, 0.0);
  EXPECT_EQ(few.back().x, 9999.0);
  double low = 0.0;
  double high = 0.0;
  int gaps = 0;
  for (std::size_t i = 0; i < few.size(); ++i) {
    if (i > 0) {
      EXPECT_GE(few[i].x, few[i - 1].x);
    }
    if (std::isnan(few[i].y)) {
      ++gaps;
      continue;
    }
    low = std::min(low, few[i].y);
    high = std::max(high, few[i].y);
  }
  EXPECT_EQ(low, -100.0);
  EXPECT_EQ(high, 100.0);
  EXPECT_EQ(gaps, 1);
}

TEST(Series, ALineNeedsTwoFinitePoints) {
  EXPECT_FALSE(has_line({{.name = "a", .points = {{1, kNaN}, {2, 1}}}}));
  EXPECT_TRUE(has_line({{.name = "a"}, {.name = "b", .points = {{1, 0}, {2, 1}}}}));
  EXPECT_FALSE(has_points({.name = "a", .points = {{1, kNaN}}}));
}

TEST(MeanOf, OnlyWhereAllSeedsHaveAValue) {
  const Series mean = mean_of({{.name = "", .points = {{1, 1.0}, {2, 2.0}, {3, 3.0}}},
                               {.name = "", .points = {{1, 3.0}, {2, kNaN}, {3, 5.0}, {4, 9.0}}}},
                              "group");
  ASSERT_EQ(mean.points.size(), 2u);
  EXPECT_EQ(mean.points[0].y, 2.0);
  EXPECT_EQ(mean.points[1].x, 3.0);
  EXPECT_EQ(mean.points[1].y, 4.0);
  ASSERT_EQ(mean.band.size(), 2u);
  EXPECT_EQ(mean.band[1].low, 3.0);
  EXPECT_EQ(mean.band[1].high, 5.0);
}

TEST(MeanOf, OneSeedHasNoBandAndNoneNoPoints) {
  EXPECT_TRUE(mean_of({{.name = "", .points = {{1, 1.0}}}}, "group").band.empty());
  EXPECT_TRUE(mean_of({}, "group").points.empty());
}

}  // namespace
}  // namespace retort::report

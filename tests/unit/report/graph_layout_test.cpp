#include "report/graph_layout.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace retort::report {
namespace {

std::vector<LayoutBox> boxes(std::size_t count) {
  return std::vector<LayoutBox>(count, LayoutBox{.width = 100.0, .height = 30.0});
}

void expect_apart(const std::vector<LayoutBox>& sizes, const Layout& layout) {
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_GE(layout.boxes[i].x - sizes[i].width / 2, -1e-6);
    EXPECT_LE(layout.boxes[i].x + sizes[i].width / 2, layout.width + 1e-6);
    for (std::size_t j = i + 1; j < sizes.size(); ++j) {
      const bool beside =
          std::abs(layout.boxes[i].x - layout.boxes[j].x) >= (sizes[i].width + sizes[j].width) / 2 - 1e-6;
      const bool above =
          std::abs(layout.boxes[i].y - layout.boxes[j].y) >= (sizes[i].height + sizes[j].height) / 2 - 1e-6;
      EXPECT_TRUE(beside || above) << i << " and " << j;
    }
  }
}

TEST(GraphLayout, AChainIsAColumn) {
  const Layout layout = lay_out(boxes(3), {{0, 1}, {1, 2}});
  EXPECT_DOUBLE_EQ(layout.boxes[0].x, layout.boxes[2].x);
  EXPECT_LT(layout.boxes[0].y, layout.boxes[1].y);
  EXPECT_LT(layout.boxes[1].y, layout.boxes[2].y);
  EXPECT_DOUBLE_EQ(layout.width, 100.0);
}

TEST(GraphLayout, EdgesGoDownAndBoxesDoNotTouch) {
  // A teacher and a student, two terms, one of them through a projector.
  const std::vector<LayoutEdge> edges{{0, 1}, {0, 2}, {1, 3}, {2, 4}, {2, 5}, {5, 6},
                                      {3, 7}, {6, 7}, {4, 8}, {7, 9}, {8, 9}};
  std::vector<LayoutBox> sizes = boxes(10);
  sizes[7].late = sizes[8].late = true;
  const Layout layout = lay_out(sizes, edges);
  expect_apart(sizes, layout);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    ASSERT_GE(layout.edges[i].size(), 2u);
    EXPECT_LT(layout.edges[i].front().y, layout.edges[i].back().y);
  }
  EXPECT_DOUBLE_EQ(layout.boxes[7].y, layout.boxes[8].y);  // both terms above the objective
}

TEST(GraphLayout, CrossingsThatNeedNotBeAreUndone) {
  // Two pairs whose sinks are given in the other order.
  const Layout layout = lay_out(boxes(4), {{0, 3}, {1, 2}});
  const bool crossed = (layout.boxes[0].x < layout.boxes[1].x) != (layout.boxes[3].x < layout.boxes[2].x);
  EXPECT_FALSE(crossed);
}

TEST(GraphLayout, CirclesAndStrangersDoNotMatter) {
  const Layout layout = lay_out(boxes(3), {{0, 1}, {1, 0}, {1, 1}, {2, 9}});
  EXPECT_EQ(layout.boxes.size(), 3u);
  EXPECT_EQ(layout.edges.size(), 4u);
  EXPECT_TRUE(layout.edges[3].empty());
  expect_apart(boxes(3), layout);
  EXPECT_TRUE(lay_out({}, {}).boxes.empty());
}

}  // namespace
}  // namespace retort::report

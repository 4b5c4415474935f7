#include <cmath>
#include <limits>
#include <regex>

#include <gmock/gmock.h>

#include "report/bar_chart.hpp"
#include "report/dot_chart.hpp"
#include "report/graph_drawing.hpp"
#include "report/line_chart.hpp"
#include "report/reliability_diagram.hpp"

namespace retort::report {
namespace {

using testing::HasSubstr;
using testing::Not;

const double kNaN = std::nan("");
const double kInfinity = std::numeric_limits<double>::infinity();

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

// No coordinate that a browser could not read.
void expect_sound(const std::string& svg) {
  EXPECT_FALSE(std::regex_search(svg, std::regex("[\" ,MLHC](-?nan|-?inf)"))) << svg;
  EXPECT_THAT(svg, HasSubstr("role=\"img\""));
  EXPECT_THAT(svg, HasSubstr("aria-label=\""));
}

std::string line_chart(std::vector<Series> series, std::optional<ScaleKind> scale = std::nullopt) {
  return draw(LineChart{.title = "Chart", .series = std::move(series), .scale = scale});
}

TEST(LineChart, NothingToDraw) {
  EXPECT_EQ(line_chart({}), "");
  EXPECT_EQ(line_chart({{.name = "a", .points = {{1, kNaN}, {2, kInfinity}}}}), "");
}

TEST(LineChart, OnePointAndConstants) {
  for (const std::vector<Point>& points :
       {std::vector<Point>{{5, 2}}, {{1, 2}, {2, 2}}, {{1, 0}, {2, 0}}, {{1, 1e300}, {2, -1e300}}}) {
    const std::string svg = line_chart({{.name = "a", .points = points}});
    expect_sound(svg);
    EXPECT_EQ(count(svg, "<circle"), points.size());
  }
}

TEST(LineChart, AGapLiftsThePen) {
  const std::string svg = line_chart({{.name = "a", .points = {{1, 1}, {2, 2}, {3, kNaN}, {4, 1}, {5, 2}}}});
  expect_sound(svg);
  std::smatch path;
  ASSERT_TRUE(std::regex_search(svg, path, std::regex("class=\"line[^\"]*\" d=\"([^\"]*)\"")));
  EXPECT_EQ(count(path[1], "M"), 2u);
  EXPECT_EQ(count(path[1], "L"), 2u);
}

TEST(LineChart, ZeroHasNoPlaceOnALogarithmicScale) {
  expect_sound(line_chart({{.name = "a", .points = {{1, 0}, {2, 100}, {3, 1}}}}, ScaleKind::Logarithmic));
}

TEST(LineChart, NamesAreTextAndLastValuesAreTold) {
  const std::string svg = line_chart({{.name = "<i>&", .points = {{1, 1}, {2, 0.5}}}});
  EXPECT_THAT(svg, HasSubstr("&lt;i&gt;&amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("<i>")));
  EXPECT_THAT(svg, HasSubstr("0.5 in the end"));
}

TEST(LineChart, BandsAndManyLines) {
  std::vector<Series> series;
  for (int i = 0; i < 30; ++i) {
    series.push_back({.name = "line " + std::to_string(i),
                      .points = {{1, 1.0 * i}, {2, 2.0 * i}},
                      .band = {{1, i - 1.0, i + 1.0}, {2, i - 1.0, kNaN}}});
  }
  const std::string svg = line_chart(series);
  expect_sound(svg);
  EXPECT_EQ(count(svg, "<polygon"), 30u);
  // A colour that comes again has other dashes.
  EXPECT_THAT(svg, HasSubstr("line s0 d0"));
  EXPECT_THAT(svg, HasSubstr("line s0 d1"));
}

TEST(LineChart, LongHistoriesStaySmall) {
  Series series{.name = "a"};
  for (int i = 0; i < 100000; ++i) series.points.push_back({1.0 * i, std::sin(i)});
  EXPECT_LT(line_chart({series}).size(), 100000u);
}

TEST(DotChart, GroupsOfAllSizes) {
  const DotChart chart{.title = "Dots",
                       .x = "top1",
                       .groups = {{.name = "none"},
                                  {.name = "one", .values = {{"seed 1", 0.5}}, .mean = 0.5},
                                  {.name = "equal",
                                   .values = {{"seed 1", 0.4}, {"seed 2", 0.4}},
                                   .mean = 0.4,
                                   .low = 0.4,
                                   .high = 0.4,
                                   .mark = 0.45}},
                       .reference = 0.5,
                       .mark_name = "published"};
  const std::string svg = draw(chart);
  expect_sound(svg);
  EXPECT_EQ(count(svg, "<circle"), 3u);
  EXPECT_EQ(draw(DotChart{.title = "Dots", .groups = {{.name = "none"}}}), "");
}

TEST(DotChart, AWideIntervalDoesNotPressTheDotsTogether) {
  DotChart chart{
      .title = "Dots",
      .groups = {
          {.name = "a", .values = {{"seed 1", 1.0}, {"seed 2", 2.0}}, .mean = 1.5, .low = -100.0, .high = 100.0}}};
  const std::string svg = draw(chart);
  expect_sound(svg);
  std::vector<double> places;
  const std::regex circle("<circle cx=\"([0-9.]+)\"");
  for (std::sregex_iterator found(svg.begin(), svg.end(), circle), end; found != end; ++found) {
    places.push_back(std::stod((*found)[1]));
  }
  ASSERT_EQ(places.size(), 2u);
  EXPECT_GT(places[1] - places[0], 0.2 * chart.width);
}

TEST(BarChart, ValuesThatAreNoneCountAsZero) {
  const std::string svg =
      draw(BarChart{.title = "Bars", .bars = {{"a", kNaN, "?"}, {"b", -1.0, "-1"}, {"c", 2.0, "2"}}});
  expect_sound(svg);
  EXPECT_EQ(count(svg, "width=\"0\""), 2u);
  expect_sound(draw(BarChart{.title = "Bars", .bars = {{"a", 0.0, "0"}}}));
  EXPECT_EQ(draw(BarChart{.title = "Bars"}), "");
}

TEST(ReliabilityDiagram, TheErrorIsThatOfTheBins) {
  const ReliabilityPanel panel{.name = "student", .bins = {{0.0, 0.5, 10, 0.4, 0.2}, {0.5, 1.0, 30, 0.9, 1.0}, {}}};
  const std::string svg = draw_reliability("Reliability", {panel, {.name = "teacher"}});
  expect_sound(svg);
  EXPECT_THAT(svg, HasSubstr("ECE 0.1250"));  // 10/40 * 0.2 + 30/40 * 0.1
  EXPECT_THAT(svg, Not(HasSubstr("teacher")));
  EXPECT_EQ(draw_reliability("Reliability", {{.name = "teacher"}}), "");
}

TEST(GraphDrawing, NodesEdgesAndWhatIsBroken) {
  const auto graph = nlohmann::ordered_json::parse(R"({"stage": "s", "nodes": [
      {"id": "a", "kind": "model", "label": "<net>", "detail": "teacher, frozen", "trained": false},
      {"id": "b", "kind": "\"><x", "label": "loss", "detail": "", "trained": true}],
      "edges": [{"from": "a", "to": "b", "label": "x 0.9"}, {"from": "a", "to": "nobody"}]})");
  const std::string svg = draw_graph(graph);
  expect_sound(svg);
  EXPECT_THAT(svg, HasSubstr("&lt;net&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("<x")));
  EXPECT_THAT(svg, HasSubstr("×0.9"));
  EXPECT_EQ(count(svg, "class=\"edge\""), 1u);
  EXPECT_EQ(draw_graph(nlohmann::ordered_json::object()), "");
  EXPECT_EQ(draw_graph(nlohmann::ordered_json()), "");
}

}  // namespace
}  // namespace retort::report

#include "graph_drawing.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "drawing.hpp"
#include "graph_layout.hpp"
#include "json_access.hpp"
#include "markup.hpp"

namespace retort::report {
namespace {

constexpr double kWidestText = 215.0;
constexpr double kSmallFont = 11.0;
constexpr double kMargin = 4.0;
constexpr std::size_t kDetailLines = 3;

struct Box {
  std::string id;
  std::string kind;
  bool trained = false;
  std::string title;
  std::vector<std::string> details;
  std::string everything;  // for whoever points at it
};

// Breaks a text behind commas and spaces.
std::vector<std::string> wrapped(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t space = text.find(' ', begin);
    const std::size_t end = space == std::string::npos ? text.size() : space + 1;
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && text_width(line + word, kSmallFont) > kWidestText) {
      lines.push_back(line);
      line.clear();
    }
    line += word;
    begin = end;
  }
  if (!line.empty()) lines.push_back(line);
  if (lines.size() > kDetailLines) {
    lines.resize(kDetailLines);
    lines.back() += "…";
  }
  return lines;
}

Box read_box(const Json& node) {
  Box box{.id = text_at_key(node, "id"), .kind = text_at_key(node, "kind")};
  box.trained = at(node, "trained") == true;
  const std::string label = text_at_key(node, "label");
  const std::string detail = text_at_key(node, "detail");
  box.title = label;
  if (box.kind != "model" && box.kind != "tap" && box.kind != "objective") box.title = box.kind + " " + label;
  box.details = wrapped(detail);
  // Their label is a list of all of them.
  if (box.kind == "transforms") {
    box.title = box.kind;
    box.details = wrapped(label);
  }
  box.everything = box.id + ": " + label + (detail.empty() ? "" : "\n" + detail);
  return box;
}

double width_of(const Box& box) {
  double width = text_width(elided(box.title, kWidestText));
  for (const std::string& line : box.details) width = std::max(width, text_width(line, kSmallFont));
  return std::min(width, kWidestText + 20.0) + 22.0;
}

double height_of(const Box& box) {
  return 14.0 + kLineHeight * (1.0 + static_cast<double>(box.details.size()));
}

std::string draw_box(const Box& box, const Place& place) {
  const double width = width_of(box);
  const double height = height_of(box);
  const double top = place.y - height / 2;
  std::string text = element("title", {}, escaped(box.everything));
  text += element("rect", {{"x", coordinate(place.x - width / 2)},
                           {"y", coordinate(top)},
                           {"width", coordinate(width)},
                           {"height", coordinate(height)},
                           {"rx", box.kind == "tap" ? coordinate(height / 2) : "5"}});
  double baseline = top + 18.0;
  text += text_at(place.x, baseline, elided(box.title, kWidestText), "middle", "label");
  for (const std::string& line : box.details) {
    baseline += kLineHeight;
    text += text_at(place.x, baseline, line, "middle", "detail");
  }
  // The kind is one of a few words of ours, or what a file says that is not.
  const bool plain = std::all_of(box.kind.begin(), box.kind.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return element("g", {{"class", fmt::format("box {}{}", plain ? box.kind : "", box.trained ? " trained" : "")}}, text);
}

std::string draw_edge(const std::vector<Place>& way) {
  if (way.size() < 2) return "";
  std::string path = fmt::format("M{} {}", coordinate(way[0].x), coordinate(way[0].y));
  for (std::size_t i = 1; i < way.size(); ++i) {
    const double middle = (way[i - 1].y + way[i].y) / 2;
    const double end = way[i].y - (i + 1 < way.size() ? 0.0 : 5.0);
    path += fmt::format("C{} {} {} {} {} {}", coordinate(way[i - 1].x), coordinate(middle), coordinate(way[i].x),
                        coordinate(middle), coordinate(way[i].x), coordinate(end));
  }
  const std::string tip = fmt::format("M{} {}l-4 -7h8z", coordinate(way.back().x), coordinate(way.back().y));
  return element("path", {{"class", "edge"}, {"d", path}}) + element("path", {{"class", "tip"}, {"d", tip}});
}

// In the middle of an edge's last stretch.
std::string draw_edge_label(const std::vector<Place>& way, const std::string& label) {
  if (way.size() < 2 || label.empty()) return "";
  const Place& before = way[way.size() - 2];
  const Place& end = way.back();
  return text_at((before.x + end.x) / 2, (before.y + end.y) / 2 + 2, label, "middle", "edge-label");
}

// "x 0.9" is how plain text writes a weight.
std::string edge_label(const std::string& label) {
  return label.starts_with("x ") ? "×" + label.substr(2) : label;
}

}  // namespace

std::string draw_graph(const Json& stage) {
  std::vector<Box> boxes;
  std::map<std::string, std::size_t> places;
  if (at(stage, "nodes").is_array()) {
    for (const Json& node : at(stage, "nodes")) {
      boxes.push_back(read_box(node));
      places[boxes.back().id] = boxes.size() - 1;
    }
  }
  if (boxes.empty()) return "";
  std::vector<LayoutEdge> edges;
  std::vector<std::string> labels;
  const auto place_of = [&](const std::string& id) {
    const auto found = places.find(id);
    return found == places.end() ? boxes.size() : found->second;
  };
  if (at(stage, "edges").is_array()) {
    for (const Json& edge : at(stage, "edges")) {
      edges.push_back({place_of(text_at_key(edge, "from")), place_of(text_at_key(edge, "to"))});
      labels.push_back(edge_label(text_at_key(edge, "label")));
    }
  }
  std::vector<LayoutBox> sizes;
  for (const Box& box : boxes) sizes.push_back({width_of(box), height_of(box), box.kind == "loss"});
  Layout layout = lay_out(sizes, edges);
  for (Place& place : layout.boxes) place = {place.x + kMargin, place.y + kMargin};
  std::string text;
  for (std::vector<Place>& way : layout.edges) {
    for (Place& point : way) point = {point.x + kMargin, point.y + kMargin};
    text += draw_edge(way);
  }
  for (std::size_t i = 0; i < edges.size(); ++i) text += draw_edge_label(layout.edges[i], labels[i]);
  for (std::size_t i = 0; i < boxes.size(); ++i) text += draw_box(boxes[i], layout.boxes[i]);
  return drawing(layout.width + 2 * kMargin, layout.height + 2 * kMargin,
                 fmt::format("Training graph of the stage {}: {} nodes and {} edges, from the data to the optimizer",
                             text_at_key(stage, "stage"), boxes.size(), edges.size()),
                 text, "graph");
}

}  // namespace retort::report

#pragma once

#include <cstddef>
#include <vector>

// Places for the boxes of a directed graph: in rows from top to bottom, edges going down (Sugiyama et al., 1981).
namespace retort::report {

struct LayoutBox {
  double width = 0.0;
  double height = 0.0;
  bool late = false;  // as far down as its edges allow, instead of as far up
};

struct LayoutEdge {
  std::size_t from = 0;
  std::size_t to = 0;
};

struct Place {
  double x = 0.0;  // of the middle
  double y = 0.0;
};

struct Layout {
  std::vector<Place> boxes;               // in the order given
  std::vector<std::vector<Place>> edges;  // points on the way: below the first box, between others, above the last box
  double width = 0.0;
  double height = 0.0;
};

struct Spacing {
  double across = 18.0;
  double between_rows = 40.0;
};

// Edges of boxes that do not exist and edges in a circle are drawn as if they were not there: their way is empty.
Layout lay_out(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges, const Spacing& spacing = {});

}  // namespace retort::report

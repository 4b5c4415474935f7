#pragma once

#include <retort/projector.hpp>

// The widths that a projector over the last dimension stands between: vectors [C] to vectors, or tokens [T, C] to
// tokens of the same count. Throws ShapeError, with advice, for anything else.
struct LastDimension {
  LastDimension(const retort::ProjectorShapes& shapes, const std::string& projector) {
    const auto& [from, to] = shapes;
    const std::string found = ", found " + retort::shape_text(from) + " and " + retort::shape_text(to);
    if (from.size() > 2 || to.size() > 2) {
      throw retort::ShapeError("the " + projector + " projector joins vectors [C] or tokens [T, C]" + found +
                               "; for feature maps take the conv or the adapter projector, or choose a pooled tap, "
                               "such as penultimate");
    }
    if (from.empty() || from.size() != to.size() || (from.size() == 2 && from[0] != to[0])) {
      throw retort::ShapeError("the " + projector + " projector changes the last dimension alone" + found);
    }
    in = from.back();
    out = to.back();
  }

  std::int64_t in = 0;
  std::int64_t out = 0;
};

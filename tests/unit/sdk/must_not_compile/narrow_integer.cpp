#include <retort/component.hpp>

struct Options {
  int count = 4;
};

auto description = retort::describe<Options>("x", "1.0.0").param(&Options::count, "count", "Too narrow.");

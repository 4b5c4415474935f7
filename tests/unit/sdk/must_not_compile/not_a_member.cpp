#include <retort/component.hpp>

struct Options {
  double temperature = 4;
};

struct Other {
  double alpha = 1;
};

auto description = retort::describe<Options>("x", "1.0.0").param(&Other::alpha, "alpha", "Of another struct.");

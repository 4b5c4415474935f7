#include <retort/component.hpp>

struct Options {
  double temperature = 4;
};

auto description =
    retort::describe<Options>("x", "1.0.0").param(&Options::temperature, "temperature", "Softens.").scheduled();

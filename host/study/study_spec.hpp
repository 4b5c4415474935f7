#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "config/key_path.hpp"

// The table [study] as plain data.
namespace retort::study {

// A key that members set.
struct Target {
  std::string text;      // canonical: "run.seed", "loss.soft.temperature"
  config::KeyPath path;  // at least two parts
  config::Origin origin;
  std::string label;  // its end, as long as it must be to be told from the others: "temperature"; "seed" for run.seed

  // Members that differ in it alone are repetitions of one experiment.
  bool is_seed() const { return text == "run.seed" || text == "student.seed"; }
};

struct Axis {
  Target target;
  std::vector<config::Node> values;  // at least one, no two alike
};

// How a value is drawn. The bounds belong to it.
struct Distribution {
  enum class Kind { Uniform, LogUniform, Integers, Choices };
  Kind kind = Kind::Uniform;
  double min = 0.0;  // uniform, log-uniform
  double max = 0.0;
  std::int64_t first = 0;  // integers
  std::int64_t last = 0;
  std::vector<config::Node> choices;
  config::Origin origin;
};

struct SampledKey {
  Target target;
  Distribution distribution;
};

struct Sample {
  std::int64_t count = 0;
  std::int64_t seed = 1;
  std::vector<SampledKey> keys;
  config::Origin origin;
};

// What is laid over the experiment.
struct Variant {
  std::string name;
  config::Node changes;  // a table, perhaps with `unset`
  config::Origin origin;
};

// A result from the literature, for the members of one group.
struct Published {
  std::string group;
  double top1 = 0.0;
  std::string source;
  config::Origin origin;
};

struct StudySpec {
  bool share_teacher = true;
  std::vector<Axis> axes;
  std::optional<Sample> sample;
  std::vector<Variant> variants;
  std::vector<Published> published;
  config::Origin origin;
};

}  // namespace retort::study

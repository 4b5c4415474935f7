#pragma once

#include <string>
#include <vector>

#include "component_reader.hpp"
#include "stage_plan.hpp"

namespace retort::config {

// A stage among the others.
struct Surroundings {
  const std::string& stage;
  const std::vector<std::string>& earlier;  // the stages that run before it
  const std::vector<std::string>& later;    // all others
};

// Reads the table [teacher]: one model, or an ensemble.
ModelSpec read_teacher(const Node& table, const Surroundings& surroundings, const ReadContext& context);

// Reads a stage's student, which stands where the draft says.
ModelSpec read_student(const Node& table, const StageDraft& draft, const Surroundings& surroundings,
                       const ReadContext& context);

}  // namespace retort::config

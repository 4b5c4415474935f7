#pragma once

#include <string>
#include <vector>

#include "component_reader.hpp"

namespace retort::config {

// What the terms of a stage can look at.
struct TermScope {
  std::string stage;
  std::string key;  // where the table of terms stands: "loss"
  bool has_teacher = false;
};

// What is known of a term only together with its loss.
struct ReadTerm {
  TermSpec term;
  bool looks_at_teacher = false;
};

// Reads the terms of an objective.
std::vector<ReadTerm> read_terms(const Node& table, const TermScope& scope, const ReadContext& context);

}  // namespace retort::config

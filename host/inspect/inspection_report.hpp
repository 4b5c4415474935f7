#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>
#include <retort/dataset.hpp>

#include "inspection.hpp"

namespace retort::inspect {

// All that `retort inspect` found.
struct Inspection {
  std::string run;  // RunDirectory::id()
  std::string stage;
  std::string split;
  ModelInspection student;
  std::optional<ModelInspection> teacher;  // none in a stage that has none
  std::optional<PairInspection> pair;
};

// With everything: histograms, reliability diagrams, the samples' places on the plane.
nlohmann::ordered_json to_json(const Inspection& inspection, const DatasetInfo& data);

// The tables that a person reads.
std::string to_text(const Inspection& inspection, const DatasetInfo& data);

}  // namespace retort::inspect

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment.hpp"

namespace retort::config {

// A stage before it is read: the experiment's tables with the stage's own laid over them.
struct StageDraft {
  std::string name;
  std::optional<Located<std::string>> after;
  std::optional<std::int64_t> seed;
  Node tables;  // dataset, teacher, student, loss, optimizer, schedule
  Origin origin;
  // Where student and terms come from: a teacher that is trained first stands in [teacher], with the keys of a teacher.
  std::string student_key = "student";
  std::string student_spec = "student";  // of its keys, for key_spec()
  std::string loss_key = "loss";
};

// The stages of an experiment, in the order in which they run: by `after`, else as in the file. Without [stage.*] there
// is one, named "student"; a teacher of it that has neither weights nor a package nor a stage is trained before, in a
// stage named "teacher", and such a member of an ensemble in one named "teacher.<member>". Reports an `after` that
// names no stage, and cycles.
std::vector<StageDraft> plan_stages(const Node& document, Diagnostics& diagnostics);

}  // namespace retort::config

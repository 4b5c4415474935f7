#include "adoption.hpp"

#include <algorithm>

#include "config/diagnostics.hpp"
#include "weights/safetensors.hpp"
#include "weights/state.hpp"

namespace retort::run {

bool comes_from_stages(const graph::ModelNode& node) {
  return node.spec.stage.has_value() || std::any_of(node.members.begin(), node.members.end(), comes_from_stages);
}

void adopt_students(const graph::ModelNode& node, const RunDirectory& directory) {
  for (const graph::ModelNode& member : node.members) adopt_students(member, directory);
  if (!node.spec.stage) return;
  const auto& [stage, origin] = *node.spec.stage;
  const auto student = weights::load_tensors(directory.student(stage));
  const auto report = weights::load_state(*node.model, student.tensors);
  if (report.clean()) return;
  config::reject(origin, "the student of stage '" + stage + "' does not fit the " + node.role + ": " + report.text());
}

}  // namespace retort::run

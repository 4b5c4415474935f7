#include "branches.hpp"

#include <retort/nearest.hpp>

#include "forward.hpp"
#include "model_node.hpp"

namespace retort::graph {
namespace {

bool has_tap(const ModelNode& node, const config::Located<std::string>& tap, const std::string& key,
             config::Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const TapInfo& declared : node.model->taps()) {
    if (declared.name == tap.value) return true;
    names.push_back(declared.name);
  }
  diagnostics.error(tap.origin, key + ": " + node.role + " '" + node.spec.model.use.value + "' has no tap '" +
                                    tap.value + "'" + did_you_mean(tap.value, names) + " (it has: " + join(names) +
                                    ")");
  return false;
}

// One side's branches; without any in the experiment, one on the loss's default tap.
bool plan_side(const std::vector<config::BranchSpec>& specs, const std::string& default_tap,
               const config::TermSpec& term, const ModelNode& node, std::vector<Branch>& branches,
               config::Diagnostics& diagnostics) {
  std::vector<config::BranchSpec> wanted = specs;
  if (wanted.empty()) wanted.push_back({});
  bool valid = true;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    config::Located<std::string> tap = wanted[i].tap;
    if (tap.value.empty()) tap = {default_tap, term.loss.use.origin};
    Branch branch{.tap = tap.value,
                  .key = term.loss.key + "." + node.role + (wanted.size() > 1 ? "[" + std::to_string(i) + "]" : ""),
                  .projector_spec = wanted[i].projector,
                  .normalization_spec = wanted[i].normalization};
    valid = has_tap(node, tap, branch.key, diagnostics) && valid;
    branches.push_back(std::move(branch));
  }
  return valid;
}

// Creates what the branch consists of and finds the shape that the loss receives.
void equip_branch(Branch& branch, const ModelNode& node, const Shape& other_side, const Workshop& workshop) {
  branch.tap_shape = node.taps.at(branch.tap);
  if (branch.projector_spec) {
    torch::manual_seed(seed_for(workshop.seed, branch.key + ".projector"));
    branch.projector =
        workshop.registry.make_projector(*branch.projector_spec, {branch.tap_shape, other_side}, workshop.services);
  }
  Shape batched{2};
  batched.insert(batched.end(), branch.tap_shape.begin(), branch.tap_shape.end());
  {
    torch::NoGradGuard no_grad;
    branch.projected_shape = project(branch, torch::zeros(batched)).sizes().slice(1).vec();
  }
  if (branch.normalization_spec) {
    torch::manual_seed(seed_for(workshop.seed, branch.key + ".normalization"));
    branch.normalization =
        workshop.registry.make_normalization(*branch.normalization_spec, branch.projected_shape, workshop.services);
  }
}

void equip_side(std::vector<Branch>& side, const ModelNode& node, const std::vector<Branch>& opposite,
                const ModelNode* opposite_node, const Workshop& workshop) {
  for (std::size_t i = 0; i < side.size(); ++i) {
    const bool paired = opposite_node && i < opposite.size();
    equip_branch(side[i], node, paired ? opposite_node->taps.at(opposite[i].tap) : node.taps.at(side[i].tap), workshop);
  }
}

}  // namespace

std::optional<Term> plan_term(const config::TermSpec& spec, const ModelNode& student, const ModelNode* teacher,
                              const Workshop& workshop, config::Diagnostics& diagnostics) {
  const Descriptor* descriptor = workshop.registry.find(spec.loss, diagnostics);
  if (!descriptor) return std::nullopt;
  Term term{.name = spec.name, .spec = spec.loss, .weight = spec.weight, .schedules = spec.schedules};
  bool valid = plan_side(spec.student, descriptor->student_tap, spec, student, term.student, diagnostics);
  if (!descriptor->teacher_tap.empty() && teacher) {
    valid = plan_side(spec.teacher, descriptor->teacher_tap, spec, *teacher, term.teacher, diagnostics) && valid;
  }
  return valid ? std::optional(std::move(term)) : std::nullopt;
}

bool equip_term(Term& term, const ModelNode& student, const ModelNode* teacher, const Workshop& workshop,
                config::Diagnostics& diagnostics) {
  try {
    if (teacher) equip_side(term.teacher, *teacher, term.student, &student, workshop);
    equip_side(term.student, student, term.teacher, teacher, workshop);
    torch::manual_seed(seed_for(workshop.seed, term.spec.key));
    term.loss = workshop.registry.make_loss(term.spec, workshop.services);
    return true;
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return false;
  }
}

}  // namespace retort::graph

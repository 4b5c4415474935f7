#include "absorb.hpp"

#include <algorithm>

#include "registry/guard.hpp"

namespace retort::graph {
namespace {

// The normalization that every branch of the term ends in; null when they differ or there is none.
const config::ComponentSpec* common_normalization(const Term& term) {
  if (term.teacher.empty() || !term.student.front().normalization_spec) return nullptr;
  const config::ComponentSpec& first = *term.student.front().normalization_spec;
  const auto ends_alike = [&](const Branch& branch) {
    return branch.normalization_spec && branch.normalization_spec->use.value == first.use.value &&
           branch.normalization_spec->params == first.params;
  };
  const bool alike = std::all_of(term.student.begin(), term.student.end(), ends_alike) &&
                     std::all_of(term.teacher.begin(), term.teacher.end(), ends_alike);
  return alike ? &first : nullptr;
}

}  // namespace

void absorb_normalizations(TrainingGraph& graph) {
  for (Term& term : graph.terms) {
    const config::ComponentSpec* const normalization = common_normalization(term);
    if (!normalization) continue;
    const bool taken = registry::guarded(term.spec, "when offered a normalization", [&] {
      return term.loss->absorb(normalization->use.value, normalization->params);
    });
    if (!taken) continue;
    graph.notes.push_back("fuse_losses: loss." + term.name + " normalises both sides itself (" +
                          normalization->use.value + ")");
    for (std::vector<Branch>* side : {&term.student, &term.teacher}) {
      for (Branch& branch : *side) {
        branch.normalization_spec.reset();
        branch.normalization.reset();
      }
    }
  }
}

}  // namespace retort::graph

#pragma once

#include "assembly.hpp"

namespace retort::graph {

// A term with its branches, their taps checked against what the models declare. Projectors, normalizations and the loss
// are not there yet. Empty on an error.
std::optional<Term> plan_term(const config::TermSpec& spec, const ModelNode& student, const ModelNode* teacher,
                              const Workshop& workshop, config::Diagnostics& diagnostics);

// Creates the term's projectors, normalizations and loss, sized by the taps' shapes. A projector reaches from its tap
// to the other side's branch at the same position. False on an error.
bool equip_term(Term& term, const ModelNode& student, const ModelNode* teacher, const Workshop& workshop,
                config::Diagnostics& diagnostics);

}  // namespace retort::graph

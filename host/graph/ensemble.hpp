#pragma once

#include <optional>

#include "assembly.hpp"

namespace retort::graph {

// Creates a teacher of several models. Its logits [N, classes] combine those of its members (Hinton et al. 2015,
// section 5.3, distil the mean of the members' predictions):
//   mean_logits         the mean of the logits: the geometric mean of the predictions, up to a factor
//   mean_probabilities  the logarithm of the mean of the members' probabilities at temperature 1
//   sum_logits          the sum of the logits, as in the code of Kim et al. 2021
// A member's own taps are "<member>.<tap>". Each member has the images normalised its own way. Problems go to
// `diagnostics`; empty on an error.
std::optional<ModelNode> make_ensemble_node(const config::ModelSpec& spec, const DatasetInfo& data, const Shape& image,
                                            const Workshop& workshop, config::Diagnostics& diagnostics);

}  // namespace retort::graph

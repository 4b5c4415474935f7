#pragma once

#include <torch/types.h>

namespace retort::inspect {

// softmax(logits / T) over the last dimension (Hinton et al., 2015, eq. 1), in double precision; T in [0, inf]. At 0 it
// is the limit: all on the largest logit, shared where several are largest. At infinity it is uniform.
torch::Tensor soften(const torch::Tensor& logits, double temperature);

}  // namespace retort::inspect

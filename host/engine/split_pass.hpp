#pragma once

#include <functional>

#include "data/source.hpp"
#include "graph/training_graph.hpp"

namespace retort::engine {

// The taps of `request`, as float32, of one batch.
using BatchVisitor = std::function<void(const data::Batch& batch, const std::map<std::string, torch::Tensor>& taps)>;

// Runs a model over every sample of a source in order, in eval mode and without gradients, computing in `type`; then
// puts the model back into its former mode. Throws registry::ComponentError, and what `visit` throws.
void for_each_batch(const graph::ModelNode& node, const data::Source& source, c10::ScalarType type,
                    const TapRequest& request, const BatchVisitor& visit);

// The same for the samples at `indices` [N] int64, as one batch.
void for_samples(const graph::ModelNode& node, const data::Source& source, const torch::Tensor& indices,
                 c10::ScalarType type, const TapRequest& request, const BatchVisitor& visit);

// What an evaluation looks at: the logits and, when the model declares it, the input of its classifier.
TapRequest evaluated_taps(const graph::ModelNode& node);

}  // namespace retort::engine

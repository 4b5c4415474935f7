#pragma once

#include "config/diagnostics.hpp"
#include "training_graph.hpp"

namespace retort::graph {

// What dry runs are made with: two samples, the same each time.
at::Generator dry_run_generator();
torch::Tensor sample_images(const Shape& image, at::Generator generator);
torch::Tensor sample_target(std::int64_t classes);

// Two samples through the models, on the CPU: the shape of every tap asked for, and the FLOPs of a sample.
// Restores buffers, so that running statistics are as if it had not happened.
bool measure_taps(ModelNode& node, const DatasetInfo& data, const Shape& image, config::Diagnostics& diagnostics);

// One evaluation of the objective and one backward pass: every loss accepts its branches, and `graph.unreached` names
// the trainable parameters without a gradient. An objective that reaches none at all is an error.
void trace_objective(TrainingGraph& graph, config::Diagnostics& diagnostics);

}  // namespace retort::graph

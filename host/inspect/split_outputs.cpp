#include "split_outputs.hpp"

#include "engine/split_pass.hpp"

namespace retort::inspect {
namespace {

torch::Tensor gathered(const graph::ModelNode& node, const std::string& tap, const std::vector<torch::Tensor>& parts) {
  const torch::Tensor whole = torch::cat(parts).flatten(1).cpu().to(torch::kDouble);
  if (!whole.isfinite().all().item<bool>()) {
    throw Error("the " + tap + " of the " + node.role + " '" + node.spec.model.use.value +
                "' are not all finite: there is nothing to look at");
  }
  return whole;
}

}  // namespace

SplitOutputs run_over(const graph::ModelNode& node, const data::Source& source, c10::ScalarType type) {
  const TapRequest request = engine::evaluated_taps(node);
  std::vector<torch::Tensor> logits, penultimate, target;
  engine::for_each_batch(node, source, type, request, [&](const data::Batch& batch, const auto& taps) {
    logits.push_back(taps.at("logits"));
    if (request.contains("penultimate")) penultimate.push_back(taps.at("penultimate"));
    target.push_back(batch.target);
  });
  SplitOutputs outputs{.logits = gathered(node, "logits", logits), .target = torch::cat(target).cpu()};
  if (!penultimate.empty()) outputs.penultimate = gathered(node, "penultimate values", penultimate);
  return outputs;
}

}  // namespace retort::inspect

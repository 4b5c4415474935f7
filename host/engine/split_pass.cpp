#include "split_pass.hpp"

#include "data/normalize.hpp"
#include "data/sampler.hpp"
#include "device.hpp"
#include "graph/forward.hpp"

namespace retort::engine {
namespace {

constexpr std::int64_t kBatch = 500;

// Eval mode for as long as it lives.
class EvalMode {
 public:
  explicit EvalMode(torch::nn::Module& module) : module_(module), was_training_(module.is_training()) {
    module_.eval();
  }
  ~EvalMode() { module_.train(was_training_); }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  torch::nn::Module& module_;
  const bool was_training_;
};

}  // namespace

void for_each_batch(const graph::ModelNode& node, const data::ResidentSource& source, c10::ScalarType type,
                    const TapRequest& request, const BatchVisitor& visit) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval_mode(*node.model);
  const data::Normalize normalize(node.input.mean, node.input.deviation, source.device());
  const data::SequentialSampler sampler(source.size(), kBatch);
  for (std::int64_t i = 0; i < sampler.batches(); ++i) {
    const data::Batch batch = source.batch(source.draw(sampler.indices(i), 0));
    std::map<std::string, torch::Tensor> taps;
    {
      const Autocast autocast(source.device().type(), type);
      const Taps computed = graph::forward_model(node, normalize(batch.images), {}, request);
      for (const std::string& name : request.names()) taps[name] = computed.at(name);
    }
    for (auto& [name, tensor] : taps) tensor = tensor.to(torch::kFloat);
    visit(batch, taps);
  }
}

TapRequest evaluated_taps(const graph::ModelNode& node) {
  std::vector<std::string> taps{"logits"};
  for (const TapInfo& tap : node.model->taps()) {
    if (tap.name == "penultimate") taps.push_back(tap.name);
  }
  return TapRequest(taps);
}

}  // namespace retort::engine

#include "split_pass.hpp"

#include <algorithm>

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

// Runs one model over batches of one source.
class Pass {
 public:
  Pass(const graph::ModelNode& node, const data::Source& source, c10::ScalarType type, const TapRequest& request,
       const BatchVisitor& visit)
      : node_(node),
        source_(source),
        type_(type),
        request_(request),
        visit_(visit),
        eval_mode_(*node.model),
        normalize_(node.input.mean, node.input.deviation, source.device()) {}

  void run(const torch::Tensor& indices) const {
    const data::Draw draw = source_.draw(indices, 0);
    const torch::Tensor images = source_.images(draw, normalize_, torch::kFloat, at::MemoryFormat::Contiguous);
    std::map<std::string, torch::Tensor> taps;
    {
      const Autocast autocast(source_.device().type(), type_);
      const Taps computed = graph::forward_model(node_, images, {}, request_);
      for (const std::string& name : request_.names()) taps[name] = computed.at(name);
    }
    for (auto& [name, tensor] : taps) tensor = tensor.to(torch::kFloat);
    visit_(source_.batch(draw), taps);
  }

 private:
  const graph::ModelNode& node_;
  const data::Source& source_;
  const c10::ScalarType type_;
  const TapRequest& request_;
  const BatchVisitor& visit_;
  const torch::NoGradGuard no_grad_;
  const EvalMode eval_mode_;
  const data::Normalize normalize_;
};

}  // namespace

void for_each_batch(const graph::ModelNode& node, const data::Source& source, c10::ScalarType type,
                    const TapRequest& request, const BatchVisitor& visit) {
  const Pass pass(node, source, type, request, visit);
  const data::SequentialSampler sampler(source.size(), kBatch);
  std::int64_t announced = 0;
  for (std::int64_t i = 0; i < sampler.batches(); ++i) {
    const std::int64_t ahead = source.lookahead() == 0 ? 0 : std::min(sampler.batches(), i + 1 + source.lookahead());
    for (; announced < ahead; ++announced) source.announce(sampler.indices(announced));
    pass.run(sampler.indices(i));
  }
}

void for_samples(const graph::ModelNode& node, const data::Source& source, const torch::Tensor& indices,
                 c10::ScalarType type, const TapRequest& request, const BatchVisitor& visit) {
  if (source.lookahead() != 0) source.announce(indices);
  Pass(node, source, type, request, visit).run(indices);
}

TapRequest evaluated_taps(const graph::ModelNode& node) {
  std::vector<std::string> taps{"logits"};
  for (const TapInfo& tap : node.model->taps()) {
    if (tap.name == "penultimate") taps.push_back(tap.name);
  }
  return TapRequest(taps);
}

}  // namespace retort::engine

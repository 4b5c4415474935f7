#include "evaluation.hpp"

#include <algorithm>

#include "data/normalize.hpp"
#include "data/sampler.hpp"
#include "graph/forward.hpp"

namespace retort::engine {
namespace {

constexpr std::int64_t kBatch = 500;

}  // namespace

Evaluation evaluate(const graph::ModelNode& node, const data::ResidentSource& source, c10::ScalarType type,
                    const torch::Tensor& teacher_predictions) {
  const torch::NoGradGuard no_grad;
  const bool was_training = node.model->is_training();
  node.model->eval();

  const data::Normalize normalize(node.input.mean, node.input.deviation, source.device());
  const data::SequentialSampler sampler(source.size(), kBatch);
  const TapRequest request{"logits"};
  const auto counter = torch::TensorOptions().device(source.device()).dtype(torch::kDouble);
  torch::Tensor sums = torch::zeros({3}, counter);  // loss, top-1, top-5
  std::vector<torch::Tensor> predictions;
  for (std::int64_t i = 0; i < sampler.batches(); ++i) {
    const data::Batch batch = source.batch(source.draw(sampler.indices(i), 0));
    torch::Tensor logits;
    {
      const Autocast autocast(source.device().type(), type);
      logits = graph::forward_model(node, normalize(batch.images), {}, request).at("logits");
    }
    logits = logits.to(torch::kFloat);
    const std::int64_t top = std::min<std::int64_t>(5, logits.size(1));
    const torch::Tensor ranked = std::get<1>(logits.topk(top, 1));
    const torch::Tensor hits = ranked.eq(batch.target.unsqueeze(1));
    const torch::Tensor loss = torch::cross_entropy_loss(logits, batch.target, {}, at::Reduction::Sum);
    sums += torch::stack(
        {loss.to(torch::kDouble), hits.select(1, 0).sum().to(torch::kDouble), hits.sum().to(torch::kDouble)});
    predictions.push_back(ranked.select(1, 0));
  }
  node.model->train(was_training);

  Evaluation evaluation{.samples = source.size(), .predictions = torch::cat(predictions)};
  const torch::Tensor totals = sums.cpu() / static_cast<double>(source.size());
  evaluation.loss = totals[0].item<double>();
  evaluation.top1 = totals[1].item<double>();
  evaluation.top5 = totals[2].item<double>();
  if (teacher_predictions.defined()) {
    evaluation.agreement = evaluation.predictions.eq(teacher_predictions).to(torch::kDouble).mean().item<double>();
  }
  return evaluation;
}

}  // namespace retort::engine

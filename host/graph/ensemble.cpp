#include "ensemble.hpp"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "dry_run.hpp"
#include "forward.hpp"
#include "model_node.hpp"

namespace retort::graph {
namespace {

using config::Combination;

torch::Tensor combined(const std::vector<torch::Tensor>& logits, Combination combination) {
  const torch::Tensor all = torch::stack(logits);  // [members, N, classes]
  switch (combination) {
    case Combination::MeanLogits:
      return all.mean(0);
    case Combination::MeanProbabilities:
      return all.log_softmax(2).logsumexp(0) - std::log(static_cast<double>(logits.size()));
    case Combination::SumLogits:
      return all.sum(0);
  }
  throw Error("unknown combination of an ensemble");
}

// Takes images in [0, 1] and hands them to each member as that one expects them.
class Ensemble final : public Model {
 public:
  Ensemble(std::vector<ModelNode> members, std::vector<std::string> names, Combination combination, Shape image)
      : members_(std::move(members)), names_(std::move(names)), combination_(combination), image_(std::move(image)) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const InputSpec& input = members_[i].input;
      const std::string number = std::to_string(i);
      register_module("member" + number, std::static_pointer_cast<torch::nn::Module>(members_[i].model));
      register_buffer("mean" + number, torch::tensor(input.mean, torch::kFloat).view({-1, 1, 1}));
      register_buffer("deviation" + number, torch::tensor(input.deviation, torch::kFloat).view({-1, 1, 1}));
    }
  }

  std::vector<TapInfo> taps() const override {
    std::vector<TapInfo> all;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      for (const TapInfo& tap : members_[i].model->taps()) all.push_back({names_[i] + "." + tap.name, tap.doc});
    }
    all.push_back({"logits", "The members' logits, combined."});
    return all;
  }

  bool capture_safe() const override {
    return std::all_of(members_.begin(), members_.end(),
                       [](const ModelNode& member) { return member.model->capture_safe(); });
  }

  InputSpec input() const override {
    const auto channels = static_cast<std::size_t>(image_.at(0));
    return {
        .shape = image_, .mean = std::vector<double>(channels, 0.0), .deviation = std::vector<double>(channels, 1.0)};
  }

  Taps forward(const ModelInput& input, const TapRequest& request) override {
    Taps taps(request);
    std::vector<torch::Tensor> logits;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const TapRequest wanted = request_of(i, request);
      if (wanted.names().empty()) continue;
      const torch::Tensor images = (input.images - buffer("mean", i)) / buffer("deviation", i);
      const Taps found = forward_model(members_[i], images, input.target, wanted);
      for (const auto& [name, tensor] : found.tensors()) taps.put(names_[i] + "." + name, tensor);
      if (request.contains("logits")) logits.push_back(found.at("logits").to(torch::kFloat));
    }
    if (!logits.empty()) taps.put("logits", combined(logits, combination_));
    return taps;
  }

 private:
  // to() replaces the tensor behind a buffer's name, so the name is asked each time.
  torch::Tensor buffer(const char* name, std::size_t member) const {
    return named_buffers(/*recurse=*/false)[name + std::to_string(member)];
  }

  TapRequest request_of(std::size_t member, const TapRequest& request) const {
    const std::string prefix = names_[member] + ".";
    std::vector<std::string> wanted;
    for (const std::string& name : request.names()) {
      if (name.starts_with(prefix)) wanted.push_back(name.substr(prefix.size()));
    }
    if (request.contains("logits")) wanted.push_back("logits");
    return TapRequest(std::move(wanted));
  }

  std::vector<ModelNode> members_;
  std::vector<std::string> names_;
  Combination combination_;
  Shape image_;
};

}  // namespace

std::optional<ModelNode> make_ensemble_node(const config::ModelSpec& spec, const DatasetInfo& data, const Shape& image,
                                            const Workshop& workshop, config::Diagnostics& diagnostics) {
  ModelNode node{.role = "teacher", .spec = spec};
  std::vector<std::string> names;
  bool complete = true;
  for (const config::EnsembleMember& member : spec.members) {
    auto made = make_model_node("teacher." + member.name, member.spec, data, image, workshop, diagnostics);
    complete = complete && made && measure_taps(*made, data, image, diagnostics);
    if (!made) continue;
    if (!made->taps.contains("logits")) {
      diagnostics.error(member.spec.model.use.origin,
                        member.spec.model.key + ": '" + member.spec.model.use.value +
                            "' has no tap 'logits', and an ensemble combines its members' logits");
      complete = false;
    }
    node.parameters += made->parameters;
    names.push_back(member.name);
    node.members.push_back(std::move(*made));
  }
  if (!complete) return std::nullopt;
  node.model = std::make_shared<Ensemble>(node.members, std::move(names), spec.combine, image);
  node.input = node.model->input();
  return node;
}

}  // namespace retort::graph

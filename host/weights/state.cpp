#include "weights/state.hpp"

#include <algorithm>
#include <string_view>

#include <torch/utils.h>

#include <retort/nearest.hpp>
#include <retort/shape.hpp>

namespace retort::weights {
namespace {

using TensorMap = std::map<std::string, torch::Tensor>;

constexpr std::size_t kNamesShown = 5;

// What torch.save() of a wrapped model, torch.compile() and training scripts put before every name.
constexpr std::string_view kKnownPrefixes[] = {"module.", "_orig_mod.", "model.", "state_dict."};

bool may_be_missing(std::string_view name) {
  return name.ends_with("num_batches_tracked");
}

LoadReport compare(const TensorMap& state, const TensorMap& tensors) {
  LoadReport report;
  for (const auto& [name, own] : state) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      if (!may_be_missing(name)) report.missing.push_back(name);
    } else if (found->second.sizes() != own.sizes()) {
      report.misshaped.push_back({name, own.sizes().vec(), found->second.sizes().vec()});
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!state.contains(name)) report.unexpected.push_back(name);
  }
  return report;
}

// "3 missing: a, b, c" or "20 missing: a, b, c, d, e and 15 more"
std::string listing(const std::vector<std::string>& items, const char* what) {
  const std::size_t shown = std::min(items.size(), kNamesShown);
  std::string text = std::to_string(items.size()) + " " + what + ": " + join(std::span(items).first(shown));
  if (items.size() > shown) text += " and " + std::to_string(items.size() - shown) + " more";
  return text;
}

// The known prefix that, taken off every unexpected name that has it, yields a missing one; or "".
std::string_view explaining_prefix(const LoadReport& report) {
  for (const std::string_view prefix : kKnownPrefixes) {
    for (const std::string& name : report.unexpected) {
      if (!name.starts_with(prefix)) continue;
      const std::string bare = name.substr(prefix.size());
      if (std::find(report.missing.begin(), report.missing.end(), bare) != report.missing.end()) return prefix;
    }
  }
  return "";
}

// "; names begin with 'module.', which must be removed", "; 'linear.bias' may be 'fc.bias'", or "".
std::string explanation(const LoadReport& report) {
  if (const auto prefix = explaining_prefix(report); !prefix.empty()) {
    return "; names begin with '" + std::string(prefix) + "', which must be removed";
  }
  for (const std::string& name : report.unexpected) {
    if (const std::string near = nearest(name, report.missing); !near.empty()) {
      return "; '" + name + "' may be '" + near + "'";
    }
  }
  return "";
}

}  // namespace

std::map<std::string, torch::Tensor> state_dict(const torch::nn::Module& module) {
  TensorMap state;
  for (const auto& parameter : module.named_parameters()) state[parameter.key()] = parameter.value().detach();
  for (const auto& buffer : module.named_buffers()) state[buffer.key()] = buffer.value().detach();
  return state;
}

std::string LoadReport::text() const {
  std::vector<std::string> parts;
  if (!missing.empty()) parts.push_back(listing(missing, "missing"));
  if (!unexpected.empty()) parts.push_back(listing(unexpected, "unexpected"));
  if (!misshaped.empty()) {
    std::vector<std::string> items;
    for (const auto& [name, expected, found] : misshaped) {
      items.push_back(name + " (expected " + shape_text(expected) + ", found " + shape_text(found) + ")");
    }
    parts.push_back(listing(items, "of another shape"));
  }
  return join(parts, "; ") + explanation(*this);
}

LoadReport load_state(torch::nn::Module& module, const TensorMap& tensors) {
  const torch::NoGradGuard no_grad;
  TensorMap state = state_dict(module);
  LoadReport report = compare(state, tensors);
  if (!report.clean()) return report;
  for (const auto& [name, tensor] : tensors) state.at(name).copy_(tensor);
  return report;
}

}  // namespace retort::weights

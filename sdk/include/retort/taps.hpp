#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include <retort/error.hpp>

namespace retort {

// A named tensor inside a model's forward pass, as the model declares it.
struct TapInfo {
  std::string name;  // "logits", "penultimate", "layer3"
  std::string doc;   // one sentence: where in the network, before or after which operation
};

// The taps that somebody needs from one forward pass.
class TapRequest {
 public:
  TapRequest() = default;
  TapRequest(std::initializer_list<std::string> names) : TapRequest(std::vector<std::string>(names)) {}
  explicit TapRequest(std::vector<std::string> names) : names_(std::move(names)) {
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
  }
  bool contains(std::string_view name) const { return std::binary_search(names_.begin(), names_.end(), name); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;  // sorted
};

// The tensors that a forward pass hands out, by tap name. A model writes them in the order in which it computes them
// and returns as soon as put() says that nothing more is wanted:
//
//   auto x = relu(bn1(conv1(input.images)));
//   if (taps.put("stem", x)) return taps;
class Taps {
 public:
  explicit Taps(const TapRequest& request) : request_(request) {}

  // Keeps `tensor` if the tap was asked for. True when everything asked for is there.
  bool put(std::string_view name, const at::Tensor& tensor) {
    if (request_.contains(name)) tensors_.emplace(name, tensor);
    return tensors_.size() == request_.names().size();
  }

  // Throws Error when the tap was not asked for or the model did not compute it.
  const at::Tensor& at(std::string_view name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw Error("the model computed no tap '" + std::string(name) + "'");
    return found->second;
  }
  bool contains(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }
  const std::map<std::string, at::Tensor, std::less<>>& tensors() const { return tensors_; }

 private:
  TapRequest request_;
  std::map<std::string, at::Tensor, std::less<>> tensors_;
};

}  // namespace retort

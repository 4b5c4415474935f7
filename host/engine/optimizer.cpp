#include "optimizer.hpp"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>

#include <retort/error.hpp>

#include "kernels/optimizer_step.hpp"

namespace retort::engine {
namespace {

// The tensors of one fused call: what has a gradient, and the state that goes with it.
template <std::size_t States>
struct Operands {
  std::vector<torch::Tensor> parameters, gradients;
  std::array<std::vector<torch::Tensor>, States> states;
};

// SGD as PyTorch's, dampening 0: buffer = momentum * buffer + gradient (+ weight_decay * parameter).
class Sgd final : public Optimizer {
 public:
  Sgd(const config::OptimizerSpec& spec, std::vector<ParameterGroup> groups)
      : Optimizer(std::move(groups)), spec_(spec) {
    for (const ParameterGroup& group : groups_) {
      auto& buffers = buffers_.emplace_back();
      for (const NamedParameter& parameter : group.parameters) buffers.push_back(torch::zeros_like(parameter.tensor));
    }
  }

  void step(const torch::Tensor& lr) override {
    torch::NoGradGuard no_grad;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      Operands<1> operands;
      std::vector<kernels::SgdEntry> copied;
      for (std::size_t i = 0; i < groups_[g].parameters.size(); ++i) {
        const torch::Tensor& parameter = groups_[g].parameters[i].tensor;
        if (!parameter.grad().defined()) continue;
        if (torch::Tensor copy = copy_of(parameter); copy.defined()) {
          copied.push_back({parameter, buffers_[g][i], parameter.grad(), std::move(copy)});
          continue;
        }
        operands.parameters.push_back(parameter);
        operands.gradients.push_back(parameter.grad());
        operands.states[0].push_back(buffers_[g][i]);
      }
      if (!copied.empty()) {
        kernels::sgd_step(copied, {spec_.momentum, groups_[g].weight_decay, spec_.nesterov}, lr.to(torch::kFloat));
      }
      if (operands.parameters.empty()) continue;
      // With zero buffers a first step needs no special case; without momentum the operator takes none.
      if (spec_.momentum == 0.0) operands.states[0].clear();
      at::_fused_sgd_(operands.parameters, operands.gradients, operands.states[0], groups_[g].weight_decay,
                      spec_.momentum, lr, /*dampening=*/0.0, spec_.nesterov, /*maximize=*/false,
                      /*is_first_step=*/false);
    }
  }

  std::map<std::string, torch::Tensor> state() const override {
    std::map<std::string, torch::Tensor> state;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (std::size_t i = 0; i < buffers_[g].size(); ++i) {
        state[groups_[g].parameters[i].name + ".momentum"] = buffers_[g][i];
      }
    }
    return state;
  }

 private:
  config::OptimizerSpec spec_;
  std::vector<std::vector<torch::Tensor>> buffers_;
};

// As PyTorch's: Adam (Kingma and Ba, 2015), whose weight decay is a part of the gradient, and AdamW (Loshchilov and
// Hutter, 2019), whose decay is decoupled from it.
class Adam final : public Optimizer {
 public:
  Adam(const config::OptimizerSpec& spec, std::vector<ParameterGroup> groups)
      : Optimizer(std::move(groups)), spec_(spec), decoupled_(spec.kind == config::OptimizerSpec::Kind::AdamW) {
    for (const ParameterGroup& group : groups_) {
      auto& moments = moments_.emplace_back();
      for (const NamedParameter& parameter : group.parameters) {
        moments[0].push_back(torch::zeros_like(parameter.tensor));
        moments[1].push_back(torch::zeros_like(parameter.tensor));
        moments[2].push_back(torch::zeros({}, parameter.tensor.options().dtype(torch::kFloat)));
      }
    }
  }

  void step(const torch::Tensor& lr) override {
    torch::NoGradGuard no_grad;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      Operands<3> operands;
      std::vector<kernels::AdamEntry> copied;
      std::vector<torch::Tensor> counters;
      for (std::size_t i = 0; i < groups_[g].parameters.size(); ++i) {
        const torch::Tensor& parameter = groups_[g].parameters[i].tensor;
        if (!parameter.grad().defined()) continue;
        const auto& moments = moments_[g];
        counters.push_back(moments[2][i]);
        if (torch::Tensor copy = copy_of(parameter); copy.defined()) {
          copied.push_back({parameter, moments[0][i], moments[1][i], moments[2][i], parameter.grad(), std::move(copy)});
          continue;
        }
        operands.parameters.push_back(parameter);
        operands.gradients.push_back(parameter.grad());
        for (std::size_t s = 0; s < 3; ++s) operands.states[s].push_back(moments_[g][s][i]);
      }
      if (!counters.empty()) at::_foreach_add_(counters, 1);
      if (!copied.empty()) {
        kernels::adam_step(copied, {spec_.beta1, spec_.beta2, spec_.eps, groups_[g].weight_decay, decoupled_},
                           lr.to(torch::kFloat));
      }
      if (operands.parameters.empty()) continue;
      if (decoupled_) {
        at::_fused_adamw_(operands.parameters, operands.gradients, operands.states[0], operands.states[1], {},
                          operands.states[2], lr, spec_.beta1, spec_.beta2, groups_[g].weight_decay, spec_.eps,
                          /*amsgrad=*/false, /*maximize=*/false);
      } else {
        at::_fused_adam_(operands.parameters, operands.gradients, operands.states[0], operands.states[1], {},
                         operands.states[2], lr, spec_.beta1, spec_.beta2, groups_[g].weight_decay, spec_.eps,
                         /*amsgrad=*/false, /*maximize=*/false);
      }
    }
  }

  std::map<std::string, torch::Tensor> state() const override {
    static const char* const quantities[] = {".mean", ".square", ".steps"};
    std::map<std::string, torch::Tensor> state;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (std::size_t i = 0; i < groups_[g].parameters.size(); ++i) {
        for (std::size_t s = 0; s < 3; ++s) state[groups_[g].parameters[i].name + quantities[s]] = moments_[g][s][i];
      }
    }
    return state;
  }

 private:
  config::OptimizerSpec spec_;
  bool decoupled_;
  // Per group: means, squares and step counts of its parameters.
  std::vector<std::array<std::vector<torch::Tensor>, 3>> moments_;
};

}  // namespace

std::vector<ParameterGroup> parameter_groups(const config::OptimizerSpec& spec,
                                             std::vector<NamedParameter> parameters) {
  ParameterGroup decayed{spec.weight_decay, {}}, plain{0.0, {}};
  for (NamedParameter& parameter : parameters) {
    const bool decay = spec.decay_1d || parameter.tensor.dim() != 1;
    (decay ? decayed : plain).parameters.push_back(std::move(parameter));
  }
  std::vector<ParameterGroup> groups;
  if (!decayed.parameters.empty()) groups.push_back(std::move(decayed));
  if (!plain.parameters.empty()) groups.push_back(std::move(plain));
  return groups;
}

void Optimizer::zero_grad() {
  for (const ParameterGroup& group : groups_) {
    for (const NamedParameter& parameter : group.parameters) parameter.tensor.mutable_grad().reset();
  }
}

std::vector<torch::Tensor> Optimizer::gradients() const {
  std::vector<torch::Tensor> gradients;
  for (const ParameterGroup& group : groups_) {
    for (const NamedParameter& parameter : group.parameters) {
      if (parameter.tensor.grad().defined()) gradients.push_back(parameter.tensor.grad());
    }
  }
  return gradients;
}

void Optimizer::load_state(const std::map<std::string, torch::Tensor>& saved) {
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : state()) {
    const auto found = saved.find(name);
    if (found == saved.end()) throw Error("the optimizer's state has no '" + name + "'");
    if (found->second.sizes() != tensor.sizes()) throw Error("the optimizer's '" + name + "' has another shape");
    tensor.copy_(found->second);
  }
}

std::unique_ptr<Optimizer> make_optimizer(const config::OptimizerSpec& spec, std::vector<NamedParameter> parameters) {
  auto groups = parameter_groups(spec, std::move(parameters));
  if (spec.kind == config::OptimizerSpec::Kind::Sgd) return std::make_unique<Sgd>(spec, std::move(groups));
  return std::make_unique<Adam>(spec, std::move(groups));
}

torch::Tensor total_norm(const std::vector<torch::Tensor>& gradients) {
  if (gradients.empty()) return torch::zeros({});
  return torch::stack(at::_foreach_norm(gradients, 2)).norm();
}

torch::Tensor clip_norm(const std::vector<torch::Tensor>& gradients, double limit) {
  const torch::Tensor norm = total_norm(gradients);
  if (!gradients.empty()) at::_foreach_mul_(gradients, (limit / (norm + 1e-6)).clamp_max(1.0));
  return norm;
}

}  // namespace retort::engine

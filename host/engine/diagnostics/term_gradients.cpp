#include "term_gradients.hpp"

#include <cmath>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

namespace retort::engine {
namespace {

using torch::autograd::variable_list;

variable_list gradients_of(const at::Tensor& term, const variable_list& parameters) {
  if (!term.requires_grad()) return variable_list(parameters.size());
  return torch::autograd::grad({term}, parameters, {}, /*retain_graph=*/true, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

// Inner products of all pairs of gradients [terms, terms], one parameter after the other: no term's gradient is laid
// out as a whole.
at::Tensor inner_products(const std::vector<variable_list>& gradients, const variable_list& parameters) {
  const auto terms = static_cast<std::int64_t>(gradients.size());
  torch::Tensor products = torch::zeros({terms, terms}, torch::kDouble);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    std::vector<torch::Tensor> rows;
    for (const variable_list& gradient : gradients) {
      rows.push_back((gradient[p].defined() ? gradient[p] : torch::zeros_like(parameters[p])).flatten());
    }
    const torch::Tensor stacked = torch::stack(rows).to(torch::kDouble);
    products = products.to(stacked.device()) + stacked.mm(stacked.t());
  }
  return products.cpu();
}

}  // namespace

TermGradients term_gradients(const std::vector<at::Tensor>& terms, const std::vector<at::Tensor>& parameters) {
  std::vector<variable_list> gradients;
  for (const at::Tensor& term : terms) gradients.push_back(gradients_of(term, parameters));
  const torch::NoGradGuard no_grad;
  const torch::Tensor products = inner_products(gradients, parameters);
  const auto product = products.accessor<double, 2>();
  TermGradients result;
  const auto count = static_cast<std::int64_t>(terms.size());
  for (std::int64_t i = 0; i < count; ++i) result.norms.push_back(std::sqrt(product[i][i]));
  for (std::int64_t i = 0; i < count; ++i) {
    result.cosines.emplace_back();
    for (std::int64_t j = 0; j < count; ++j) {
      const double lengths = result.norms[static_cast<std::size_t>(i)] * result.norms[static_cast<std::size_t>(j)];
      result.cosines.back().push_back(lengths == 0.0 ? 0.0 : product[i][j] / lengths);
    }
  }
  return result;
}

}  // namespace retort::engine

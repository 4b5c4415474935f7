#include <torch/nn/init.h>

#include <retort/plugin.hpp>

#include "../last_dimension.hpp"

enum class Map { Cayley, Exponential };

struct Options {
  Map map = Map::Cayley;
};

// z -> W z over the last dimension of vectors [N, C] or tokens [N, T, C], without a bias, where W [out, in] has
// orthonormal rows (out <= in) or columns (in <= out) whatever the optimizer does. With n = max(in, out) and
// k = min(in, out), W or its transpose is the first k columns of B Q(A):
//   B  a random orthogonal matrix [n, n], drawn once and kept
//   A  = L - L^T [n, n], L the strictly lower triangle of the trained matrix [n, k], zero in its other columns; 0 at
//      first, where weight decay pulls it back to
//   Q  cayley       (I - A/2)^-1 (I + A/2)
//      exponential  exp(A)
// as torch.nn.utils.parametrizations.orthogonal with these maps and a base. W is computed in double precision in each
// forward pass: about n k^2 operations for cayley, n^3 for exponential.
class Orthogonal final : public retort::Projector {
 public:
  Orthogonal(const retort::ProjectorShapes& shapes, const Options& options) : options_(options) {
    const LastDimension width(shapes, "orthogonal");
    wide_ = width.in >= width.out;
    const std::int64_t n = std::max(width.in, width.out);
    lower_ = register_parameter("lower", torch::zeros({n, std::min(width.in, width.out)}));
    const torch::Tensor base = torch::nn::init::orthogonal_(torch::empty({n, n}, torch::kDouble));
    base_ = register_buffer("base", base.to(torch::kFloat));
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    const torch::Tensor tall = base_.to(torch::kDouble).matmul(columns(lower_.to(torch::kDouble).tril(-1)));
    return torch::linear(features, (wide_ ? tall.t() : tall).to(features.scalar_type()));
  }

  // The solver waits for what went wrong, the exponential for how many terms its series needs.
  bool capture_safe() const override { return false; }

 private:
  // The first k columns of Q(A) [n, k].
  torch::Tensor columns(const torch::Tensor& lower) const {
    const std::int64_t n = lower.size(0), k = lower.size(1);
    const torch::Tensor unit = torch::eye(n, k, lower.options());
    if (options_.map == Map::Cayley && 2 * k < n) return low_rank_cayley(lower, unit);
    const torch::Tensor left = torch::constant_pad_nd(lower, {0, n - k});
    const torch::Tensor skew = left - left.t();
    if (options_.map == Map::Exponential) return torch::matrix_exp(skew).slice(1, 0, k);
    return torch::linalg_solve(torch::eye(n, lower.options()) - skew / 2, unit + skew.slice(1, 0, k) / 2);
  }

  // A = L E^T - E L^T = U V^T with U = [L, -E], V = [E, L] and E the first k columns of I, so that by Woodbury
  // Q(A) = I + U (I - V^T U / 2)^-1 V^T: a system of 2k equations in place of n.
  static torch::Tensor low_rank_cayley(const torch::Tensor& lower, const torch::Tensor& unit) {
    const torch::Tensor u = torch::cat({lower, -unit}, 1);
    const torch::Tensor vt = torch::cat({unit, lower}, 1).t();
    const torch::Tensor system = torch::eye(u.size(1), lower.options()) - vt.matmul(u) / 2;
    return unit + u.matmul(torch::linalg_solve(system, vt.matmul(unit)));
  }

  Options options_;
  bool wide_ = false;
  torch::Tensor lower_;
  torch::Tensor base_;
};

RETORT_PLUGIN(
    Orthogonal,
    retort::describe<Options>("orthogonal", "1.0.0")
        .summary("One trained linear map with orthonormal rows or columns, over the last dimension of vectors or "
                 "tokens.")
        .reference("Miles, Elezi and Deng 2024, VkD: Improving Knowledge Distillation using Orthogonal Projections")
        .param(&Options::map, "map", "From skew-symmetric to orthogonal matrices; cayley is the cheaper.",
               {{"cayley", Map::Cayley}, {"exponential", Map::Exponential}}));

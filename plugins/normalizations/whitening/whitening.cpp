#include <retort/plugin.hpp>

struct Options {
  std::int64_t iterations = 5;
  double eps = 1e-5;
};

// S^(-1/2) (x - mean) per sample (or position of a map), S = covariance + eps I over the batch (and the positions) that
// is passed in: uncorrelated channels of unit variance, turned as little as possible (ZCA).
//
// S^(-1/2) comes from Newton's iteration, not from eigenvectors, whose gradients explode where two eigenvalues meet:
// with N = S / trace(S), Y_0 = N and Z_0 = I,
//   T = (3 I - Z Y) / 2,  Y <- Y T,  Z <- T Z,   Z -> N^(-1/2),   S^(-1/2) = Z / sqrt(trace(S))
// In this coupled form rounding errors do not grow. A direction of eigenvalue a of N is scaled by at most
// 1.5^iterations / sqrt(trace(S)): directions in which the batch hardly varies (all that it cannot span, when it is
// smaller than the number of channels) are whitened in part, however small eps is.
class Whitening final : public retort::Normalization {
 public:
  Whitening(const retort::Shape& shape, const Options& options) : options_(options) {
    if (shape.size() != 1 && shape.size() != 3) {
      throw retort::ShapeError("whitening takes vectors [C] or feature maps [C, H, W], found " +
                               retort::shape_text(shape) + "; layer_norm and l2 take tokens");
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    const torch::Tensor last = features.movedim(1, -1);
    const torch::Tensor rows = last.flatten(0, -2);  // [samples, C]
    const torch::Tensor centered = rows - rows.mean(0);
    const torch::Tensor unit = torch::eye(rows.size(1), rows.options());
    const torch::Tensor covariance = centered.t().matmul(centered) / rows.size(0) + options_.eps * unit;
    return centered.matmul(inverse_root(covariance, unit)).view_as(last).movedim(-1, 1);
  }

 private:
  torch::Tensor inverse_root(const torch::Tensor& matrix, const torch::Tensor& unit) const {
    const torch::Tensor trace = matrix.trace();
    torch::Tensor y = matrix / trace;
    torch::Tensor z = unit;
    for (std::int64_t i = 0; i < options_.iterations; ++i) {
      const torch::Tensor step = 1.5 * unit - 0.5 * z.matmul(y);
      y = y.matmul(step);
      z = step.matmul(z);
    }
    return z / trace.sqrt();
  }

  Options options_;
};

RETORT_PLUGIN(
    Whitening,
    retort::describe<Options>("whitening", "1.0.0")
        .summary("Uncorrelated channels of zero mean and unit variance (ZCA by Newton's iteration), without scale or "
                 "shift: statistics of the batch at hand, in training and in evaluation; none are kept.")
        .reference("Huang et al. 2019, Iterative Normalization: Beyond Standardization towards Efficient Whitening")
        .param(&Options::iterations, "iterations",
               "Newton steps: the more, the nearer are weak directions to unit variance.", retort::Range::at_least(1))
        .param(&Options::eps, "eps", "Added to the variance of each channel.", retort::Range::greater_than(0)));

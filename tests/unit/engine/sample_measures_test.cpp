#include "engine/sample_measures.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace retort::engine {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

torch::Tensor rows(const std::vector<double>& values, std::int64_t columns) {
  return torch::tensor(values, torch::kDouble).view({-1, columns});
}

std::vector<double> values(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

double entropy_of(const std::vector<double>& logits) {
  const auto columns = static_cast<std::int64_t>(logits.size());
  return entropy(torch::log_softmax(rows(logits, columns), 1)).item<double>();
}

TEST(Entropy, IsThatOfTheSoftmax) {
  const double z = std::exp(6.0) + std::exp(3.0) + std::exp(1.0);
  double expected = 0.0;
  for (const double logit : {6.0, 3.0, 1.0}) expected -= std::exp(logit) / z * (logit - std::log(z));
  EXPECT_NEAR(entropy_of({6, 3, 1}), expected, 1e-14);
}

TEST(Entropy, IsLargestWhenAllClassesAreAlike) {
  EXPECT_NEAR(entropy_of({2, 2, 2, 2}), std::log(4.0), 1e-14);
}

TEST(Entropy, OfCertaintyIsZero) {
  EXPECT_EQ(entropy_of({5}), 0.0) << "one class";
  EXPECT_EQ(entropy_of({0, -1e30, -kInfinity}), 0.0) << "the others have no probability";
  EXPECT_EQ(entropy(torch::log_softmax(torch::tensor({{0.0F, -1e30F}}), 1)).item<float>(), 0.0F);
}

TEST(TopLogitDifference, IsTheLeadOverTheSecondWhenRightAndTheLagBehindTheFirstWhenWrong) {
  const torch::Tensor logits = rows({6, 3, 1,  // right
                                     6, 3, 1,  // the second is true
                                     6, 3, 1,  // the third is
                                     -1, -4, -2},
                                    3);
  const torch::Tensor target = torch::tensor({0, 1, 2, 0}, torch::kInt64);
  EXPECT_EQ(values(top_logit_difference(logits, target)), (std::vector<double>{3, -3, -5, 1}));
}

TEST(TopLogitDifference, IsZeroForATieAtTheTop) {
  const torch::Tensor logits = rows({4, 4, 1, 4, 4, 1}, 3);
  EXPECT_EQ(values(top_logit_difference(logits, torch::tensor({0, 1}, torch::kInt64))), (std::vector<double>{0, 0}));
}

TEST(TopLogitDifference, IsInfiniteWithOneClass) {
  EXPECT_EQ(values(top_logit_difference(rows({7}, 1), torch::zeros({1}, torch::kInt64))),
            (std::vector<double>{kInfinity}));
}

TEST(SampleNorm, IsEuclideanOverAllThatASampleHas) {
  EXPECT_EQ(values(sample_norm(rows({3, 4, 0, 5, 12, 0}, 3))), (std::vector<double>{5, 13}));
  EXPECT_EQ(values(sample_norm(torch::ones({2, 4, 2, 2}, torch::kDouble))), (std::vector<double>{4, 4}));
}

}  // namespace
}  // namespace retort::engine

#include "engine/diagnostics/term_gradients.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace retort::engine {
namespace {

class TermGradientsTest : public testing::Test {
 protected:
  torch::Tensor p_ = torch::tensor({1.0, 2.0}).set_requires_grad(true);
  torch::Tensor q_ = torch::tensor({3.0}).set_requires_grad(true);
};

TEST_F(TermGradientsTest, HaveNormsAndCosines) {
  // Gradients (p1, p2, q): (2, 4, 0), (3, 0, 1), (-2, -4, 0).
  const auto squares = p_.square().sum();
  const auto found = term_gradients({squares, (p_[0] * q_).sum(), -squares}, {p_, q_});
  ASSERT_EQ(found.norms.size(), 3U);
  EXPECT_NEAR(found.norms[0], std::sqrt(20.0), 1e-12);
  EXPECT_NEAR(found.norms[1], std::sqrt(10.0), 1e-12);
  EXPECT_NEAR(found.cosines[0][1], 6.0 / std::sqrt(200.0), 1e-12);
  EXPECT_NEAR(found.cosines[1][0], 6.0 / std::sqrt(200.0), 1e-12);
  EXPECT_NEAR(found.cosines[0][2], -1.0, 1e-12);
  EXPECT_NEAR(found.cosines[0][0], 1.0, 1e-12);
}

TEST_F(TermGradientsTest, AreZeroForATermThatReachesNothing) {
  const auto elsewhere = torch::ones({1}).set_requires_grad(true);
  const auto found = term_gradients({p_.sum(), elsewhere.sum(), torch::tensor(1.0)}, {p_, q_});
  EXPECT_NEAR(found.norms[0], std::sqrt(2.0), 1e-12);
  for (const std::size_t term : {1U, 2U}) {
    EXPECT_EQ(found.norms[term], 0.0);
    EXPECT_EQ(found.cosines[0][term], 0.0);
  }
}

TEST_F(TermGradientsTest, LeaveGraphAndGradientsForTheStep) {
  const auto term = p_.square().sum();
  term_gradients({term}, {p_, q_});
  EXPECT_FALSE(p_.grad().defined());
  term.backward();
  EXPECT_TRUE(torch::equal(p_.grad(), torch::tensor({2.0F, 4.0F})));
}

}  // namespace
}  // namespace retort::engine

#include "study/sampling.hpp"

#include <algorithm>
#include <cmath>

#include "experiment_text.hpp"

namespace retort::study {
namespace {

Sample sample(const std::string& keys, int count, int seed = 1) {
  return *read_spec("[study.sample]\ncount = " + std::to_string(count) + "\nseed = " + std::to_string(seed) +
                    "\n[study.sample.keys]\n" + keys)
              ->sample;
}

std::vector<std::vector<double>> numbers(const Sample& spec) {
  config::Diagnostics diagnostics;
  std::vector<std::vector<double>> all;
  for (const auto& combination : draw(spec, diagnostics)) {
    all.emplace_back();
    for (const config::Node& value : combination) all.back().push_back(value.scalar().number());
  }
  EXPECT_EQ(diagnostics.text(), "");
  return all;
}

const std::string kLr = "\"optimizer.lr\" = { log_uniform = [1e-4, 1.0] }\n";
const std::string kEpochs = "\"schedule.epochs\" = { integers = [1, 4] }\n";

TEST(Sampling, FollowsFromTheSeed) {
  EXPECT_EQ(numbers(sample(kLr + kEpochs, 20)), numbers(sample(kLr + kEpochs, 20)));
  EXPECT_NE(numbers(sample(kLr + kEpochs, 20, 1)), numbers(sample(kLr + kEpochs, 20, 2)));
}

TEST(Sampling, MoreCombinationsBeginWithTheSame) {
  auto many = numbers(sample(kLr, 30));
  many.resize(10);
  EXPECT_EQ(many, numbers(sample(kLr, 10)));
}

TEST(Sampling, AKeysValuesDependOnNoOtherKey) {
  const auto alone = numbers(sample(kLr, 10));
  const auto together = numbers(sample(kEpochs + kLr, 10));
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(alone[i][0], together[i][1]);
}

// 2000 draws: the standard error of a mean is at most 0.5 / sqrt(2000) of the range, and five of them are allowed.
TEST(Sampling, FollowsTheDistributions) {
  const auto drawn = numbers(sample(
      kLr + "\"loss.soft.weight\" = { uniform = [-1, 3] }\n" + "\"schedule.epochs\" = { integers = [1, 1000] }\n",
      2000));
  double log_mean = 0.0, mean = 0.0, integer_mean = 0.0;
  for (const auto& values : drawn) {
    log_mean += std::log10(values[0]) / 2000;
    mean += values[1] / 2000;
    integer_mean += values[2] / 2000;
    EXPECT_TRUE(values[0] >= 1e-4 && values[0] <= 1.0);
    EXPECT_TRUE(values[1] >= -1 && values[1] <= 3);
    EXPECT_TRUE(values[2] >= 1 && values[2] <= 1000 && values[2] == std::floor(values[2]));
  }
  EXPECT_NEAR(log_mean, -2.0, 4 * 0.056);
  EXPECT_NEAR(mean, 1.0, 4 * 0.056);
  EXPECT_NEAR(integer_mean, 500.5, 1000 * 0.056);
}

TEST(Sampling, DrawsNoCombinationTwice) {
  auto drawn = numbers(sample(kEpochs, 4));
  std::sort(drawn.begin(), drawn.end());
  EXPECT_EQ(drawn, (std::vector<std::vector<double>>{{1}, {2}, {3}, {4}}));
}

TEST(Sampling, SaysWhenThereAreNotEnoughCombinations) {
  config::Diagnostics diagnostics;
  EXPECT_EQ(draw(sample(kEpochs, 5), diagnostics).size(), 4u);
  EXPECT_EQ(diagnostics.text(),
            "e.toml:19:1: error: study.sample: 5 different combinations were asked for, only 4 were found\n");
}

}  // namespace
}  // namespace retort::study

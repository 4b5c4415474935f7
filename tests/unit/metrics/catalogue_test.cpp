#include "metrics/catalogue.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../temporary_folder.hpp"

namespace retort::metrics {
namespace {

using ::testing::HasSubstr;

TEST(Catalogue, IsInTheOrderOfItsIds) {
  for (std::size_t i = 0; i < catalogue().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(catalogue()[i].id), i) << catalogue()[i].name;
  }
  EXPECT_EQ(catalogue().back().id, Metric::ProcessStartTime);
  EXPECT_EQ(spec(Metric::Loss).name, "retort_loss");
}

TEST(Catalogue, NamesFollowPrometheusPractice) {
  std::set<std::string> names;
  for (const MetricSpec& spec : catalogue()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name << " appears twice";
    EXPECT_TRUE(std::regex_match(spec.name, std::regex("(retort|process)_[a-z0-9_]+"))) << spec.name;
    EXPECT_EQ(spec.name.ends_with("_total"), spec.type == MetricType::Counter) << spec.name;
    EXPECT_FALSE(spec.help.empty()) << spec.name;
    EXPECT_THAT(spec.name, HasSubstr(spec.unit.empty() ? "_" : "_" + spec.unit)) << "the unit belongs in the name";
  }
}

TEST(Catalogue, OnlyHistogramsHaveBucketsAndTheyRise) {
  for (const MetricSpec& spec : catalogue()) {
    EXPECT_EQ(spec.buckets.empty(), spec.type != MetricType::Histogram) << spec.name;
    EXPECT_TRUE(std::is_sorted(spec.buckets.begin(), spec.buckets.end(), std::less_equal<>())) << spec.name;
  }
  EXPECT_EQ(spec(Metric::StepDuration).buckets.front(), 0.001);
  EXPECT_EQ(spec(Metric::StepDuration).buckets.back(), 60.0);
}

TEST(Catalogue, ReadmeHoldsTheTable) {
  EXPECT_THAT(file_text(RETORT_TOOLS "/README.md"), HasSubstr("\n\n" + catalogue_table() + "\n"))
      << "paste the output of retort-metrics-table into tools/prometheus/README.md";
}

// A histogram is queried by the names of its series.
std::string base_name(std::string name) {
  return std::regex_replace(name, std::regex("_(bucket|count|sum)$"), "");
}

TEST(Catalogue, HoldsEveryMetricThatTheAlertRulesName) {
  std::set<std::string> known;
  for (const MetricSpec& spec : catalogue()) known.insert(spec.name);
  const std::regex name("\\bretort_[a-z_]+");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RETORT_TOOLS)) {
    if (entry.path().extension() != ".yml") continue;
    const std::string text = file_text(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), name), end; match != end; ++match, ++found) {
      EXPECT_TRUE(known.contains(match->str()) || known.contains(base_name(match->str())))
          << entry.path() << " names " << match->str();
    }
  }
  EXPECT_GT(found, 10U);
}

}  // namespace
}  // namespace retort::metrics

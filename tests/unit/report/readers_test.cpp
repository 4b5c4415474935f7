#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "report/json_access.hpp"
#include "report/prometheus_text.hpp"
#include "report/run_events.hpp"

namespace retort::report {
namespace {

TEST(PrometheusText, LabelsAndValues) {
  const auto samples = read_prometheus(
      "# HELP a b\n# TYPE a counter\na 3\nb{x=\"1\",y=\"q\\\"\\\\\\n,}\"} 2.5e-3\nc{le=\"+Inf\"} +Inf\n"
      "torn{x=\"\nno_value\n\n");
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].value, 3.0);
  EXPECT_EQ(samples[1].label("x"), "1");
  EXPECT_EQ(samples[1].label("y"), "q\"\\\n,}");
  EXPECT_EQ(samples[1].value, 2.5e-3);
  EXPECT_EQ(samples[2].label("missing"), "");
}

TEST(RunEvents, FurtherLinesBelongToTheMessage) {
  const std::string file = testing::TempDir() + "events.log";
  std::ofstream(file) << "2026-11-22T11:11:31.263+00:00 info run a\n2026-11-22T11:11:32.000+00:00 error it broke\n"
                         "in two lines\n";
  const auto events = read_events(file);
  std::filesystem::remove(file);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].message, "run a");
  EXPECT_EQ(events[1].level, "error");
  EXPECT_EQ(events[1].message, "it broke\nin two lines");
  EXPECT_TRUE(read_events(file).empty());
}

TEST(JsonAccess, WhatIsMissingOrOfAnotherTypeIsNotThere) {
  const Json json = Json::parse(R"({"n": 1.5, "t": "text", "list": [1, "a"], "null": null})");
  EXPECT_EQ(number_at(json, "n"), 1.5);
  EXPECT_FALSE(number_at(json, "t"));
  EXPECT_FALSE(number_at(json, "missing"));
  EXPECT_EQ(text_at_key(json, "n"), "");
  EXPECT_EQ(text_at_key(at(json, "missing"), "t"), "");
  EXPECT_EQ(joined_words(at(json, "list"), " "), "1 a");
  EXPECT_EQ(joined_words(at(json, "t"), " "), "");
}

}  // namespace
}  // namespace retort::report

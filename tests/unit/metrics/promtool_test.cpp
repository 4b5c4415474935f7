#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "../temporary_folder.hpp"
#include "metrics/store.hpp"
#include "sample_run.hpp"

namespace retort::metrics {
namespace {

struct Outcome {
  int status;
  std::string output;
};

class Promtool : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(RETORT_PROMTOOL).empty()) GTEST_SKIP() << "promtool is not installed";
  }

  static Outcome run(const std::string& arguments) {
    FILE* pipe = popen((std::string(RETORT_PROMTOOL) + " " + arguments + " 2>&1").c_str(), "r");
    std::string output;
    for (int byte; (byte = std::fgetc(pipe)) != EOF;) output += static_cast<char>(byte);
    return {WEXITSTATUS(pclose(pipe)), output};
  }

  // Exit code 0: parsed and clean; 1: cannot be parsed; 3: lint.
  static Outcome check_metrics(const std::string& text) {
    const TemporaryFolder folder;
    std::ofstream(folder / "metrics.prom") << text;
    return run("check metrics < " + (folder / "metrics.prom").string());
  }
};

TEST_F(Promtool, FindsNothingWrongWithTheMetrics) {
  MetricStore store;
  feed_everything(store);
  const Outcome outcome = check_metrics(store.text());
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
}

TEST_F(Promtool, ReadsHostileLabelsAndNan) {
  MetricStore store;
  store.gauge(Metric::EpochTarget, {"a\"} 1\nevil 2\\\r\t\x01"}).set(7);
  store.gauge(Metric::EtaSeconds).set(-1.0 / 0.0);
  store.set_component_value("\xFF\xC0\xAF", std::string("a\0b", 3), 0.0 / 0.0);
  const Outcome outcome = check_metrics(store.text());
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST_F(Promtool, WouldRefuseInvalidUtf8) {
  EXPECT_EQ(check_metrics("# HELP a x\n# TYPE a gauge\na{b=\"\xFF\"} 1\n").status, 1);
}

TEST_F(Promtool, AcceptsTheScrapeConfiguration) {
  const Outcome outcome = run("check config " RETORT_TOOLS "/prometheus.yml");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST_F(Promtool, PassesTheTestsOfTheAlertRules) {
  const Outcome outcome = run("test rules " RETORT_TOOLS "/retort.rules.test.yml");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

}  // namespace
}  // namespace retort::metrics

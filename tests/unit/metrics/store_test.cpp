#include "metrics/store.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <locale>
#include <regex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_run.hpp"

namespace retort::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The value of the sample that is written as `series`; NaN when there is none.
double sample(const MetricStore& store, const std::string& series) {
  std::string text = store.text();
  text.insert(0, 1, '\n');
  const auto begin = text.find("\n" + series + " ");
  return begin == std::string::npos ? kNan : std::stod(text.substr(begin + series.size() + 2));
}

TEST(MetricStore, WritesEveryMetricOfTheCatalogueThatWasFed) {
  MetricStore store;
  feed_everything(store);
  for (const MetricSpec& spec : catalogue()) {
    EXPECT_THAT(store.text(), HasSubstr("# TYPE " + spec.name + " " + std::string(type_name(spec.type)) + "\n"));
    EXPECT_THAT(store.text(), HasSubstr("# HELP " + spec.name + " " + spec.help + "\n"));
  }
}

TEST(MetricStore, WritesTheValuesOfAReport) {
  MetricStore store;
  feed_everything(store);
  EXPECT_EQ(sample(store, R"(retort_train_steps_total{stage="main"})"), 2);
  EXPECT_EQ(sample(store, R"(retort_train_samples_total{stage="main"})"), 256);
  EXPECT_EQ(sample(store, R"(retort_nonfinite_loss_total{stage="main"})"), 1);
  EXPECT_EQ(sample(store, R"(retort_data_wait_seconds_total{stage="main"})"), 0.125);
  EXPECT_EQ(sample(store, R"(retort_images_per_second{stage="main"})"), 256);
  EXPECT_EQ(sample(store, R"(retort_loss{split="train",stage="main"})"), 1.5);
  EXPECT_EQ(sample(store, R"(retort_loss{split="test",stage="main"})"), 1.25);
  EXPECT_EQ(sample(store, R"(retort_loss_term{split="train",stage="main",term="soft"})"), 0.5);
  EXPECT_EQ(sample(store, R"(retort_loss_term_weight{stage="main",term="soft"})"), 0.9);
  EXPECT_EQ(sample(store, R"(retort_accuracy_ratio{split="test",stage="main",topk="1"})"), 0.625);
  EXPECT_EQ(sample(store, R"(retort_accuracy_ratio{split="train",stage="main",topk="5"})"), 0.75);
  EXPECT_EQ(sample(store, R"(retort_teacher_agreement_ratio{split="test",stage="main"})"), 0.375);
  EXPECT_EQ(sample(store, R"(retort_expected_calibration_error{model="student",split="test",stage="main"})"), 0.0625);
  EXPECT_EQ(sample(store, R"(retort_penultimate_norm{model="teacher",split="test",stage="main"})"), 8.5);
  EXPECT_EQ(sample(store, R"(retort_logit_distance{split="test",stage="main"})"), 4.75);
  EXPECT_EQ(sample(store, R"(retort_outcome_ratio{split="test",stage="main",student="right",teacher="wrong"})"), 0.125);
  EXPECT_EQ(sample(store, R"(retort_component_value{component="loss.soft",name="entropy"})"), 0.125);
  EXPECT_EQ(sample(store, R"(retort_term_gradient_norm{stage="main",term="soft"})"), 2.5);
  EXPECT_EQ(sample(store, R"(retort_gradient_cosine{other="soft",stage="main",term="label"})"), -0.5);
  const std::string projector = R"({projector="loss.hint.student.projector",)";
  EXPECT_EQ(sample(store, "retort_projector_singular_value" + projector + R"(stage="main",weight="map",which="max"})"),
            1.5);
  EXPECT_EQ(sample(store, "retort_projector_effective_rank" + projector + R"(stage="main",weight="map"})"), 7.5);
  EXPECT_EQ(sample(store, "retort_projector_feature_correlation" + projector + R"(side="input",stage="main"})"), 0.25);
  EXPECT_EQ(sample(store, "retort_projector_relation_norm" + projector + R"(relation="self",stage="main"})"), 3.25);
  EXPECT_EQ(sample(store, R"(retort_step_duration_seconds_sum{stage="main"})"), 1.0);
  EXPECT_EQ(sample(store, R"(retort_step_duration_seconds_bucket{stage="main",le="0.25"})"), 1);
  EXPECT_EQ(sample(store, R"(retort_phase_duration_seconds_count{phase="backward",stage="main"})"), 1);
  EXPECT_EQ(sample(store, R"(retort_phase_duration_seconds_count{phase="teacher",stage="main"})"), 0);
  EXPECT_EQ(sample(store, R"(retort_run_state{state="training"})"), 1);
  EXPECT_EQ(sample(store, R"(retort_run_state{state="starting"})"), 0);
  EXPECT_EQ(sample(store, "retort_eta_seconds"), 3723);
  EXPECT_EQ(sample(store, R"(retort_checkpoints_total{result="saved"})"), 1);
  EXPECT_EQ(sample(store, R"(retort_checkpoints_total{result="failed"})"), 0);
}

TEST(MetricStore, KeepsWhatIsNotFiniteOutOfCountersAndHistograms) {
  MetricStore store;
  const CounterSeries counter = store.counter(Metric::DataWaitSeconds, {"main"});
  const HistogramSeries histogram = store.histogram(Metric::CheckpointDuration);
  counter.add(2.0);
  counter.add(kNan);
  counter.add(kInfinity);
  histogram.observe(0.2);
  histogram.observe(kNan);
  histogram.observe(-kInfinity);
  EXPECT_EQ(sample(store, R"(retort_data_wait_seconds_total{stage="main"})"), 2.0);
  EXPECT_EQ(sample(store, "retort_checkpoint_duration_seconds_sum"), 0.2);
  EXPECT_EQ(sample(store, "retort_checkpoint_duration_seconds_count"), 1);
  EXPECT_EQ(sample(store, "retort_nonfinite_observations_total"), 4);
}

TEST(MetricStore, ShowsNanInAGauge) {
  MetricStore store;
  store.gauge(Metric::Loss, {"main", "train"}).set(kNan);
  EXPECT_THAT(store.text(), HasSubstr("retort_loss{split=\"train\",stage=\"main\"} Nan\n"));
  EXPECT_EQ(sample(store, "retort_nonfinite_observations_total"), 0);
}

TEST(MetricStore, BeginsCountersAtZero) {
  MetricStore store;
  EXPECT_EQ(sample(store, "retort_nonfinite_observations_total"), 0);
  EXPECT_EQ(sample(store, "retort_rejected_series_total"), 0);
  EXPECT_THAT(store.text(), Not(HasSubstr("retort_last_step_timestamp_seconds"))) << "there was no step yet";
}

TEST(MetricStore, NamesTheSameSeriesTwice) {
  MetricStore store;
  store.counter(Metric::TrainSteps, {"main"}).add(1);
  store.counter(Metric::TrainSteps, {"main"}).add(2);
  EXPECT_EQ(sample(store, R"(retort_train_steps_total{stage="main"})"), 3);
}

TEST(MetricStore, MakesLabelValuesHarmless) {
  MetricStore store;
  store.gauge(Metric::EpochTarget, {"a\"} 1\nevil 2\\"}).set(7);
  store.set_component_value("loss.\xFF", std::string("a\0b", 3), 5);
  EXPECT_EQ(sample(store, R"(retort_epoch_target{stage="a\"} 1\nevil 2\\"})"), 7);
  EXPECT_THAT(store.text(), Not(HasSubstr("\nevil")));
  EXPECT_EQ(sample(store,
                   "retort_component_value{component=\"loss.\xEF\xBF\xBD\",name=\"a\xEF\xBF\xBD"
                   "b\"}"),
            5);
}

TEST(MetricStore, RefusesComponentSeriesBeyondTheLimit) {
  MetricStore store(2);
  store.set_component_value("loss.a", "x", 1);
  store.set_component_value("loss.a", "y", 2);
  store.set_component_value("loss.a", "z", 3);
  store.set_component_value("loss.a", "z", 4);
  store.set_component_value("loss.a", "x", 5);
  EXPECT_EQ(sample(store, R"(retort_component_value{component="loss.a",name="x"})"), 5);
  EXPECT_EQ(sample(store, R"(retort_component_value{component="loss.a",name="y"})"), 2);
  EXPECT_TRUE(std::isnan(sample(store, R"(retort_component_value{component="loss.a",name="z"})")));
  EXPECT_EQ(sample(store, "retort_rejected_series_total"), 2);
}

TEST(MetricStore, LimitsComponentSeriesTo200) {
  MetricStore store;
  for (int i = 0; i < 205; ++i) store.set_component_value("loss.a", std::to_string(i), i);
  EXPECT_EQ(sample(store, "retort_rejected_series_total"), 5);
}

TEST(MetricStore, SaysWhatIsWrongWithAMisusedMetric) {
  MetricStore store;
  try {
    store.gauge(Metric::TrainSteps, {"main"});
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "retort_train_steps_total is a counter, not a gauge");
  }
  try {
    store.gauge(Metric::Loss, {"main"});
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "retort_loss has 2 labels, but 1 values were given");
  }
}

TEST(MetricStore, MeasuresItsProcess) {
  MetricStore store;
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(sample(store, "process_start_time_seconds"), now, 300);
  EXPECT_GT(sample(store, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(sample(store, "process_virtual_memory_bytes"), sample(store, "process_resident_memory_bytes"));
  EXPECT_GE(sample(store, "process_cpu_seconds_total"), 0);
  EXPECT_EQ(sample(store, "process_max_fds"), static_cast<double>(sysconf(_SC_OPEN_MAX)));
  const double open = sample(store, "process_open_fds");
  const int copy = dup(0);
  EXPECT_EQ(sample(store, "process_open_fds"), open + 1);
  close(copy);
}

// A locale in which 1234.5 is written 1.234,5.
class CommaPoint : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(MetricStore, DoesNotFollowTheLocale) {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaPoint));
  MetricStore store;
  store.gauge(Metric::EtaSeconds).set(1234.5);
  const std::string text = store.text();
  std::locale::global(before);
  EXPECT_THAT(text, HasSubstr("retort_eta_seconds 1234.5\n"));
}

TEST(MetricStore, CanBeScrapedWhileItIsFed) {
  MetricStore store;
  StageMetrics stage(store, "main", 1);
  std::atomic<bool> done{false};
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 4; ++i) {
    scrapers.emplace_back([&] {
      while (!done) EXPECT_THAT(store.text(), HasSubstr("retort_train_steps_total{stage=\"main\"}"));
    });
  }
  for (int i = 0; i < 300; ++i) {
    StepReport report = sample_step_report();
    report.component_values.front().name = std::to_string(i % 50);
    stage.record(report);
  }
  done = true;
  for (std::thread& scraper : scrapers) scraper.join();
  EXPECT_EQ(sample(store, R"(retort_train_steps_total{stage="main"})"), 600);
  EXPECT_EQ(sample(store, R"(retort_step_duration_seconds_count{stage="main"})"), 600);
}

}  // namespace
}  // namespace retort::metrics

#include "metrics/stage_recorder.hpp"

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../temporary_folder.hpp"
#include "sample_run.hpp"

namespace retort::metrics {
namespace {

using ::testing::HasSubstr;

TEST(StageRecorder, GivesEveryReportToAllOutputs) {
  const TemporaryFolder folder;
  const Descriptor log(open((folder / "log").c_str(), O_WRONLY | O_CREAT, 0600));
  MetricStore store;
  HistoryWriter history(folder / "metrics.jsonl");
  ProgressLine progress(log.value());
  StageRecorder recorder(store, {&history, &progress}, "main", 30);
  recorder.record(sample_step_report());
  recorder.epoch_completed();
  recorder.record(sample_evaluation_report());
  recorder.epoch_completed();

  EXPECT_THAT(store.text(), HasSubstr("retort_epochs_completed_total{stage=\"main\"} 2\n"));
  EXPECT_THAT(store.text(), HasSubstr("retort_epoch_target{stage=\"main\"} 30\n"));
  const auto records = read_history(folder / "metrics.jsonl");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].split, "train");
  EXPECT_EQ(records[1].split, "test");
  EXPECT_EQ(file_text(folder / "log"),
            "main  epoch 2/30   50%  loss 1.5  train top-1 50.00%  256 images/s  ETA 1:02:03\n"
            "main  epoch 2/30   50%  loss 1.5  test top-1 62.50%  256 images/s  ETA 1:02:03\n");
}

TEST(StageRecorder, DoesWithoutHistoryAndProgress) {
  MetricStore store;
  StageRecorder recorder(store, {}, "main", 30);
  recorder.record(sample_step_report());
  recorder.record(sample_evaluation_report());
  recorder.epoch_completed();
  EXPECT_THAT(store.text(), HasSubstr("retort_step{stage=\"main\"} 200\n"));
}

}  // namespace
}  // namespace retort::metrics

#include "metrics/history.hpp"

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../temporary_folder.hpp"
#include "sample_run.hpp"

namespace retort::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

HistoryRecord record(const std::string& stage, std::int64_t step) {
  return {1'700'000'000.25, stage, "train", step, 1, {{"loss", 0.1}}};
}

// "stage:step" of each record.
std::vector<std::string> places(const std::filesystem::path& path) {
  std::vector<std::string> places;
  for (const HistoryRecord& record : read_history(path)) {
    places.push_back(record.stage + ":" + std::to_string(record.step));
  }
  return places;
}

TEST(History, WritesOneObjectALine) {
  const TemporaryFolder folder;
  HistoryWriter writer(folder / "metrics.jsonl");
  writer.append({1'700'000'000.25, "a\n\"b\"", "test", 7, 2, {{"loss", 0.1}, {"x", kNan}, {"y", -kInfinity}}});
  EXPECT_EQ(file_text(folder / "metrics.jsonl"),
            R"({"time":1700000000.25,"stage":"a\n\"b\"","split":"test","step":7,"epoch":2,)"
            R"("values":{"loss":0.1,"x":null,"y":null},"nonfinite":["x","y"]})"
            "\n");
}

TEST(History, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  HistoryWriter writer(folder / "metrics.jsonl");
  writer.append({1.5, "main", "train", 1'000'000'000'000, 3, {{"loss", 0.1 + 0.2}, {"soft", kNan}}});
  const auto records = read_history(folder / "metrics.jsonl");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].time, 1.5);
  EXPECT_EQ(records[0].stage, "main");
  EXPECT_EQ(records[0].split, "train");
  EXPECT_EQ(records[0].step, 1'000'000'000'000);
  EXPECT_EQ(records[0].epoch, 3);
  ASSERT_EQ(records[0].values.size(), 2U);
  EXPECT_EQ(records[0].values[0].value, 0.1 + 0.2) << "to the last bit";
  EXPECT_TRUE(std::isnan(records[0].values[1].value));
}

TEST(History, HoldsTheValuesOfReports) {
  const HistoryRecord train = history_record("main", sample_step_report());
  std::vector<std::string> names;
  for (const NamedValue& value : train.values) names.push_back(value.name);
  const std::string projector = "loss.hint.student.projector.";
  EXPECT_THAT(names,
              ElementsAre("loss", "loss.label", "loss.soft", "accuracy.top1", "accuracy.top5", "teacher_agreement",
                          "weight.label", "weight.soft", "parameter.soft.temperature", "learning_rate", "gradient_norm",
                          "images_per_second", "loss.soft.entropy", "gradient_norm.soft", "gradient_cosine.label.soft",
                          projector + "map.singular_value_max", projector + "map.effective_rank",
                          projector + "correlation.input", projector + "relation.self"));
  EXPECT_EQ(train.values[4].value, 0.75);
  EXPECT_EQ(train.step, 200);
  const HistoryRecord test = history_record("main", sample_evaluation_report());
  EXPECT_EQ(test.split, "test");
  EXPECT_EQ(test.values.front().value, 1.25);
}

TEST(History, InvalidUtf8DoesNotStopARun) {
  const TemporaryFolder folder;
  HistoryWriter writer(folder / "metrics.jsonl");
  writer.append({0, "\xFF", "train", 1, 1, {}});
  EXPECT_EQ(read_history(folder / "metrics.jsonl").front().stage, "\xEF\xBF\xBD");
}

TEST(History, DoesNotTakeOverAnExistingFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "metrics.jsonl") << "";
  try {
    HistoryWriter writer(folder / "metrics.jsonl");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.what(), "cannot open " + (folder / "metrics.jsonl").string() + ": File exists");
  }
}

TEST(History, ReaderIgnoresATornLastLine) {
  const TemporaryFolder folder;
  HistoryWriter(folder / "metrics.jsonl").append(record("main", 1));
  const std::string whole = file_text(folder / "metrics.jsonl");
  for (const std::size_t torn : {std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(folder / "metrics.jsonl") << whole << whole.substr(0, torn);
    EXPECT_THAT(places(folder / "metrics.jsonl"), ElementsAre("main:1")) << torn;
  }
}

TEST(History, ReaderNamesADamagedLine) {
  const TemporaryFolder folder;
  HistoryWriter(folder / "metrics.jsonl").append(record("main", 1));
  std::ofstream(folder / "metrics.jsonl", std::ios::app) << "{\"time\":1}\n";
  try {
    read_history(folder / "metrics.jsonl");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder / "metrics.jsonl").string() + ":2: not a record of metrics"));
  }
}

TEST(History, ResumingCutsWhatTheCheckpointDoesNotKnow) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  const auto write = [&] {
    std::filesystem::remove(path);
    HistoryWriter writer(path);
    for (const auto& [stage, step] : std::vector<std::pair<std::string, int>>{
             {"a", 50}, {"a", 100}, {"b", 50}, {"b", 100}, {"b", 150}, {"c", 50}}) {
      writer.append(record(stage, step));
    }
  };
  write();
  HistoryWriter(path, {"b", 100}).append(record("b", 120));
  EXPECT_THAT(places(path), ElementsAre("a:50", "a:100", "b:50", "b:100", "b:120"));
  write();
  HistoryWriter(path, {"b", 150}).append(record("b", 200));
  EXPECT_THAT(places(path), ElementsAre("a:50", "a:100", "b:50", "b:100", "b:150", "b:200"));
  write();
  HistoryWriter(path, {"b", 0});
  EXPECT_THAT(places(path), ElementsAre("a:50", "a:100"));
  write();
  HistoryWriter(path, {"d", 0});
  EXPECT_THAT(places(path), ElementsAre("a:50", "a:100", "b:50", "b:100", "b:150", "c:50"));
  write();
  HistoryWriter(path, {"a", 10});
  EXPECT_THAT(places(path), IsEmpty());
}

TEST(History, ResumingCutsATornLine) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  HistoryWriter(path).append(record("main", 1));
  std::ofstream(path, std::ios::app) << R"({"time":17)";
  HistoryWriter(path, {"main", 1}).append(record("main", 2));
  EXPECT_THAT(places(path), ElementsAre("main:1", "main:2"));
}

TEST(History, ResumingWithoutAFileBeginsOne) {
  const TemporaryFolder folder;
  HistoryWriter(folder / "metrics.jsonl", {"main", 100}).append(record("main", 150));
  EXPECT_THAT(places(folder / "metrics.jsonl"), ElementsAre("main:150"));
}

// Lets files grow to `bytes` only, until the end of the scope: writing stops in the middle of a line, as on a full
// disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST(History, AFullDiskIsNamedAndLeavesWholeLines) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  HistoryWriter writer(path);
  writer.append(record("main", 1));
  const std::string whole = file_text(path);
  {
    const FileSizeLimit limit(whole.size() * 3 / 2);
    try {
      writer.append(record("main", 2));
      FAIL();
    } catch (const std::system_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("cannot write " + path.string()));
    }
    EXPECT_EQ(file_text(path), whole);
  }
  writer.append(record("main", 3));
  EXPECT_THAT(places(path), ElementsAre("main:1", "main:3"));
}

}  // namespace
}  // namespace retort::metrics

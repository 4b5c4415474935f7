#include "metrics/history.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace retort::metrics {
namespace {

using Json = nlohmann::ordered_json;

void add_scores(std::vector<NamedValue>& values, const Scores& scores) {
  values.push_back({"loss", scores.loss});
  for (const auto& [term, loss] : scores.terms) values.push_back({"loss." + term, loss});
  for (const auto& [k, ratio] : scores.accuracy) values.push_back({fmt::format("accuracy.top{}", k), ratio});
  if (scores.teacher_agreement) values.push_back({"teacher_agreement", *scores.teacher_agreement});
}

std::string line(const HistoryRecord& record) {
  Json values = Json::object();
  Json nonfinite = Json::array();
  for (const auto& [name, value] : record.values) {
    if (std::isfinite(value)) {
      values[name] = value;
    } else {
      values[name] = nullptr;
      nonfinite.push_back(name);
    }
  }
  Json object = {{"time", record.time}, {"stage", record.stage}, {"split", record.split},
                 {"step", record.step}, {"epoch", record.epoch}, {"values", std::move(values)}};
  if (!nonfinite.empty()) object["nonfinite"] = std::move(nonfinite);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

HistoryRecord parse(const std::string& text) {
  const Json object = Json::parse(text);
  HistoryRecord record{object.at("time"), object.at("stage"), object.at("split"),
                       object.at("step"), object.at("epoch"), {}};
  for (const auto& [name, value] : object.at("values").items()) {
    record.values.push_back({name, value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>()});
  }
  return record;
}

// Reads whole lines: one without its line break was torn by a crash and does not count.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path), file_(path, std::ios::binary) {
    if (!file_) throw std::system_error(errno, std::generic_category(), fmt::format("cannot read {}", path_.string()));
  }

  bool next(HistoryRecord& record) {
    std::string text;
    if (!std::getline(file_, text) || file_.eof()) return false;
    ++line_;
    begin_ = std::exchange(end_, end_ + static_cast<off_t>(text.size()) + 1);
    try {
      record = parse(text);
    } catch (const nlohmann::json::exception& error) {
      throw std::runtime_error(fmt::format("{}:{}: not a record of metrics: {}", path_.string(), line_, error.what()));
    }
    return true;
  }

  off_t begin() const { return begin_; }  // of the latest line
  off_t end() const { return end_; }

 private:
  const std::filesystem::path path_;
  std::ifstream file_;
  int line_ = 0;
  off_t begin_ = 0;
  off_t end_ = 0;
};

// Where the first line begins that was written after `point`. Stages run one after the other: one that first appears
// after the point's own stage began later.
off_t end_of_lines_until(const HistoryPoint& point, const std::filesystem::path& path) {
  Reader reader(path);
  std::set<std::string> earlier_stages;
  bool reached = false;
  for (HistoryRecord record; reader.next(record);) {
    const bool own = record.stage == point.stage;
    reached = reached || own;
    if (own ? record.step > point.step : reached && !earlier_stages.contains(record.stage)) return reader.begin();
    if (!reached) earlier_stages.insert(record.stage);
  }
  return reader.end();
}

Descriptor open_file(const std::filesystem::path& path, int flags) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, 0666));
  if (file.value() < 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("cannot open {}", path.string()));
  }
  return file;
}

}  // namespace

HistoryRecord history_record(const std::string& stage, const StepReport& report) {
  HistoryRecord record{report.time, stage, "train", report.step, report.epoch, {}};
  add_scores(record.values, report.scores);
  for (const auto& [term, weight] : report.weights) record.values.push_back({"weight." + term, weight});
  for (const auto& [term, parameter, value] : report.parameters) {
    record.values.push_back({fmt::format("parameter.{}.{}", term, parameter), value});
  }
  record.values.push_back({"learning_rate", report.learning_rate});
  if (report.gradient_norm) record.values.push_back({"gradient_norm", *report.gradient_norm});
  if (report.skipped_steps > 0) {
    record.values.push_back({"skipped_steps", static_cast<double>(report.skipped_steps)});
  }
  record.values.push_back({"images_per_second", report.images_per_second()});
  for (const auto& [component, name, value] : report.component_values) {
    record.values.push_back({fmt::format("{}.{}", component, name), value});
  }
  for (const SeriesValue& diagnostic : report.diagnostics) record.values.push_back({diagnostic.name, diagnostic.value});
  return record;
}

HistoryRecord history_record(const std::string& stage, const EvaluationReport& report) {
  HistoryRecord record{report.time, stage, report.split, report.step, report.epoch, {}};
  add_scores(record.values, report.scores);
  for (const SeriesValue& measure : report.measures) record.values.push_back({measure.name, measure.value});
  return record;
}

HistoryWriter::HistoryWriter(std::filesystem::path path) : path_(std::move(path)), file_(open_file(path_, O_EXCL)) {}

HistoryWriter::HistoryWriter(std::filesystem::path path, const HistoryPoint& resume_from)
    : path_(std::move(path)), file_(open_file(path_, 0)) {
  if (ftruncate(file_.value(), end_of_lines_until(resume_from, path_)) != 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("cannot cut {}", path_.string()));
  }
}

void HistoryWriter::sync() const {
  if (fdatasync(file_.value()) == 0) return;
  throw std::system_error(errno, std::generic_category(), fmt::format("cannot write {}", path_.string()));
}

void HistoryWriter::append(const HistoryRecord& record) {
  const std::string text = line(record);
  struct stat before {};
  fstat(file_.value(), &before);
  ssize_t written;
  do {
    written = write(file_.value(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(text.size())) return;
  const int error = written < 0 ? errno : ENOSPC;
  const bool torn = written > 0 && ftruncate(file_.value(), before.st_size) != 0;
  throw std::system_error(error, std::generic_category(),
                          fmt::format("cannot write {}{}", path_.string(), torn ? " (its last line is torn)" : ""));
}

std::vector<HistoryRecord> read_history(const std::filesystem::path& path) {
  Reader reader(path);
  std::vector<HistoryRecord> records;
  for (HistoryRecord record; reader.next(record);) records.push_back(record);
  return records;
}

}  // namespace retort::metrics

#include "run_data.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "files/json_file.hpp"
#include "run/run_directory.hpp"
#include "study/existing_run.hpp"

namespace retort::report {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string state_of(const study::ExistingRun& run) {
  if (study::is_under_way(run.directory)) return "running";
  switch (run.state) {
    case study::ExistingRun::State::Finished:
      return "finished";
    case study::ExistingRun::State::Failed:
      return "failed";
    case study::ExistingRun::State::Interrupted:
      break;
  }
  return "stopped";
}

StageData& stage_named(std::vector<StageData>& stages, const std::string& name) {
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const auto& stage) { return stage.name == name; });
  if (found != stages.end()) return *found;
  stages.push_back({.name = name});
  return stages.back();
}

class Reader {
 public:
  explicit Reader(const fs::path& path) : directory_(run::RunDirectory::open(path)) {
    data_.directory = directory_.root();
    data_.id = directory_.id();
  }

  RunData read() {
    attempt([&] {
      const study::ExistingRun run = study::read_run(data_.directory);
      data_.state = state_of(run);
      summary_ = run.stages;
    });
    data_.experiment = read_text(directory_.experiment());
    attempt([&] { data_.environment = files::read_json(directory_.environment()); });
    data_.sittings = std::max(directory_.sittings(), 1);
    data_.events = read_events(directory_.events());
    data_.metrics = read_prometheus(read_text(directory_.metrics()));
    attempt([&] { read_stages(); });
    return std::move(data_);
  }

 private:
  // One file that cannot be read does not keep the others from being shown.
  template <class Read>
  void attempt(Read read) {
    try {
      read();
    } catch (const std::exception& error) {
      data_.problems.emplace_back(error.what());
    }
  }

  // In the order of the run: that of its graphs, where an earlier version has left none that of their first steps.
  void read_stages() {
    attempt([&] {
      const Json graphs = files::read_json(directory_.graph());
      if (!at(graphs, "stages").is_array()) return;
      for (const Json& graph : graphs["stages"]) stage_named(data_.stages, text_at_key(graph, "stage")).graph = graph;
    });
    attempt([&] {
      for (auto& [name, history] : read_histories(directory_.history())) {
        stage_named(data_.stages, name).history = std::move(history);
      }
    });
    for (const Json& result : summary_) stage_named(data_.stages, text_at_key(result, "stage")).result = result;
    for (StageData& stage : data_.stages) {
      // A later sitting, or one that was killed, may have done more than the summary says.
      if (fs::exists(directory_.result(stage.name))) {
        attempt([&] { stage.result = files::read_json(directory_.result(stage.name)); });
      }
      attempt([&] { stage.calibration = files::read_json(directory_.calibration(stage.name)); });
    }
  }

  run::RunDirectory directory_;
  RunData data_;
  Json summary_ = Json::array();
};

}  // namespace

double RunData::seconds() const {
  double sum = 0.0;
  for (const StageData& stage : stages) sum += number_at(stage.result, "seconds").value_or(stage.history.seconds());
  return sum;
}

std::string RunData::failure() const {
  if (state != "failed") return "";
  const auto last =
      std::find_if(events.rbegin(), events.rend(), [](const auto& event) { return event.level == "error"; });
  return last == events.rend() ? "" : last->message;
}

RunData read_run_data(const fs::path& directory) {
  return Reader(directory).read();
}

std::vector<std::pair<std::string, StageHistory>> read_histories(const fs::path& file) {
  std::vector<std::pair<std::string, StageHistory>> histories;
  if (!fs::exists(file)) return histories;
  for (metrics::HistoryRecord& record : metrics::read_history(file)) {
    auto found = std::find_if(histories.begin(), histories.end(),
                              [&](const auto& history) { return history.first == record.stage; });
    if (found == histories.end()) found = histories.insert(histories.end(), {record.stage, {}});
    found->second.add(std::move(record));
  }
  return histories;
}

}  // namespace retort::report

#include "compared_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

#include "config/table_view.hpp"
#include "experiment_file.hpp"
#include "files/json_file.hpp"
#include "identity.hpp"
#include "record.hpp"

namespace retort::study {
namespace {

namespace fs = std::filesystem;
using config::Node;
using Json = nlohmann::ordered_json;

// The kind of device: results of two GPUs of one kind may be compared.
std::string device_kind(const std::string& device) {
  return device.substr(0, device.find(':'));
}

// "digits train 1437 images 1a2b3c4d; digits test 360 images 5e6f7a8b"
std::string splits(const Json& data) {
  std::vector<std::string> texts;
  for (const Json& split : data) {
    texts.push_back(fmt::format("{} {} {} images {:.8}", split.value("use", ""), split.value("split", ""),
                                split.value("images", 0), split.value("sha256", "")));
  }
  return join(texts, "; ");
}

std::map<std::string, std::string> circumstances(const Json& environment, const Node& experiment) {
  std::map<std::string, std::string> facts;
  const auto text = [&environment](const char* key) {
    const auto found = environment.find(key);
    return found != environment.end() && found->is_string() ? found->get<std::string>() : std::string("unknown");
  };
  facts["version of Retort"] = text("retort") + " (" + text("git_revision") + ")";
  facts["version of LibTorch"] = text("torch");
  facts["device"] = device_kind(text("device"));
  const Node* const use = experiment.at_path("dataset.use");
  facts["data set"] = use ? to_toml(use->value()) : "of its stages";
  if (const auto data = environment.find("data"); data != environment.end()) facts["images and labels"] = splits(*data);
  return facts;
}

// By file name: the same library may lie elsewhere.
std::map<std::string, std::string> plugins_of(const Json& environment) {
  std::map<std::string, std::string> hashes;
  const auto plugins = environment.find("plugins");
  if (plugins == environment.end()) return hashes;
  for (const Json& plugin : *plugins) {
    std::string& hash = hashes[fs::path(plugin.value("library", "")).filename().string()];
    hash += (hash.empty() ? "" : "+") + plugin.value("sha256", "unknown");
  }
  return hashes;
}

void take(ComparedRun& compared, const ExistingRun& run) {
  compared.directory = run.directory;
  compared.run = run;
  switch (run.state) {
    case ExistingRun::State::Finished:
      compared.state = "finished";
      break;
    case ExistingRun::State::Failed:
      compared.state = "failed";
      break;
    case ExistingRun::State::Interrupted:
      compared.state = is_under_way(run.directory) ? "running" : "stopped";
      break;
  }
  const Json environment = files::read_json(run.directory / "environment.json");
  const Node experiment = read_experiment_file(run.directory / "experiment.toml");
  compared.circumstances = circumstances(environment, experiment);
  compared.plugins = plugins_of(environment);
  compared.published = config::read_published(experiment);
}

// The entry of the run in `directory` in the record of the study that it belongs to; null when it belongs to none.
Json member_entry(const Json& record, const fs::path& directory) {
  if (!record.is_object()) return {};
  const std::string name = directory.parent_path().filename().string();
  for (const Json& member : record["members"]) {
    if (member.value("name", "") == name) return member;
  }
  return {};
}

class Reader {
 public:
  explicit Reader(bool several_studies) : several_studies_(several_studies) {}

  void add_study(const fs::path& path) {
    const fs::path directory = fs::canonical(path);
    const Json record = read_study_file(directory);
    const std::string prefix = several_studies_ ? directory.filename().string() + "/" : "";
    for (const Json& member : record["members"]) {
      const std::string name = member.at("name");
      ComparedRun compared{.name = prefix + name, .group = prefix + member.value("group", name)};
      compared.seed = member.value("seed", std::int64_t{0});
      compared.state = "waiting";
      if (const auto run = newest_run(directory / name)) take(compared, *run);
      if (compared.state != "finished" && member.value("state", "") == "failed") {
        compared.state = "failed";
        compared.reason = member.value("reason", "");
      }
      result_.runs.push_back(std::move(compared));
    }
    take_published(record, prefix);
  }

  void add_run(const fs::path& path) {
    const ExistingRun run = read_run(path);
    Node experiment = read_experiment_file(run.directory / "experiment.toml");
    const config::TableView table(experiment.find("run"));
    ComparedRun compared{.name = run.directory.string()};
    const config::TableView student(experiment.find("student"));
    const auto seed = student.get<std::int64_t>("seed");
    compared.seed = seed ? *seed : table.get<std::int64_t>("seed").value_or(config::RunSpec().seed);
    take(compared, run);
    const Json record = read_study_file(run.directory.parent_path().parent_path());
    const Json member = member_entry(record, run.directory);
    if (member.is_object()) {
      compared.group = member.value("group", "");
      take_published(record, "");
    } else {
      if (Node* const own = experiment.find(seed ? "student" : "run")) own->erase("seed");
      compared.group = group_of(essence_hash(experiment), table.get<std::string>("name").value_or("experiment"));
    }
    result_.runs.push_back(std::move(compared));
  }

  ComparedRuns result() {
    check_seeds();
    return std::move(result_);
  }

 private:
  void take_published(const Json& record, const std::string& prefix) {
    if (!record.contains("published")) return;
    for (const auto& [group, value] : record["published"].items()) {
      result_.published[prefix + group] = {value.at("top1"), value.at("source")};
    }
  }

  // Groups are told by their experiments and called by the name of their first run.
  std::string group_of(const std::string& hash, const std::string& name) {
    const auto known = names_by_hash_.find(hash);
    if (known != names_by_hash_.end()) return known->second;
    std::string unique = name;
    const auto taken = [this](const std::string& text) {
      return std::any_of(names_by_hash_.begin(), names_by_hash_.end(),
                         [&text](const auto& entry) { return entry.second == text; });
    };
    for (int number = 2; taken(unique); ++number) unique = name + " #" + std::to_string(number);
    return names_by_hash_[hash] = unique;
  }

  void check_seeds() const {
    std::map<std::pair<std::string, std::int64_t>, const ComparedRun*> seen;
    for (const ComparedRun& run : result_.runs) {
      const auto [other, added] = seen.emplace(std::pair(run.group, run.seed), &run);
      if (added) continue;
      throw InvalidParameter("the runs " + other->second->name + " and " + run.name +
                             " are of the same experiment with the same seed; leave one of them out");
    }
  }

  bool several_studies_;
  ComparedRuns result_;
  std::map<std::string, std::string> names_by_hash_;
};

bool is_study(const fs::path& path) {
  return fs::exists(path / kStudyFile);
}

}  // namespace

ComparedRuns read_compared(const std::vector<fs::path>& paths) {
  Reader reader(std::count_if(paths.begin(), paths.end(), is_study) > 1);
  for (const fs::path& path : paths) {
    if (is_study(path)) {
      reader.add_study(path);
    } else if (fs::exists(path / "experiment.toml")) {
      reader.add_run(path);
    } else {
      throw InvalidParameter(path.string() +
                             " is the directory of neither a study (it has no study.json) nor a run (it "
                             "has no experiment.toml)");
    }
  }
  return reader.result();
}

}  // namespace retort::study

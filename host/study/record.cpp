#include "record.hpp"

#include <cmath>
#include <fstream>

#include <retort/error.hpp>
#include <retort/version.hpp>

#include "config/toml_text.hpp"

namespace retort::study {
namespace {

using Json = nlohmann::ordered_json;

Json run_json(const StudyPlan& plan, const PlannedRun& run, const RunProgress& progress) {
  Json json{{"name", run.name},
            {"state", state_name(progress.state)},
            {"directory", progress.directory.empty() ? Json() : Json(progress.directory.string())},
            {"log", (plan.directory / run.name / kLogFile).string()},
            {"hash", run.hash},
            {"seed", seed_of(run.experiment)},
            {"seconds", progress.seconds},
            {"stages", progress.stages}};
  if (!progress.reason.empty()) json["reason"] = progress.reason;
  return json;
}

// A value as JSON; text that refers to the environment as it is written.
Json value_json(const config::Node& node) {
  if (node.written()) return *node.written();
  if (node.is_list()) {
    Json list = Json::array();
    for (const config::Node& item : node.items()) list.push_back(value_json(item));
    return list;
  }
  if (node.is_table()) {
    Json table = Json::object();
    for (const config::Node::Entry& entry : node.entries()) table[entry.key] = value_json(entry.value);
    return table;
  }
  struct Converter {
    Json operator()(bool value) const { return value; }
    Json operator()(std::int64_t value) const { return value; }
    // JSON has no inf.
    Json operator()(double value) const { return std::isfinite(value) ? Json(value) : Json(to_toml(value)); }
    Json operator()(const std::string& value) const { return value; }
    Json operator()(const List&) const { return {}; }
    Json operator()(const Table&) const { return {}; }
  };
  return std::visit(Converter{}, node.scalar().storage());
}

}  // namespace

const char* state_name(RunState state) {
  switch (state) {
    case RunState::Waiting:
      return "waiting";
    case RunState::Running:
      return "running";
    case RunState::Finished:
      return "finished";
    case RunState::Stopped:
      return "stopped";
    case RunState::Failed:
      return "failed";
  }
  return "";
}

void RunProgress::take(const ExistingRun& run) {
  directory = run.directory;
  stages = run.stages;
  seconds = run.seconds();
  state = run.state == ExistingRun::State::Finished ? RunState::Finished
          : run.state == ExistingRun::State::Failed ? RunState::Failed
                                                    : RunState::Stopped;
}

Json to_json(const StudyPlan& plan, const StudyProgress& progress, const std::vector<std::string>& command_line) {
  Json json{{"format", 1},
            {"name", plan.name},
            {"retort", RETORT_VERSION_STRING},
            {"command_line", command_line},
            {"working_directory", std::filesystem::current_path().string()},
            {"share_teacher", plan.spec.share_teacher},
            {"teachers", Json::array()},
            {"members", Json::array()},
            {"published", Json::object()},
            {"logit_cache", spared_work(progress).json()}};
  for (std::size_t i = 0; i < plan.teachers.size(); ++i) {
    Json teacher = run_json(plan, plan.teachers[i], progress.teachers[i]);
    teacher["members"] = plan.teachers[i].members;
    json["teachers"].push_back(std::move(teacher));
  }
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    const auto& [member, run] = plan.members[i];
    Json one = run_json(plan, run, progress.members[i]);
    one["group"] = member.group;
    one["variant"] = member.variant.empty() ? Json() : Json(member.variant);
    one["teachers"] = Json::array();
    for (const TeacherUse& teacher : run.teachers) one["teachers"].push_back(teacher.run);
    one["settings"] = Json::object();
    for (const Setting& setting : member.settings) one["settings"][setting.target.text] = value_json(setting.value);
    json["members"].push_back(std::move(one));
  }
  for (const Published& published : plan.spec.published) {
    json["published"][published.group] = {{"top1", published.top1}, {"source", published.source}};
  }
  return json;
}

SparedWork spared_work(const StudyProgress& progress) {
  SparedWork work;
  for (const auto* runs : {&progress.teachers, &progress.members}) {
    for (const RunProgress& run : *runs) work.add(run.stages);
  }
  return work;
}

std::string settings_text(const Member& member) {
  std::string text;
  for (const Setting& setting : member.settings) {
    const config::Node& value = setting.value;
    text += (text.empty() ? "" : " ") + setting.target.text + "=";
    text += value.written() ? *value.written() : to_toml(value.value());
  }
  return text;
}

Json read_study_file(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / kStudyFile;
  std::ifstream stream(file);
  if (!stream) return {};
  try {
    Json json = Json::parse(stream);
    if (json.at("format") != 1) throw Error(file.string() + " is of a later version of Retort");
    json.at("members");
    return json;
  } catch (const nlohmann::json::exception& error) {
    throw Error(file.string() + " is not the record of a study: " + error.what());
  }
}

}  // namespace retort::study

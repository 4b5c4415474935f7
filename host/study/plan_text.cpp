#include "plan_text.hpp"

#include <fmt/format.h>

#include <retort/nearest.hpp>

#include "duration.hpp"
#include "text_table.hpp"

namespace retort::study {
namespace {

std::string accuracy(const RunProgress& progress) {
  if (progress.state != RunState::Finished || progress.stages.empty()) return "";
  return fmt::format("{:.2f}%", 100.0 * progress.stages.back().value("top1", 0.0));
}

std::string teachers_text(const PlannedRun& run) {
  std::vector<std::string> names;
  for (const TeacherUse& use : run.teachers) names.push_back(use.run);
  return join(names);
}

std::string failures(const StudyPlan& plan, const PlannedRun& run, const RunProgress& progress) {
  if (progress.state != RunState::Failed) return "";
  std::string text = run.name + " failed: " + progress.reason + "\n";
  const auto log = plan.directory / run.name / kLogFile;
  if (std::filesystem::exists(log)) text += "  log: " + log.string() + "\n";
  return text;
}

}  // namespace

std::string plan_text(const StudyPlan& plan, const StudyProgress& progress) {
  Rows rows{{"run", "sets", "teacher", "state"}};
  for (std::size_t i = 0; i < plan.teachers.size(); ++i) {
    const PlannedRun& teacher = plan.teachers[i];
    rows.push_back(
        {teacher.name,
         fmt::format("{}, seed {}, for {} member{}", teacher.experiment.stages.front().student.model.use.value,
                     seed_of(teacher.experiment), teacher.members.size(), teacher.members.size() == 1 ? "" : "s"),
         "", state_name(progress.teachers[i].state)});
  }
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    const auto& [member, run] = plan.members[i];
    rows.push_back({run.name, settings_text(member), teachers_text(run), state_name(progress.members[i].state)});
  }
  return text_table(rows, std::vector<bool>(4, false));
}

std::string outcome_text(const StudyPlan& plan, const StudyProgress& progress) {
  Rows rows{{"run", "state", "top-1", "time"}};
  std::string failed;
  for (std::size_t i = 0; i < plan.teachers.size(); ++i) {
    const RunProgress& run = progress.teachers[i];
    rows.push_back({plan.teachers[i].name, state_name(run.state), accuracy(run), duration_text(run.seconds)});
    failed += failures(plan, plan.teachers[i], run);
  }
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    const RunProgress& run = progress.members[i];
    rows.push_back({plan.members[i].run.name, state_name(run.state), accuracy(run), duration_text(run.seconds)});
    failed += failures(plan, plan.members[i].run, run);
  }
  const SparedWork work = spared_work(progress);
  return text_table(rows, {false, false, true, true}) + (work.any() ? work.sentence() + "\n" : "") + failed;
}

}  // namespace retort::study

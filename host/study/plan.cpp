#include "plan.hpp"

#include <algorithm>
#include <map>

#include <retort/nearest.hpp>

#include "config/experiment_reader.hpp"
#include "config/overrides.hpp"
#include "expansion.hpp"
#include "identity.hpp"
#include "shared_teacher.hpp"
#include "study_reader.hpp"

namespace retort::study {
namespace {

using config::Diagnostics;
using config::Node;

constexpr std::size_t kMostMembers = 10000;
constexpr std::size_t kHashDigits = 8;  // of a shared teacher's name

// How many members there will be; the largest number when that is too many to count.
std::size_t member_count(const StudySpec& spec) {
  std::size_t count = std::max<std::size_t>(spec.variants.size(), 1);
  for (const Axis& axis : spec.axes) {
    count *= axis.values.size();
    if (count > kMostMembers) return count;
  }
  return count *
         static_cast<std::size_t>(spec.sample ? std::min<std::int64_t>(spec.sample->count, kMostMembers + 1) : 1);
}

class Planner {
 public:
  Planner(StudyPlan& plan, const config::Catalog& catalog, MemberProblems& problems)
      : plan_(plan), catalog_(catalog), problems_(problems) {}

  void add(Member member) {
    auto experiment = read(member.document, member.name);
    if (!experiment) return;
    PlannedRun run{.name = member.name};
    run.teachers = share_teachers(*experiment, member.name);
    run.hash = essence_hash(experiment->resolved);
    run.experiment = std::move(*experiment);
    check_new(run, member);
    plan_.members.push_back({std::move(member), std::move(run)});
  }

 private:
  std::optional<config::ExperimentSpec> read(const Node& document, const std::string& member) {
    Diagnostics found;
    auto experiment = config::read_experiment(document, catalog_, found);
    problems_.add(member, found);
    return experiment;
  }

  // Those of the member's teachers that runs of their own train.
  std::vector<TeacherUse> share_teachers(const config::ExperimentSpec& experiment, const std::string& member) {
    std::vector<TeacherUse> uses;
    if (!plan_.spec.share_teacher) return uses;
    for (TeacherExperiment& teacher : teacher_experiments(experiment.resolved)) {
      const std::string run = add_teacher(std::move(teacher.document), member);
      uses.push_back({run, std::move(teacher.stage), std::move(teacher.substitution)});
    }
    return uses;
  }

  // The name of the run that trains a teacher; one that others have already is theirs too.
  std::string add_teacher(Node document, const std::string& member) {
    const std::string hash = essence_hash(document);
    const std::string name = "teacher-" + hash.substr(0, kHashDigits);
    const auto known = std::find_if(plan_.teachers.begin(), plan_.teachers.end(),
                                    [&name](const PlannedRun& teacher) { return teacher.name == name; });
    if (known != plan_.teachers.end()) {
      known->members.push_back(member);
      return name;
    }
    const config::Origin origin{"study"};
    config::write_value(document, {"run", "name"}, Node(Value(name), origin), origin);
    config::write_value(document, {"run", "directory"}, Node(Value(plan_.directory.string()), origin), origin);
    if (auto teacher = read(document, member)) {
      plan_.teachers.push_back({.name = name, .experiment = std::move(*teacher), .hash = hash, .members = {member}});
    }
    return name;
  }

  void check_new(const PlannedRun& run, const Member& member) {
    const auto [known, added] = names_by_hash_.emplace(run.hash, member.name);
    if (added) return;
    const config::Origin& origin = member.settings.empty() ? plan_.spec.origin : member.settings.back().target.origin;
    problems_.add(member.name, origin, "study: this is the same experiment as the member " + known->second);
  }

  StudyPlan& plan_;
  const config::Catalog& catalog_;
  MemberProblems& problems_;
  std::map<std::string, std::string> names_by_hash_;
};

// Results from the literature must find their members.
void check_published(const StudyPlan& plan, const std::vector<Member>& members, Diagnostics& diagnostics) {
  std::vector<std::string> groups;
  for (const Member& member : members) {
    if (std::find(groups.begin(), groups.end(), member.group) == groups.end()) groups.push_back(member.group);
  }
  for (const Published& published : plan.spec.published) {
    if (std::find(groups.begin(), groups.end(), published.group) != groups.end()) continue;
    diagnostics.error(published.origin, "study.published: there are no members '" + published.group + "'" +
                                            did_you_mean(published.group, groups) +
                                            " (members without their seed: " + join(groups) + ")");
  }
}

}  // namespace

std::int64_t seed_of(const config::ExperimentSpec& experiment) {
  return experiment.stages.back().student.seed.value_or(experiment.run.seed);
}

std::vector<const config::StageSpec*> own_stages(const PlannedRun& run) {
  std::vector<const config::StageSpec*> stages;
  for (const config::StageSpec& stage : run.experiment.stages) {
    const bool shared = std::any_of(run.teachers.begin(), run.teachers.end(),
                                    [&stage](const TeacherUse& use) { return use.stage == stage.name; });
    if (!shared) stages.push_back(&stage);
  }
  return stages;
}

std::optional<StudyPlan> plan_study(const Node& document, const std::filesystem::path& directory,
                                    const config::Catalog& catalog, Diagnostics& diagnostics) {
  auto spec = read_study(document, diagnostics);
  if (!spec) return std::nullopt;
  if (member_count(*spec) > kMostMembers) {
    diagnostics.error(spec->origin, "study: more than " + std::to_string(kMostMembers) + " members");
    return std::nullopt;
  }
  StudyPlan plan{.name = std::filesystem::path(document.origin().source).stem().string(),
                 .spec = std::move(*spec),
                 .directory = directory};
  if (const Node* const name = document.at_path("run.name");
      name && !name->is_table() && !name->is_list() && name->scalar().is<std::string>()) {
    plan.name = name->scalar().as<std::string>();
  }
  MemberProblems problems;
  std::vector<Member> members = expand(plan.spec, document, directory, problems, diagnostics);
  Planner planner(plan, catalog, problems);
  for (const Member& member : members) planner.add(member);
  problems.report(members.size(), diagnostics);
  if (!diagnostics.failed()) check_published(plan, members, diagnostics);
  if (diagnostics.failed()) return std::nullopt;
  return plan;
}

}  // namespace retort::study

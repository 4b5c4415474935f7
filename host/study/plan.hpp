#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/catalog.hpp"
#include "member.hpp"
#include "shared_teacher.hpp"

namespace retort::study {

// A teacher of a run: where it stands in the experiment, and the run that trains it.
struct TeacherUse {
  std::string run;    // "teacher-1a2b3c4d"
  std::string stage;  // of the experiment, that it stands for
  Substitution substitution;
};

// A run of the study, of a member or of a teacher that members share.
struct PlannedRun {
  std::string name;  // its folder below the study's
  config::ExperimentSpec experiment;
  std::string hash;                  // of everything that its result depends on
  std::vector<TeacherUse> teachers;  // those of its teachers that other runs train
  std::vector<std::string> members;  // of a teacher: whom it teaches
};

// What tells repetitions of one experiment apart: the seed of its student where that has one of its own, else the
// run's.
std::int64_t seed_of(const config::ExperimentSpec& experiment);

// The stages that the run itself trains, in their order.
std::vector<const config::StageSpec*> own_stages(const PlannedRun& run);

struct PlannedMember {
  Member member;
  PlannedRun run;
};

struct StudyPlan {
  std::string name;  // the experiment's
  StudySpec spec;
  std::filesystem::path directory;  // absolute
  std::vector<PlannedRun> teachers;
  std::vector<PlannedMember> members;
};

// Reads every member. What is wrong with the study or any member is reported, all together; then there is no result.
// `document` has been loaded without errors.
std::optional<StudyPlan> plan_study(const config::Node& document, const std::filesystem::path& directory,
                                    const config::Catalog& catalog, config::Diagnostics& diagnostics);

}  // namespace retort::study

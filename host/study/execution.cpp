#include "execution.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

#include "child.hpp"
#include "companions.hpp"
#include "config/toml_text.hpp"
#include "duration.hpp"
#include "experiment_file.hpp"
#include "failure_reason.hpp"
#include "files/atomic_file.hpp"
#include "identity.hpp"
#include "run/run_directory.hpp"
#include "run/stop_signal.hpp"

namespace retort::study {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kStoppedCode = 75;  // of a run that saved itself and can go on
constexpr auto kPatience = 60s;   // with runs of an earlier sitting that save themselves
constexpr auto kPause = 20ms;
constexpr std::size_t kMostDifferences = 5;  // shown of a run

bool holds_something_else(const fs::path& directory) {
  std::error_code none;
  if (fs::exists(directory / kStudyFile)) return false;
  const fs::directory_iterator entries(directory, none);
  return std::any_of(begin(entries), end(entries),
                     [](const fs::directory_entry& entry) { return entry.path().filename() != ".lock"; });
}

// What the run in a folder was made from and what it would be made from now.
std::vector<std::string> changes(const PlannedRun& run, const fs::path& folder) {
  if (!fs::exists(folder / kExperimentFile)) return {"no study has written its experiment.toml"};
  const config::Node before = read_experiment_file(folder / kExperimentFile);
  std::vector<std::string> texts = differences(before, run.experiment.resolved);
  if (texts.size() > kMostDifferences) {
    texts[kMostDifferences] = fmt::format("and {} more", texts.size() - kMostDifferences);
    texts.resize(kMostDifferences + 1);
  }
  return texts;
}

}  // namespace

struct Execution::Job {
  std::vector<std::size_t> runs;
  fs::path log;
  std::uintmax_t log_begin;
  Child child;
};

Execution::Execution(const StudyPlan& plan, RunCommand command, std::vector<std::string> command_line, Options options)
    : plan_(plan),
      command_(std::move(command)),
      command_line_(std::move(command_line)),
      options_(options),
      tried_(size(), false),
      alone_(size(), !options.shared_teacher),
      companions_of_(size()) {
  for (std::vector<std::size_t>& group : companions(plan)) {
    for (std::size_t& member : group) member += plan.teachers.size();
    for (const std::size_t member : group) companions_of_[member] = group;
  }
  look_around();
}

Execution::~Execution() = default;

const PlannedRun& Execution::planned(std::size_t i) const {
  const std::size_t teachers = plan_.teachers.size();
  return i < teachers ? plan_.teachers[i] : plan_.members[i - teachers].run;
}

RunProgress& Execution::progress_of(std::size_t i) {
  const std::size_t teachers = plan_.teachers.size();
  return i < teachers ? progress_.teachers[i] : progress_.members[i - teachers];
}

std::size_t Execution::teacher_named(const std::string& name) const {
  const auto found = std::find_if(plan_.teachers.begin(), plan_.teachers.end(),
                                  [&name](const PlannedRun& teacher) { return teacher.name == name; });
  return static_cast<std::size_t>(found - plan_.teachers.begin());
}

bool Execution::is_taught_by(const PlannedRun& run, std::size_t teacher) const {
  return std::any_of(run.teachers.begin(), run.teachers.end(),
                     [&](const TeacherUse& use) { return use.run == plan_.teachers[teacher].name; });
}

bool Execution::needed(const RunProgress& run) const {
  return run.state == RunState::Waiting || run.state == RunState::Stopped ||
         (run.state == RunState::Failed && options_.retry_failed);
}

bool Execution::needs_teacher(std::size_t i) const {
  if (!needed(progress_.teachers[i])) return false;
  for (std::size_t member = 0; member < plan_.members.size(); ++member) {
    if (is_taught_by(plan_.members[member].run, i) && needs_member(member)) return true;
  }
  return false;
}

void Execution::look_around() {
  if (holds_something_else(plan_.directory)) {
    throw InvalidParameter(plan_.directory.string() +
                           " is not empty and holds no study; expected a new folder, or that "
                           "of an earlier sitting of this study");
  }
  read_study_file(plan_.directory);  // throws when it is of a later version
  progress_.teachers.assign(plan_.teachers.size(), {});
  progress_.members.assign(plan_.members.size(), {});
  std::string problems;
  for (std::size_t i = 0; i < size(); ++i) {
    const PlannedRun& run = planned(i);
    const fs::path folder = plan_.directory / run.name;
    const auto found = newest_run(folder);
    if (!found) continue;
    const std::vector<std::string> changed = changes(run, folder);
    if (!changed.empty()) problems += "\n  " + run.name + ": " + join(changed, "; ");
    RunProgress& progress = progress_of(i);
    progress.take(*found);
    if (progress.state == RunState::Failed) progress.reason = failure_reason(folder / kLogFile, 0, {});
  }
  if (!problems.empty()) {
    throw InvalidParameter(plan_.directory.string() +
                           " holds runs of other experiments under these names; choose "
                           "another --out, or remove their folders:" +
                           problems);
  }
}

void Execution::lock() {
  const fs::path file = plan_.directory / ".lock";
  lock_.emplace(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
  if (lock_->value() < 0 || ::flock(lock_->value(), LOCK_EX | LOCK_NB) != 0) {
    throw Error("the study in " + plan_.directory.string() + " is under way in another process");
  }
}

// When a sitting is killed, its runs save themselves and end; that takes a moment.
void Execution::wait_for_earlier_runs() const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (const auto* runs : {&progress_.teachers, &progress_.members}) {
    for (const RunProgress& run : *runs) {
      while (!run.directory.empty() && is_under_way(run.directory)) {
        if (std::chrono::steady_clock::now() > deadline) {
          throw Error("the run in " + run.directory.string() + " is under way in another process");
        }
        std::this_thread::sleep_for(kPause);
      }
    }
  }
}

void Execution::save() const {
  files::write_file(plan_.directory / kStudyFile, to_json(plan_, progress_, command_line_).dump(2) + "\n");
}

bool Execution::run() {
  std::error_code error;
  fs::create_directories(plan_.directory, error);
  if (error) throw Error("cannot make the directory " + plan_.directory.string() + ": " + error.message());
  lock();
  wait_for_earlier_runs();
  look_around();
  fail_pupils_of_failed_teachers();
  const run::StopSignal signals;
  save();
  std::list<Job> jobs;
  for (;;) {
    if (!stopping_ && run::StopSignal::requested()) {
      stopping_ = true;
      for (const Job& job : jobs) job.child.send(SIGTERM);
      std::fprintf(stderr, "stopping: %zu %s\n", jobs.size(),
                   jobs.size() == 1 ? "run saves itself" : "runs save themselves");
    }
    if (!stopping_) fill(jobs);
    if (jobs.empty()) break;
    std::this_thread::sleep_for(kPause);
    std::erase_if(jobs, [this](Job& job) {
      if (!job.child.poll()) return false;
      finish(job);
      return true;
    });
  }
  const auto left = [](const RunProgress& run) {
    return run.state == RunState::Waiting || run.state == RunState::Stopped;
  };
  return std::none_of(progress_.members.begin(), progress_.members.end(), left);
}

bool Execution::startable(std::size_t i) {
  if (tried_[i]) return false;
  if (i < plan_.teachers.size()) return needs_teacher(i);
  if (!needed(progress_of(i))) return false;
  const std::vector<TeacherUse>& uses = planned(i).teachers;
  return std::all_of(uses.begin(), uses.end(), [this](const TeacherUse& use) {
    return progress_.teachers[teacher_named(use.run)].state == RunState::Finished;
  });
}

void Execution::fill(std::list<Job>& jobs) {
  for (std::size_t i = 0; i < size() && static_cast<int>(jobs.size()) < command_.jobs; ++i) {
    if (startable(i)) jobs.push_back(start(with_companions(i)));
  }
}

// Those that are to be begun, or gone on with, like this one; they come first with it.
std::vector<std::size_t> Execution::with_companions(std::size_t i) {
  std::vector<std::size_t> runs{i};
  if (alone_[i]) return runs;
  for (const std::size_t other : companions_of_[i]) {
    const bool alike = progress_of(other).directory.empty() == progress_of(i).directory.empty();
    if (other != i && alike && !alone_[other] && startable(other)) runs.push_back(other);
  }
  return runs;
}

std::vector<TeacherWeights> Execution::teacher_weights(const PlannedRun& run) const {
  std::vector<TeacherWeights> weights;
  for (const TeacherUse& use : run.teachers) {
    const std::size_t teacher = teacher_named(use.run);
    const auto directory = run::RunDirectory::open(progress_.teachers[teacher].directory);
    weights.push_back({use.substitution, directory.student(plan_.teachers[teacher].experiment.stages.front().name)});
  }
  return weights;
}

// Of several runs side by side, the log is the first one's.
Execution::Job Execution::start(const std::vector<std::size_t>& runs) {
  const PlannedRun& first = planned(runs.front());
  const bool begin = progress_of(runs.front()).directory.empty();
  std::vector<fs::path> places;  // of the experiments, or of the runs that are gone on with
  for (const std::size_t i : runs) {
    tried_[i] = true;
    const PlannedRun& run = planned(i);
    RunProgress& progress = progress_of(i);
    if (begin) {
      const fs::path file = plan_.directory / run.name / kExperimentFile;
      fs::create_directories(file.parent_path());
      files::write_file(file, config::toml_text(run.experiment.resolved));
      places.push_back(file);
    } else {
      places.push_back(progress.directory);
    }
    progress.state = RunState::Running;
    progress.reason.clear();
    const std::string with = i == runs.front() ? "" : ", side by side with " + first.name;
    say(run.name, (begin ? "begins" : "goes on") + with);
  }
  const fs::path log = plan_.directory / first.name / kLogFile;
  std::error_code none;
  const std::uintmax_t log_size = fs::file_size(log, none);
  const auto words = begin ? command_.begin(first, places, teacher_weights(first)) : command_.resume(places);
  Job job{runs, log, none ? 0 : log_size, Child(words, log, command_.environment())};
  save();
  return job;
}

void Execution::finish(Job& job) {
  const Ending ending = *job.child.poll();
  for (const std::size_t i : job.runs) settle(i, job, ending);
  save();
}

// Where a run stands, now that its process has ended.
void Execution::settle(std::size_t i, const Job& job, const Ending& ending) {
  const PlannedRun& run = planned(i);
  RunProgress& progress = progress_of(i);
  progress.state = RunState::Waiting;
  if (const auto found = newest_run(plan_.directory / run.name)) progress.take(*found);
  const bool together = job.runs.size() > 1;
  const bool finished = progress.state == RunState::Finished && (together || (ending.signal == 0 && ending.code == 0));
  const bool is_teacher = i < plan_.teachers.size();
  if (finished) {
    if (!is_teacher) {
      seconds_of_members_ += progress.seconds;
      ++finished_members_;
    }
    say(run.name, fmt::format("test accuracy {:.2f}%, {}{}", 100.0 * progress.stages.back().value("top1", 0.0),
                              duration_text(progress.seconds), remaining_time()));
  } else if (ending.signal == 0 && (ending.code == kStoppedCode || (together && stopping_)) &&
             progress.state != RunState::Failed) {
    progress.state = RunState::Stopped;
    say(run.name, "saved; can go on");
  } else if (together && progress.state != RunState::Failed) {
    // Whichever of them ended the process: by itself the others will not be in its way.
    alone_[i] = true;
    tried_[i] = false;
    say(run.name, "its process ended before it; it will be run by itself");
  } else {
    progress.state = RunState::Failed;
    progress.reason = together ? recorded_error(progress.directory) : failure_reason(job.log, job.log_begin, ending);
    say(run.name, "failed: " + progress.reason);
    if (is_teacher) fail_pupils(i);
  }
}

void Execution::fail_pupils(std::size_t teacher) {
  for (std::size_t i = 0; i < plan_.members.size(); ++i) {
    RunProgress& pupil = progress_.members[i];
    if (!is_taught_by(plan_.members[i].run, teacher) || !needed(pupil)) continue;
    pupil.state = RunState::Failed;
    pupil.reason = "its teacher " + plan_.teachers[teacher].name + " failed";
  }
}

// Those that failed in an earlier sitting and are not tried again.
void Execution::fail_pupils_of_failed_teachers() {
  for (std::size_t i = 0; i < plan_.teachers.size(); ++i) {
    if (progress_.teachers[i].state == RunState::Failed && !needed(progress_.teachers[i])) fail_pupils(i);
  }
}

void Execution::say(const std::string& name, const std::string& what) const {
  std::size_t finished = 0;
  for (const auto* runs : {&progress_.teachers, &progress_.members}) {
    finished += static_cast<std::size_t>(std::count_if(
        runs->begin(), runs->end(), [](const RunProgress& run) { return run.state == RunState::Finished; }));
  }
  std::fprintf(stderr, "[%zu/%zu] %s: %s\n", finished, size(), name.c_str(), what.c_str());
}

// By what the members so far took.
std::string Execution::remaining_time() const {
  const auto left = std::count_if(progress_.members.begin(), progress_.members.end(), [](const RunProgress& run) {
    return run.state == RunState::Waiting || run.state == RunState::Running || run.state == RunState::Stopped;
  });
  if (left == 0 || finished_members_ == 0) return "";
  const double seconds = seconds_of_members_ / finished_members_ * static_cast<double>(left) / command_.jobs;
  return fmt::format("; {} left, about {}", left, duration_text(seconds));
}

}  // namespace retort::study

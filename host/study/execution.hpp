#pragma once

#include <filesystem>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "child.hpp"
#include "metrics/descriptor.hpp"
#include "plan.hpp"
#include "record.hpp"
#include "run_command.hpp"

namespace retort::study {

// One sitting of a study: runs what is not finished, each run as a process of its own; or, when teachers are shared,
// those that can run side by side in one process.
class Execution {
 public:
  struct Options {
    bool retry_failed = false;    // run again what failed in an earlier sitting
    bool shared_teacher = false;  // companions() in one process
  };

  // Looks at what earlier sittings left, and writes nothing. Throws InvalidParameter when `plan.directory` holds
  // something else, or runs of other experiments under the names of these. The plan outlives this.
  // `command_line`: of this process, for the record.
  Execution(const StudyPlan& plan, RunCommand command, std::vector<std::string> command_line, Options options);
  ~Execution();

  const StudyProgress& progress() const { return progress_; }
  const StudyPlan& plan() const { return plan_; }
  // Whether the run of a teacher or a member, in the order of the plan, is left to be done.
  bool needs_teacher(std::size_t i) const;
  bool needs_member(std::size_t i) const { return needed(progress_.members[i]); }

  // Runs until everything is finished or has failed, or a signal asks for a stop; then the runs under way save
  // themselves first. False when something is left that another sitting can go on with. Throws Error when another
  // process works in the study, a file cannot be written or no process be started.
  bool run();

 private:
  struct Job;

  void look_around();
  void lock();
  void wait_for_earlier_runs() const;
  void save() const;

  bool needed(const RunProgress& run) const;
  std::size_t size() const { return plan_.teachers.size() + plan_.members.size(); }
  const PlannedRun& planned(std::size_t i) const;
  RunProgress& progress_of(std::size_t i);
  std::size_t teacher_named(const std::string& name) const;
  bool is_taught_by(const PlannedRun& run, std::size_t teacher) const;
  std::vector<TeacherWeights> teacher_weights(const PlannedRun& run) const;

  bool startable(std::size_t i);
  void fill(std::list<Job>& jobs);
  std::vector<std::size_t> with_companions(std::size_t i);
  Job start(const std::vector<std::size_t>& runs);
  void finish(Job& job);
  void settle(std::size_t i, const Job& job, const Ending& ending);
  void fail_pupils(std::size_t teacher);
  void fail_pupils_of_failed_teachers();
  void say(const std::string& name, const std::string& what) const;
  std::string remaining_time() const;

  const StudyPlan& plan_;
  RunCommand command_;
  std::vector<std::string> command_line_;
  Options options_;
  StudyProgress progress_;
  std::vector<bool> tried_;                              // in this sitting
  std::vector<bool> alone_;                              // to be run by itself, because its process ended
  std::vector<std::vector<std::size_t>> companions_of_;  // of each run, itself included
  bool stopping_ = false;
  std::optional<metrics::Descriptor> lock_;
  double seconds_of_members_ = 0.0;  // that this sitting has finished
  int finished_members_ = 0;
};

}  // namespace retort::study

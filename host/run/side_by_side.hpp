#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "program/generator_states.hpp"
#include "runner.hpp"

namespace retort::run {

// Runs that take turns in one process, a step each, the least far one first, so that what is the same for them is
// computed once: their data, the batch, what the teacher makes of it. Each has its own directory, checkpoints and
// endpoint, and comes to what it comes to alone; on the CPU, to the bit. One that fails leaves the others alone.
class SideBySide {
 public:
  struct Ending {
    RunOutcome outcome;
    std::string error;  // of a run that failed; else ""
  };

  // The experiment as read with the registry, which is the run's own. Throws config::Rejected when device or threads
  // are not those of the runs before it: there is one of each.
  void add(config::ExperimentSpec experiment, registry::Registry& registry, RunOrigin origin);
  // Throws config::Rejected with all that is wrong with any of them; then nothing was written.
  void prepare();
  // In the order in which they were added.
  std::vector<Ending> run();

 private:
  struct Member {
    Member(config::ExperimentSpec read, registry::Registry& registry, RunOrigin origin)
        : experiment(std::move(read)), runner(experiment, registry, std::move(origin), experiment.run.name) {}

    config::ExperimentSpec experiment;
    Runner runner;
    std::optional<program::GeneratorStates> random;  // while it is not its turn
    bool over = false;
    std::string error;
  };

  void take_turn(Member& member, bool first);
  Member* least_far();

  std::optional<DataStore> data_;
  engine::CommonWork work_;
  c10::Device device_{c10::kCPU};
  std::deque<Member> members_;
};

}  // namespace retort::run

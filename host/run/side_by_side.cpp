#include "side_by_side.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace retort::run {

void SideBySide::add(config::ExperimentSpec experiment, registry::Registry& registry, RunOrigin origin) {
  if (!members_.empty()) {
    const config::RunSpec& first = members_.front().experiment.run;
    if (experiment.run.device.value != first.device.value) {
      config::reject(experiment.run.device.origin,
                     fmt::format("run.device is \"{}\", that of the run beside it \"{}\"; "
                                 "runs in one process have one device",
                                 experiment.run.device.value, first.device.value));
    }
    if (experiment.run.threads != first.threads) {
      config::reject({experiment.file}, fmt::format("run.threads is {}, that of the run beside it {}; runs in one "
                                                    "process share their threads",
                                                    experiment.run.threads, first.threads));
    }
  }
  members_.emplace_back(std::move(experiment), registry, std::move(origin));
}

void SideBySide::prepare() {
  device_ = settle_device(members_.front().experiment.run);
  data_.emplace(device_, members_.front().experiment.engine.readers);
  std::string problems;
  int exit_code = 0;
  for (Member& member : members_) {
    try {
      member.runner.prepare({*data_, work_});
    } catch (const config::Rejected& rejected) {
      problems += rejected.what();
      exit_code = std::max(exit_code, rejected.exit_code());
    }
  }
  if (!problems.empty()) throw config::Rejected(problems, exit_code);
}

void SideBySide::take_turn(Member& member, bool first) {
  try {
    if (first) {
      member.runner.start();
    } else {
      member.random->put_back();
      member.over = !member.runner.advance();
    }
    member.random.emplace(device_);
  } catch (const std::exception& error) {
    member.over = true;
    member.error = error.what();
  }
}

// Null: all are over.
SideBySide::Member* SideBySide::least_far() {
  Member* found = nullptr;
  for (Member& member : members_) {
    if (member.over) continue;
    if (!found || member.runner.position() < found->runner.position()) found = &member;
  }
  return found;
}

std::vector<SideBySide::Ending> SideBySide::run() {
  for (Member& member : members_) take_turn(member, /*first=*/true);
  while (Member* const next = least_far()) take_turn(*next, /*first=*/false);
  std::vector<Ending> endings;
  for (const Member& member : members_) endings.push_back({member.runner.outcome(), member.error});
  return endings;
}

}  // namespace retort::run

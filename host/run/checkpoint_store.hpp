#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "weights/safetensors.hpp"

namespace retort::run {

// What the manifest of a checkpoint says of it.
struct CheckpointFacts {
  std::filesystem::path folder;
  std::int64_t number = 0;  // counted up in a run
  std::string stage;
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::optional<double> top1;  // of the evaluation at that step, when there was one
};

// The checkpoints of a run:
//
//   000012/state.safetensors  000012/manifest.json   sizes and SHA-256 of the files beside it
//   last -> 000012   best -> 000010
//
// One is written into a folder of another name, its manifest last, flushed, and renamed; so it is whole or not there,
// whenever the process is killed or the disk full. The newest ones stay, and the one with the best evaluation of the
// stage under way. One process at a time.
class CheckpointStore {
 public:
  // `folder` exists. `keep`: how many of the newest stay, at least 1. Removes what a killed process left half done.
  CheckpointStore(std::filesystem::path folder, std::int64_t keep);

  // Saves a state, whose metadata name `stage`, `epoch` and `step`. Throws std::system_error naming the file; the
  // checkpoints that are there stay then.
  void save(const weights::TensorFile& state, std::optional<double> top1);

  // The state of the newest checkpoint that is intact; nothing when there is none. Those that are not are told to
  // `warn` and renamed to <number>.damaged. Throws Error when a file cannot be read.
  std::optional<weights::TensorFile> load_newest(const std::function<void(const std::string&)>& warn);

  // By their manifests, the oldest first; those without a readable one are left out.
  std::vector<CheckpointFacts> list() const;

 private:
  void remove_unfinished() const;
  void prune() const;
  std::int64_t next_number() const;

  std::filesystem::path folder_;
  std::int64_t keep_;
};

}  // namespace retort::run

#pragma once

#include <filesystem>
#include <string>

namespace retort::run {

// The directory of one run: `<run.directory>/<run.name>/<date>_<time>`. Made anew for every run, never reused; only
// resuming goes on in one that exists.
//
//   .lock                             held while a process runs in it
//   experiment.toml  sources/  environment.json  graph.json  events.log  metrics.jsonl  metrics.prom  summary.json
//   environment-2.json, ...           of later sittings
//   checkpoints/                      where the run stands: CheckpointStore
//   stages/<stage>/student.safetensors, best.safetensors, calibration.json, result.json, label_noise.csv
//   report.html                       when `retort report` was asked for one
//
// `<run.directory>/latest` is a link to the newest run.
class RunDirectory {
 public:
  // Makes it. Throws Error with the path and the reason.
  static RunDirectory create(const std::filesystem::path& base, const std::string& name);
  // Throws InvalidParameter when `root` is no run's directory.
  static RunDirectory open(const std::filesystem::path& root);

  RunDirectory(RunDirectory&& other) noexcept;
  ~RunDirectory();

  const std::filesystem::path& root() const { return root_; }
  // "quickstart/2026-01-31_12-00-00"
  std::string id() const;
  std::filesystem::path experiment() const { return root_ / "experiment.toml"; }
  std::filesystem::path sources() const { return root_ / "sources"; }
  // Of the first sitting, or of the n-th, from 1.
  std::filesystem::path environment(int sitting = 1) const;
  // How many sittings have written theirs.
  int sittings() const;
  std::filesystem::path events() const { return root_ / "events.log"; }
  // The training graphs of the stages, as `retort graph --json` prints them.
  std::filesystem::path graph() const { return root_ / "graph.json"; }
  std::filesystem::path report() const { return root_ / "report.html"; }
  std::filesystem::path history() const { return root_ / "metrics.jsonl"; }
  std::filesystem::path metrics() const { return root_ / "metrics.prom"; }
  std::filesystem::path summary() const { return root_ / "summary.json"; }
  std::filesystem::path checkpoints() const { return root_ / "checkpoints"; }
  std::filesystem::path stage(const std::string& name) const { return root_ / "stages" / name; }
  std::filesystem::path student(const std::string& stage_name) const {
    return stage(stage_name) / "student.safetensors";
  }
  std::filesystem::path best_student(const std::string& stage_name) const {
    return stage(stage_name) / "best.safetensors";
  }
  // What a stage that diverged had come to.
  std::filesystem::path diverged(const std::string& stage_name) const {
    return stage(stage_name) / "diverged.safetensors";
  }
  std::filesystem::path label_noise(const std::string& stage_name) const {
    return stage(stage_name) / "label_noise.csv";
  }
  // The bins of the reliability diagrams of the last evaluation.
  std::filesystem::path calibration(const std::string& stage_name) const {
    return stage(stage_name) / "calibration.json";
  }
  // Written last: a stage that has one is done.
  std::filesystem::path result(const std::string& stage_name) const { return stage(stage_name) / "result.json"; }

  // Keeps other processes from running in the directory until this object is gone. Throws Error when one does.
  void lock();
  // Removes the temporary files of a process that was killed. The directory is locked.
  void remove_leftovers() const;

 private:
  explicit RunDirectory(std::filesystem::path root) : root_(std::move(root)) {}

  std::filesystem::path root_;
  int lock_ = -1;
};

}  // namespace retort::run

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <retort/component.hpp>
#include <retort/value.hpp>

#include "diagnostics.hpp"
#include "node.hpp"

// An experiment as plain data: what is left of the TOML once it has been merged, interpolated and validated. Every
// value a later stage may have to complain about keeps its origin. Nothing here knows LibTorch.
namespace retort::config {

template <class T>
struct Located {
  T value{};
  Origin origin;
};

// A component that the experiment uses: `use`, an optional `library`, and the parameters given.
struct ComponentSpec {
  Kind kind = Kind::Loss;
  std::string key;  // where it stands: "loss.soft", "student", "loss.representation.student.projector"
  Located<std::string> use;
  std::optional<Located<std::filesystem::path>> library;  // absolute
  Table params;                                           // the component's own parameters
  Node node;  // the table that holds the parameters, for the origin of each of them

  // The origin of the parameter at `path` ("temperature", "hidden[2]"), or of `use` when it was not written.
  Origin origin_of(const std::string& path, bool on_key = false) const;
};

// tap -> projector -> normalization
struct BranchSpec {
  Located<std::string> tap;  // an empty value: the loss's default tap
  std::optional<ComponentSpec> projector;
  std::optional<ComponentSpec> normalization;
};

// A value that changes while a stage trains. `value` is the base; see engine/schedule.hpp for the formulas.
struct ScheduleSpec {
  enum class Kind { Constant, Multistep, Cosine, Linear };
  Kind kind = Kind::Constant;
  double value = 1.0;
  std::vector<std::int64_t> milestones;  // epochs
  double gamma = 0.1;
  double final_value = 0.0;    // where cosine and linear end
  double warmup_epochs = 0.0;  // linear warm-up from warmup_start * value
  double warmup_start = 0.0;
  Origin origin;
};

// A parameter of a loss that changes while a stage trains; the loss is made with the schedule's base value.
struct ParameterSchedule {
  std::string parameter;
  ScheduleSpec schedule;
};

struct TermSpec {
  std::string name;
  ComponentSpec loss;
  ScheduleSpec weight;
  std::vector<ParameterSchedule> schedules;  // of the loss's parameters that TOML gives one
  std::vector<BranchSpec> student;           // empty: one branch on the loss's default tap
  std::vector<BranchSpec> teacher;
  Origin origin;
};

struct EnsembleMember;

// How an ensemble makes one prediction of its members' logits.
enum class Combination { MeanLogits, MeanProbabilities, SumLogits };

struct ModelSpec {
  ComponentSpec model;                                    // of an ensemble: `use` says "ensemble"
  std::optional<Located<std::filesystem::path>> weights;  // absolute; a safetensors file
  std::optional<Located<std::string>> stage;              // the stage whose student this is, or starts from
  std::optional<Located<double>> expect_accuracy;         // top-1 on the test split, as a ratio
  double accuracy_tolerance = 0.005;
  std::optional<std::int64_t> seed;  // of a student's initial weights; the stage's unless given
  // Replace the model's and the data set's normalisation when given.
  std::optional<std::vector<double>> mean;
  std::optional<std::vector<double>> deviation;
  std::vector<EnsembleMember> members;  // not empty: an ensemble
  Combination combine = Combination::MeanLogits;
};

struct EnsembleMember {
  std::string name;
  ModelSpec spec;
};

// One augmentation of the training images; its parameters are checked where it is built (data/transforms.hpp).
struct TransformSpec {
  std::string use;
  Table params;
  Origin origin;
};

// A class of the data set: its name or its number.
using ClassReference = Located<Value>;

// The training images that are used: a share of those of the classes named (of all, when none are).
struct SubsetSpec {
  double fraction = 1.0;
  std::optional<std::vector<ClassReference>> classes;
  std::int64_t seed = 0;
  Origin origin;
};

// Wrong labels for the training images.
struct LabelNoiseSpec {
  enum class Kind { Symmetric, Asymmetric, PairFlip, File };
  Kind kind = Kind::Symmetric;
  double rate = 0.0;
  std::int64_t seed = 0;
  std::vector<std::pair<ClassReference, ClassReference>> map;  // Asymmetric: from, to
  std::filesystem::path file;                                  // File: absolute
  Origin origin;
};

// Training images whose label the student is not told.
struct WithheldLabelsSpec {
  double fraction = 1.0;
  std::int64_t seed = 0;
};

struct DatasetSpec {
  ComponentSpec dataset;
  std::vector<TransformSpec> transforms;
  std::optional<SubsetSpec> subset;
  std::optional<LabelNoiseSpec> label_noise;
  std::optional<WithheldLabelsSpec> withheld_labels;
  std::optional<ComponentSpec> unlabelled;  // a second data set, whose training images come without labels
};

struct OptimizerSpec {
  enum class Kind { Sgd, Adam, AdamW };
  Kind kind = Kind::Sgd;
  double lr = 0.05;
  double momentum = 0.9;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 5e-4;
  bool decay_1d = true;             // false: no weight decay on parameters with one dimension
  std::optional<double> clip_norm;  // total gradient norm
  Origin origin;
};

struct TrainingSpec {
  std::int64_t epochs = 1;
  std::int64_t batch_size = 128;
  bool drop_last = false;
  std::optional<std::int64_t> max_steps;   // ends the stage early; for trials
  ScheduleSpec lr;                         // its value is the optimizer's lr
  std::int64_t evaluate_every = 1;         // epochs; the last epoch is always evaluated
  std::optional<double> stop_at_accuracy;  // top-1 on the training images, as a ratio, that ends the stage
  std::optional<std::int64_t> skip_limit;  // steps that are left out when they are not finite; none: the stage fails
  Origin origin;
};

// One link of a chain: a student, what it learns from, and how.
struct StageSpec {
  std::string name;
  std::optional<Located<std::string>> after;
  std::optional<std::int64_t> seed;  // the run's unless given
  DatasetSpec dataset;
  std::optional<ModelSpec> teacher;
  ModelSpec student;
  std::vector<TermSpec> terms;
  OptimizerSpec optimizer;
  TrainingSpec training;
  Origin origin;
};

struct RunSpec {
  std::string name;
  std::int64_t seed = 1;
  Located<std::string> device{"auto", {}};
  Located<std::string> precision{"float32", {}};
  std::filesystem::path directory;    // absolute
  std::int64_t threads = 0;           // 0: as many as there are cores
  std::int64_t checkpoint_every = 1;  // epochs
  std::int64_t keep_checkpoints = 2;  // of the newest; the best one stays besides
};

// How a step is computed. Every switch keeps the results to within rounding.
struct EngineSpec {
  bool record = true;           // models as recorded operators, which the passes rewrite; false: as their plugins do it
  bool channels_last = true;    // images [N, C, H, W] with the channels of a pixel side by side
  bool fold_batch_norm = true;  // of frozen models
  bool fuse_batch_norm = true;  // with the sum and the ReLU behind it
  bool prepack = true;          // convolutions of frozen models, on the CPU
  bool fuse_losses = true;      // losses take over the normalization of their features
  bool cuda_graph = true;       // whole steps as one CUDA graph

  struct LogitCache {
    std::filesystem::path folder;  // absolute; empty: the default one
    std::string type = "bfloat16";
    Origin origin;
  };
  std::optional<LogitCache> logit_cache;
  std::int64_t readers = 0;  // threads that read the images of a data set that streams; 0: one for each core
};

struct MetricsSpec {
  bool serve = true;
  Located<std::string> address{"127.0.0.1", {}};
  Located<std::int64_t> port{0, {}};
  std::optional<Located<std::filesystem::path>> users;  // absolute; who may read them, with hashes of passwords
  std::int64_t every = 20;                              // steps between two readings of the device
  std::int64_t diagnostics_every = 0;                   // steps between two diagnoses; 0: none
};

struct ExperimentSpec {
  std::filesystem::path file;
  RunSpec run;
  EngineSpec engine;
  MetricsSpec metrics;
  std::vector<StageSpec> stages;  // in the order in which they run
  Node resolved;                  // the merged document, with defaults left out
};

}  // namespace retort::config

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <retort/dataset.hpp>
#include <retort/loss.hpp>
#include <retort/model.hpp>
#include <retort/normalization.hpp>
#include <retort/projector.hpp>

#include "config/experiment.hpp"
#include "data/training_split.hpp"
#include "memory_need.hpp"

namespace retort::graph {

// A teacher or a student with what the graph knows of it.
struct ModelNode {
  std::string role;  // "teacher" or "student"; of an ensemble's member: "teacher.<member>"
  config::ModelSpec spec;
  std::shared_ptr<Model> model;
  InputSpec input;                    // mean and deviation filled in: the experiment's, the model's or the data set's
  std::map<std::string, Shape> taps;  // every tap that the objective or an evaluation asks for
  TapRequest request;                 // what a training step asks for
  bool recordable = false;            // whether a record of its operators does what it does
  std::int64_t parameters = 0;        // trainable, before the teacher is frozen
  std::int64_t flops = 0;             // of one sample's forward pass to the taps in `request`
  std::vector<ModelNode> members;     // of an ensemble; their modules are `model`'s
};

// tap -> projector -> normalization
struct Branch {
  std::string tap;
  std::string key;  // where it stands in the experiment: "loss.soft.student"
  std::optional<config::ComponentSpec> projector_spec;
  std::optional<config::ComponentSpec> normalization_spec;
  std::shared_ptr<Projector> projector;          // null: none
  std::shared_ptr<Normalization> normalization;  // null: none
  Shape tap_shape;
  Shape projected_shape;  // what the loss receives
};

struct Term {
  std::string name;
  config::ComponentSpec spec;
  std::shared_ptr<Loss> loss;
  config::ScheduleSpec weight;
  std::vector<config::ParameterSchedule> schedules;  // of parameters that the loss is told before each step
  std::vector<Branch> student;
  std::vector<Branch> teacher;  // empty: the loss looks at no teacher
};

// A module with trainable parameters, or state that a checkpoint has to hold.
struct TrainedModule {
  std::string name;  // "student", "loss.hint.student.projector": the prefix of its tensors in a checkpoint
  torch::nn::Module* module;
};

// One stage, assembled: the components of a step and how they hang together.
struct TrainingGraph {
  std::string stage;
  std::uint64_t seed = 0;
  std::shared_ptr<Dataset> dataset;
  DatasetInfo data;
  Shape image;  // after the transforms
  config::DatasetSpec dataset_spec;
  data::TrainingPlan training_plan;     // which training images are used, and with what labels
  std::shared_ptr<Dataset> unlabelled;  // a second data set, whose training images are added; null: none
  DatasetInfo unlabelled_data;
  std::optional<ModelNode> teacher;  // also there when only an evaluation needs it
  ModelNode student;
  std::vector<Term> terms;
  config::OptimizerSpec optimizer;
  config::TrainingSpec training;
  config::EngineSpec engine;
  MemoryNeed memory;                   // measured in the dry run
  std::vector<std::string> unreached;  // trainable parameters that the objective has no gradient for
  std::vector<std::string> notes;      // what the passes did, a sentence each

  // True when a training step needs the teacher.
  bool uses_teacher() const { return teacher && !teacher->request.names().empty(); }
  // The student first, then projectors, normalizations and losses in the order of the terms.
  std::vector<TrainedModule> trained_modules() const;
  // Projectors only, by name.
  std::vector<TrainedModule> projectors() const;
};

}  // namespace retort::graph

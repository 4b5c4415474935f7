#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/normalize.hpp"
#include "data/source.hpp"
#include "evaluation.hpp"
#include "graph/training_graph.hpp"
#include "model_runner.hpp"

namespace retort::engine {

// What trainers that take turns in one process, a step each, compute once for all of them: the images of a batch, what
// a teacher makes of them, and the teacher's evaluation. A batch is the same when it is of the same source; trainers
// that are not at the same batch get what is theirs, and spare nothing. [one thread]
class CommonWork {
 public:
  // A teacher and those who learn from it. Keeps the model of the first of them.
  class Teacher;
  using Images = std::function<torch::Tensor()>;

  // `name`: teachers of one name have equal weights and compute alike. `node` gives the taps that this trainer's steps
  // ask for; the teacher then computes what any of them asks for. The node's model is on `device` and frozen before
  // the first batch.
  std::shared_ptr<Teacher> join(const std::string& name, const graph::ModelNode& node, c10::Device device,
                                c10::ScalarType type, const config::EngineSpec& engine);

  // What is asked for from here on is of these samples, [N] int64 on the CPU, in this epoch.
  void begin_batch(const data::Source& source, const torch::Tensor& indices, std::int64_t epoch);
  torch::Tensor images(const data::Normalize& normalize, c10::ScalarType type, at::MemoryFormat format,
                       const Images& make);
  Taps teacher_taps(Teacher& teacher, const TapRequest& request, const Images& images, const torch::Tensor& target);
  // How many taps the teacher computes: more when somebody joins who asks for others.
  static std::size_t tap_count(const Teacher& teacher);

  const Evaluation& teacher_evaluation(Teacher& teacher, const data::Source& test,
                                       const std::function<Evaluation()>& evaluate);

  // Whether the source has not been told of a stage's batch of that number yet; from then on it counts as told.
  bool first_to_announce(const data::Source& source, const std::string& stage, std::int64_t number);

 private:
  struct MadeImages {
    data::Normalize normalize;
    c10::ScalarType type;
    at::MemoryFormat format;
    torch::Tensor tensor;
  };

  std::map<std::string, std::weak_ptr<Teacher>> teachers_;
  const data::Source* source_ = nullptr;
  torch::Tensor indices_;
  std::int64_t epoch_ = -1;
  std::int64_t batch_ = 0;  // counts those begun
  std::vector<MadeImages> images_;
  std::map<std::pair<const data::Source*, std::string>, std::int64_t> announced_;  // how many, by source and stage
};

}  // namespace retort::engine

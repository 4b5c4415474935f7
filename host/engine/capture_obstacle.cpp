#include "capture_obstacle.hpp"

namespace retort::engine {
namespace {

std::string not_safe(const std::string& who) {
  return who + " is not capture-safe";
}

std::optional<std::string> of_branch(const graph::Branch& branch) {
  if (branch.projector && !branch.projector->capture_safe()) {
    return not_safe(branch.key + ".projector '" + branch.projector_spec->use.value + "'");
  }
  if (branch.normalization && !branch.normalization->capture_safe()) {
    return not_safe(branch.key + ".normalization '" + branch.normalization_spec->use.value + "'");
  }
  return std::nullopt;
}

bool changes(const config::ScheduleSpec& schedule) {
  return schedule.kind != config::ScheduleSpec::Kind::Constant || schedule.warmup_epochs > 0.0;
}

std::optional<std::string> of_term(const graph::Term& term) {
  if (!term.loss->capture_safe()) return not_safe(term.spec.key + " '" + term.spec.use.value + "'");
  for (const auto& [parameter, schedule] : term.schedules) {
    if (changes(schedule)) return term.spec.key + "." + parameter + " is on a schedule";
  }
  for (const auto* side : {&term.student, &term.teacher}) {
    for (const graph::Branch& branch : *side) {
      if (auto obstacle = of_branch(branch)) return obstacle;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> capture_obstacle(const graph::TrainingGraph& graph, const data::Source& train) {
  if (train.lookahead() > 0) return "the data set '" + graph.dataset_spec.dataset.use.value + "' streams its images";
  if (!graph.student.model->capture_safe()) {
    return not_safe("student '" + graph.student.spec.model.use.value + "'");
  }
  if (graph.uses_teacher() && !graph.teacher->model->capture_safe()) {
    return not_safe("teacher '" + graph.teacher->spec.model.use.value + "'");
  }
  for (const graph::Term& term : graph.terms) {
    if (auto obstacle = of_term(term)) return obstacle;
  }
  return std::nullopt;
}

DeviceGraphFactory choose_capture(const graph::TrainingGraph& graph, const data::Source& train, c10::Device device,
                                  const std::function<void(const std::string&)>& tell) {
  if (!device.is_cuda() || !graph.engine.cuda_graph) return {};
  if (const auto obstacle = capture_obstacle(graph, train)) {
    tell("stage " + graph.stage + ": no CUDA graph: " + *obstacle);
    return {};
  }
  DeviceGraphFactory factory = cuda_graphs();
  if (!factory) tell("stage " + graph.stage + ": no CUDA graph: lib/libretort_cuda.so is not there");
  return factory;
}

}  // namespace retort::engine

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "engine/evaluation.hpp"
#include "run/measure_report.hpp"
#include "trained_stage.hpp"

namespace retort::app {
namespace {

struct Options {
  TrainedStageOptions stage;
  bool json = false;
};

nlohmann::ordered_json model_json(const graph::ModelNode& node, const engine::Evaluation& evaluation) {
  nlohmann::ordered_json json{{"model", node.spec.model.use.value},
                              {"samples", evaluation.samples},
                              {"loss", evaluation.loss},
                              {"top1", evaluation.top1},
                              {"top5", evaluation.top5}};
  json.update(run::to_json(evaluation.measures));
  return json;
}

std::string model_text(const graph::ModelNode& node, const engine::Evaluation& evaluation) {
  const engine::ModelMeasures& measures = evaluation.measures;
  std::string text = fmt::format(
      "{}: {:.2f}% of {} test images right (top-5 {:.2f}%), cross-entropy {:.4f}\n"
      "  expected calibration error {:.4f}, entropy {:.4f} nats, norm of the logits {:.4g}",
      node.spec.model.use.value, 100.0 * evaluation.top1, evaluation.samples, 100.0 * evaluation.top5, evaluation.loss,
      measures.calibration_error, measures.entropy, measures.logit_norm);
  if (measures.penultimate_norm) text += fmt::format(", of the penultimate layer {:.4g}", *measures.penultimate_norm);
  return text + "\n";
}

std::string comparison_text(const engine::Evaluation& student) {
  const engine::TeacherComparison& shares = *student.comparison;
  return fmt::format(
      "agreement {:.2f}%, distance of the logits {:.4g}; both right {:.2f}%, only the student {:.2f}%, only the "
      "teacher "
      "{:.2f}%, none {:.2f}%\n",
      100.0 * *student.agreement, shares.logit_distance, 100.0 * shares.both_right,
      100.0 * shares.student_right_teacher_wrong, 100.0 * shares.student_wrong_teacher_right,
      100.0 * shares.both_wrong);
}

int evaluate(const Options& options) {
  const TrainedStage stage(options.stage);
  const auto source = stage.source(Split::Test);
  engine::EvaluationOptions how{.type = stage.type()};
  std::optional<engine::Evaluation> teacher;
  if (stage.teacher()) {
    teacher = engine::evaluate(*stage.teacher(), *source, {.type = stage.type(), .keep_logits = true});
    how.teacher_logits = teacher->logits;
  }
  const engine::Evaluation student = engine::evaluate(stage.student(), *source, how);
  if (options.json) {
    auto json = model_json(stage.student(), student);
    if (teacher) {
      json["teacher_agreement"] = *student.agreement;
      json["comparison"] = run::to_json(*student.comparison);
      json["teacher"] = model_json(*stage.teacher(), *teacher);
    }
    std::printf("%s\n", json.dump().c_str());
    return kDone;
  }
  std::printf("%s", model_text(stage.student(), student).c_str());
  if (teacher) {
    std::printf("teacher %s%s", model_text(*stage.teacher(), *teacher).c_str(), comparison_text(student).c_str());
  }
  return kDone;
}

}  // namespace

Action add_eval(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("TARGET", options->stage.target, "The directory of a run, or an experiment (then --weights is needed)")
      ->required()
      ->check(CLI::ExistingPath);
  app.add_option("--weights", options->stage.weights, "Safetensors file of the student")->type_name("FILE");
  options->stage.add_to(app);
  app.add_flag("--json", options->json, "Print for programs");
  app.footer("The teacher is evaluated beside its student when its weights are known.");
  return [options] { return evaluate(*options); };
}

}  // namespace retort::app

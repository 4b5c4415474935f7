#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "files/atomic_file.hpp"
#include "inspect/classes.hpp"
#include "inspect/inspection_report.hpp"
#include "trained_stage.hpp"

namespace retort::app {
namespace {

struct Options {
  TrainedStageOptions stage;
  std::string split = "test";
  std::vector<std::string> classes;
  std::int64_t bins = 40;
  std::filesystem::path json;
};

// One model's part. The plane is left out silently only when nobody asked for its classes.
inspect::ModelInspection inspect_model(const graph::ModelNode& node, const inspect::SplitOutputs& outputs,
                                       const std::vector<std::int64_t>& classes, const Options& options) {
  auto found = inspect::inspect_model(node.spec.model.use.value, outputs, options.bins);
  if (classes.empty()) return found;
  try {
    found.plane = inspect::inspect_plane(*node.model, outputs, classes);
  } catch (const InvalidParameter& error) {
    // A teacher may do without: an ensemble has no penultimate layer.
    const bool needed = !options.classes.empty() && node.role == "student";
    if (needed) throw InvalidParameter(node.role + " '" + found.model + "': " + error.what());
    std::fprintf(stderr, "retort: warning: no plane of the %s: %s\n", node.role.c_str(), error.what());
  }
  return found;
}

int execute(const Options& options) {
  if (!options.json.empty() && std::filesystem::exists(options.json)) {
    throw InvalidParameter(options.json.string() + " exists; nothing is overwritten");
  }
  const TrainedStage stage(options.stage);
  const DatasetInfo& data = stage.graph().data;
  std::vector<std::int64_t> classes;
  if (!options.classes.empty()) {
    classes = inspect::find_three_classes(data, options.classes);
  } else if (data.classes >= 3) {
    classes = {0, 1, 2};
  }
  const auto source = stage.source(options.split == "train" ? Split::Train : Split::Test);
  const auto student = inspect::run_over(stage.student(), *source, stage.type());
  inspect::Inspection inspection{.run = stage.run(),
                                 .stage = stage.graph().stage,
                                 .split = options.split,
                                 .student = inspect_model(stage.student(), student, classes, options)};
  if (stage.teacher()) {
    const auto teacher = inspect::run_over(*stage.teacher(), *source, stage.type());
    inspection.teacher = inspect_model(*stage.teacher(), teacher, classes, options);
    inspection.pair = inspect::inspect_pair(student, teacher, options.bins);
  }
  std::printf("%s", inspect::to_text(inspection, data).c_str());
  if (!options.json.empty()) {
    files::write_file(options.json, inspect::to_json(inspection, data).dump() + "\n");
  }
  return kDone;
}

}  // namespace

Action add_inspect(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("RUN", options->stage.target, "The directory of a run")->required()->check(CLI::ExistingDirectory);
  options->stage.add_to(app);
  app.add_option("--split", options->split, "Which images: train or test (default: test)")
      ->check(CLI::IsMember({"train", "test"}))
      ->type_name("SPLIT");
  app.add_option("--classes", options->classes,
                 "Three classes, by name or number, whose plane the penultimate layer is seen on (default: the first)")
      ->delimiter(',')
      ->type_name("A,B,C");
  app.add_option("--bins", options->bins, "Bins of the histograms (default: 40)")
      ->check(CLI::Range(1, 10000))
      ->type_name("N");
  app.add_option("--json", options->json, "Also write everything, histograms and places on the plane included")
      ->type_name("FILE");
  app.footer(
      "Student and teacher run over the split without augmentation, subset or label noise. Of each: calibration (15\n"
      "bins), entropy, top-logit difference (the true class's logit minus the largest other one), norms of logits and\n"
      "penultimate layer. Of the two: distance of the logits, and who is right (Kim et al., 2021). The plane goes\n"
      "through the three classes' rows of the classifier's weights (Mueller et al., 2019).");
  return [options] { return execute(*options); };
}

}  // namespace retort::app

#include "experiment_reader.hpp"

#include <algorithm>
#include <filesystem>

#include "keys.hpp"
#include "paths.hpp"
#include "stage_plan.hpp"
#include "stage_reader.hpp"
#include "table_view.hpp"
#include "validation.hpp"

namespace retort::config {
namespace {

namespace fs = std::filesystem;

bool is_device(const std::string& device) {
  if (device == "auto" || device == "cpu" || device == "cuda") return true;
  const std::string_view index = std::string_view(device).substr(std::min<std::size_t>(device.size(), 5));
  return device.starts_with("cuda:") && !index.empty() && index.size() <= 4 &&
         index.find_first_not_of("0123456789") == std::string_view::npos;
}

// The name becomes a folder below `directory` and must not lead out of it.
bool is_safe_name(const fs::path& name) {
  if (name.empty() || name.is_absolute() || !name.has_filename()) return false;
  for (const fs::path& part : name) {
    if (part == ".." || part == ".") return false;
  }
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  const std::string text = name.string();
  return std::none_of(text.begin(), text.end(), control);
}

RunSpec read_run(const Node& document, Diagnostics& diagnostics) {
  RunSpec run;
  const TableView view(document.find("run"));
  run.name = fs::path(document.origin().source).stem().string();
  if (const auto name = view.located<std::string>("name")) {
    run.name = name->value;
    if (!is_safe_name(run.name)) {
      diagnostics.error(name->origin, "run.name: expected a relative path without '..', found \"" + run.name + "\"");
    }
  }
  view.read("seed", run.seed);
  view.read("device", run.device);
  if (!is_device(run.device.value)) {
    diagnostics.error(run.device.origin, "run.device: expected \"auto\", \"cpu\", \"cuda\" or \"cuda:N\", found \"" +
                                             run.device.value + "\"");
  }
  view.read("precision", run.precision);
  run.directory =
      fs::current_path() / view.get<std::string>("directory").value_or(default_of<std::string>("run.directory"));
  run.directory = run.directory.lexically_normal();
  view.read("threads", run.threads);
  view.read("checkpoint_every", run.checkpoint_every);
  view.read("keep_checkpoints", run.keep_checkpoints);
  return run;
}

EngineSpec read_engine(const Node& document) {
  EngineSpec engine;
  const TableView view(document.find("engine"));
  view.read("record", engine.record);
  view.read("channels_last", engine.channels_last);
  view.read("fold_batch_norm", engine.fold_batch_norm);
  view.read("fuse_batch_norm", engine.fuse_batch_norm);
  view.read("prepack", engine.prepack);
  view.read("fuse_losses", engine.fuse_losses);
  view.read("cuda_graph", engine.cuda_graph);
  view.read("readers", engine.readers);
  const Node* const cache = view.find("logit_cache");
  const auto folder = view.get<std::string>("logit_cache");
  if (!cache || !(folder || view.get<bool>("logit_cache").value_or(false))) return engine;
  engine.logit_cache = {.folder = folder.value_or(""), .origin = cache->origin()};
  view.read("logit_cache_type", engine.logit_cache->type);
  return engine;
}

MetricsSpec read_metrics(const Node& document) {
  MetricsSpec metrics;
  const TableView view(document.find("metrics"));
  view.read("serve", metrics.serve);
  view.read("address", metrics.address);
  view.read("port", metrics.port);
  if (const auto users = view.located<std::string>("users")) {
    metrics.users = Located<std::filesystem::path>{users->value, users->origin};
  }
  view.read("every", metrics.every);
  view.read("diagnostics_every", metrics.diagnostics_every);
  return metrics;
}

std::vector<StageSpec> read_stages(const Node& document, const ReadContext& context) {
  const std::vector<StageDraft> drafts = plan_stages(document, context.diagnostics);
  std::vector<std::string> earlier;
  std::vector<std::string> later;
  for (const StageDraft& draft : drafts) later.push_back(draft.name);
  std::vector<StageSpec> stages;
  for (const StageDraft& draft : drafts) {
    stages.push_back(read_stage(draft, earlier, later, context));
    later.erase(later.begin());
    earlier.push_back(draft.name);
  }
  return stages;
}

// The run keeps its name when the document is read again from another file.
void keep_name(Node& document, const std::string& name) {
  const Origin origin{"default"};
  if (!document.find("run")) document.set("run", origin, Node(Node::Entries{}, origin));
  Node& run = *document.find("run");
  if (!run.find("name")) run.set("name", origin, Node(Value(name), origin));
}

}  // namespace

std::optional<ExperimentSpec> read_experiment(const Node& document, const Catalog& catalog, Diagnostics& diagnostics) {
  ExperimentSpec experiment{.file = document.origin().source, .resolved = document};
  make_paths_absolute(experiment.resolved);
  check_table(experiment_keys(), experiment.resolved, "", diagnostics);
  experiment.run = read_run(document, diagnostics);
  experiment.metrics = read_metrics(document);
  experiment.engine = read_engine(experiment.resolved);
  experiment.stages = read_stages(experiment.resolved, {catalog, diagnostics});
  if (diagnostics.failed()) return std::nullopt;
  keep_name(experiment.resolved, experiment.run.name);
  return experiment;
}

}  // namespace retort::config

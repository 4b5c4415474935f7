#include "runner.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <retort/version.hpp>

#include "build_info.hpp"
#include "config/toml_text.hpp"
#include "environment.hpp"
#include "files/atomic_file.hpp"
#include "stop_signal.hpp"

namespace retort::run {

Runner::Runner(const config::ExperimentSpec& experiment, registry::Registry& registry,
               std::vector<std::string> command_line, std::optional<std::filesystem::path> resume)
    : experiment_(experiment),
      registry_(registry),
      command_line_(std::move(command_line)),
      resume_(std::move(resume)),
      log_(progress_),
      values_([this](registry::LogLevel level, std::string_view component, std::string_view message) {
        const std::string line = fmt::format("{}: {}", component, message);
        level == registry::LogLevel::Warning ? log_.warn(line) : log_.info(line);
      }) {}

Runner::~Runner() = default;

void Runner::prepare() {
  device_ = settle_device(experiment_.run);
  config::Diagnostics diagnostics;
  graphs_ = assemble_stages(experiment_, registry_, values_, diagnostics);
  for (const config::Problem& warning : diagnostics.warnings()) {
    log_.warn(warning.origin.text() + ": " + warning.message);
  }
  DataStore store(device_);
  data_ = load_data(graphs_, store);
  data_facts_ = store.facts();
  open_endpoint();
}

void Runner::open_endpoint() {
  const config::MetricsSpec& spec = experiment_.metrics;
  if (!spec.serve) return;
  try {
    server_ = std::make_unique<metrics::MetricServer>(spec.address.value, static_cast<int>(spec.port.value),
                                                      [this] { return store_.text(); });
  } catch (const metrics::BindError& error) {
    config::reject(spec.port.value == 0 ? spec.address.origin : spec.port.origin,
                   std::string("metrics: ") + error.what() + "; metrics.port = 0 takes a free one");
  }
}

void Runner::open_directory() {
  if (!resume_) {
    directory_.emplace(RunDirectory::create(experiment_.run.directory, experiment_.run.name));
    files::write_file(directory_->experiment(), config::toml_text(experiment_.resolved));
    history_.emplace(directory_->history());
  } else {
    directory_.emplace(RunDirectory::open(*resume_));
    directory_->lock();
    if (std::filesystem::exists(directory_->checkpoint()))
      checkpoint_ = weights::load_tensors(directory_->checkpoint());
    // What is done stays; what was written behind the last checkpoint is cut off.
    metrics::HistoryPoint point{graphs_.front().stage, 0};
    for (const graph::TrainingGraph& graph : graphs_) {
      const auto result = directory_->result(graph.stage);
      if (std::filesystem::exists(result)) point = {graph.stage, read_outcome(result).steps};
    }
    if (checkpoint_ && !std::filesystem::exists(directory_->result(checkpoint_->metadata["stage"]))) {
      point = {checkpoint_->metadata["stage"], std::stoll(checkpoint_->metadata["step"])};
    }
    history_.emplace(directory_->history(), point);
  }
  log_.open(directory_->events());
  nlohmann::ordered_json facts = environment(registry_, device_, command_line_);
  facts["data"] = data_facts_;
  files::write_file(directory_->environment(), facts.dump(2) + "\n");
}

void Runner::describe_run() {
  metrics_.emplace(store_, metrics::BuildInfo{RETORT_VERSION_STRING, RETORT_GIT_REVISION, RETORT_TORCH_VERSION},
                   metrics::RunInfo{directory_->id(), experiment_.run.name, device_.str()});
  for (const Descriptor& component : registry_.created()) {
    metrics_->add_plugin(kind_name(component.kind), component.name, component.version);
  }
  for (const graph::TrainingGraph& graph : graphs_) {
    const auto label = [&](const graph::ModelNode& node) {
      return graph.stage + "." + node.role + ":" + node.spec.model.use.value;
    };
    metrics_->set_model_parameters(label(graph.student), graph.student.parameters);
    if (graph.teacher) metrics_->set_model_parameters(label(*graph.teacher), graph.teacher->parameters);
  }
}

void Runner::announce_endpoint() {
  log_.info("run " + directory_->root().string());
  if (!server_) return;
  std::string file = directory_->id() + ".json";
  std::replace(file.begin(), file.end(), '/', '_');
  target_.emplace(experiment_.run.directory / "targets" / file, server_->url());
  server_->set_ready(true);
  if (!server_->loopback()) {
    log_.warn(
        "metrics: served to other machines too, without authentication; metrics.address = \"127.0.0.1\" keeps "
        "them on this one");
  }
  log_.info("metrics " + server_->url());
}

std::optional<RunOutcome> Runner::finished_before() const {
  if (!resume_) return std::nullopt;
  const RunDirectory directory = RunDirectory::open(*resume_);
  RunOutcome outcome{.state = "finished", .directory = directory.root()};
  for (const graph::TrainingGraph& graph : graphs_) {
    if (!std::filesystem::exists(directory.result(graph.stage))) return std::nullopt;
    outcome.stages.push_back(read_outcome(directory.result(graph.stage)));
  }
  return outcome;
}

RunOutcome Runner::run() {
  if (auto outcome = finished_before()) return std::move(*outcome);
  open_directory();
  describe_run();
  announce_endpoint();
  RunOutcome outcome{.directory = directory_->root()};
  try {
    const bool finished = run_stages(outcome);
    finish(outcome, finished ? metrics::RunState::Finished : metrics::RunState::Stopped);
  } catch (const std::exception& error) {
    log_.error(error.what());
    finish(outcome, metrics::RunState::Failed);
    throw;
  }
  return outcome;
}

bool Runner::run_stages(RunOutcome& outcome) {
  const RunContext context{.spec = experiment_.run,
                           .directory = *directory_,
                           .values = values_,
                           .training = {.device = device_,
                                        .type = engine::compute_type(experiment_.run.precision.value),
                                        .read_every = experiment_.metrics.every,
                                        .diagnose_every = experiment_.metrics.diagnostics_every},
                           .store = store_,
                           .metrics = *metrics_,
                           .history = *history_,
                           .progress = progress_,
                           .log = log_};
  for (std::size_t i = 0; i < graphs_.size(); ++i) {
    const std::string& stage = graphs_[i].stage;
    if (std::filesystem::exists(directory_->result(stage))) {
      outcome.stages.push_back(read_outcome(directory_->result(stage)));
      log_.info("stage " + stage + ": done in an earlier sitting");
      continue;
    }
    StageRun run(graphs_[i], data_[i], context);
    if (checkpoint_ && checkpoint_->metadata["stage"] == stage) run.restore(*checkpoint_);
    auto done = run.run(StopSignal::requested());
    if (!done) return false;
    outcome.stages.push_back(std::move(*done));
  }
  return true;
}

void Runner::finish(RunOutcome& outcome, metrics::RunState state) {
  outcome.state = state == metrics::RunState::Finished  ? "finished"
                  : state == metrics::RunState::Stopped ? "stopped"
                                                        : "failed";
  progress_.finish();
  metrics_->set_state(state);
  files::write_file(directory_->metrics(), store_.text());
  files::write_file(directory_->summary(), to_json(outcome).dump(2) + "\n");
}

}  // namespace retort::run

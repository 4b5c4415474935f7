#include "runner.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <retort/version.hpp>

#include "build_info.hpp"
#include "config/toml_text.hpp"
#include "environment.hpp"
#include "files/atomic_file.hpp"
#include "graph/outline.hpp"
#include "metrics/password_file.hpp"
#include "stop_signal.hpp"

namespace retort::run {

Runner::Runner(const config::ExperimentSpec& experiment, registry::Registry& registry, RunOrigin origin,
               const std::string& label)
    : experiment_(experiment),
      registry_(registry),
      origin_(std::move(origin)),
      progress_(label),
      log_(progress_),
      values_([this](registry::LogLevel level, std::string_view component, std::string_view message) {
        const std::string line = fmt::format("{}: {}", component, message);
        level == registry::LogLevel::Warning ? log_.warn(line) : log_.info(line);
      }) {}

Runner::~Runner() = default;

void Runner::prepare() {
  device_ = settle_device(experiment_.run);
  DataStore store(device_, experiment_.engine.readers);
  assemble(store);
}

void Runner::prepare(const Company& company) {
  device_ = settle_device(experiment_.run);
  common_work_ = &company.work;
  assemble(company.data);
}

void Runner::assemble(DataStore& store) {
  config::Diagnostics diagnostics;
  graphs_ = assemble_stages(experiment_, registry_, values_, diagnostics);
  for (const config::Problem& warning : diagnostics.warnings()) {
    log_.warn(warning.origin.text() + ": " + warning.message);
  }
  data_ = load_data(graphs_, store);
  data_facts_ = store.facts(graphs_);
  open_endpoint();
}

void Runner::open_endpoint() {
  const config::MetricsSpec& spec = experiment_.metrics;
  if (!spec.serve) return;
  try {
    server_ = std::make_unique<metrics::MetricServer>(
        spec.address.value, static_cast<int>(spec.port.value), [this] { return store_.text(); },
        spec.users ? spec.users->value : std::filesystem::path());
  } catch (const metrics::BindError& error) {
    config::reject(spec.port.value == 0 ? spec.address.origin : spec.port.origin,
                   std::string("metrics: ") + error.what() + "; metrics.port = 0 takes a free one");
  } catch (const metrics::PasswordFileError& error) {
    config::reject(spec.users->origin, std::string("metrics.users: ") + error.what());
  }
}

void Runner::open_directory() {
  if (!origin_.resume) {
    directory_.emplace(RunDirectory::create(experiment_.run.directory, experiment_.run.name));
    files::write_file(directory_->experiment(), config::toml_text(experiment_.resolved));
    files::write_file(directory_->graph(), drawn_graphs());
    log_.open(directory_->events());
    checkpoints_.emplace(directory_->checkpoints(), experiment_.run.keep_checkpoints);
    history_.emplace(directory_->history());
  } else {
    directory_.emplace(RunDirectory::open(*origin_.resume));
    directory_->lock();
    directory_->remove_leftovers();
    log_.open(directory_->events());
    checkpoints_.emplace(directory_->checkpoints(), experiment_.run.keep_checkpoints);
    checkpoint_ = checkpoints_->load_newest([this](const std::string& message) { log_.warn(message); });
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
  keep_environment();
}

std::string Runner::drawn_graphs() const {
  std::vector<graph::Outline> outlines;
  for (const graph::TrainingGraph& graph : graphs_) outlines.push_back(graph::outline_of(graph));
  return graph::draw_json(outlines);
}

void Runner::keep_environment() {
  nlohmann::ordered_json facts = environment(registry_, device_, origin_.command_line);
  facts["data"] = data_facts_;
  facts["components"] = nlohmann::ordered_json::array();
  for (const Descriptor& component : registry_.created()) {
    facts["components"].push_back(
        {{"kind", kind_name(component.kind)}, {"name", component.name}, {"version", component.version}});
  }
  if (!origin_.resume) keep_sources(facts);
  const int sitting = directory_->sittings() + 1;
  if (sitting > 1) {
    const std::string changes = environment_changes(directory_->environment(), facts);
    if (!changes.empty()) {
      log_.warn("this sitting is not like the run's first, its results may differ from an undisturbed run's: " +
                changes);
    }
  }
  files::write_file(directory_->environment(sitting), facts.dump(2) + "\n");
}

void Runner::keep_sources(nlohmann::ordered_json& facts) const {
  facts["overrides"] = {{"set", origin_.overrides.set}, {"unset", origin_.overrides.unset}};
  facts["sources"] = nlohmann::ordered_json::array();
  std::filesystem::create_directory(directory_->sources());
  for (const config::SourceFile& source : origin_.sources) {
    const std::string name = fmt::format("{}-{}", facts["sources"].size() + 1, source.path.filename().string());
    files::write_file(directory_->sources() / name, source.text);
    facts["sources"].push_back({{"file", "sources/" + name}, {"path", source.path.string()}});
  }
}

void Runner::describe_run() {
  metrics_.emplace(store_, metrics::BuildInfo{RETORT_VERSION_STRING, RETORT_GIT_REVISION, RETORT_TORCH_VERSION},
                   metrics::RunInfo{directory_->id(), experiment_.run.name, device_.str()});
  for (const Descriptor& component : registry_.created()) {
    metrics_->add_plugin(kind_name(component.kind), component.name, component.version);
  }
  for (const graph::TrainingGraph& graph : graphs_) {
    metrics_->set_classes(graph.stage, graph.data.classes);
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
    log_.warn(std::string("metrics: served to other machines too, ") +
              (experiment_.metrics.users ? "passwords and values unencrypted"
                                         : "without authentication (metrics.users names who may read them)") +
              "; metrics.address = \"127.0.0.1\" keeps them on this one");
  }
  log_.info("metrics " + server_->url());
}

std::optional<RunOutcome> Runner::finished_before() const {
  if (!origin_.resume) return std::nullopt;
  RunDirectory directory = RunDirectory::open(*origin_.resume);
  RunOutcome outcome{
      .state = "finished", .directory = directory.root(), .published = config::read_published(experiment_.resolved)};
  for (const graph::TrainingGraph& graph : graphs_) {
    if (!std::filesystem::exists(directory.result(graph.stage))) return std::nullopt;
    outcome.stages.push_back(read_outcome(directory.result(graph.stage)));
  }
  // Killed behind its last result: only the summary is left to do.
  directory.lock();
  std::ifstream stream(directory.summary());
  const auto summary = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!summary.is_object() || summary.value("state", "") != "finished") {
    files::write_file(directory.summary(), to_json(outcome).dump(2) + "\n");
  }
  return outcome;
}

RunOutcome Runner::run() {
  start();
  while (advance()) {
  }
  return outcome_;
}

void Runner::start() {
  if (auto outcome = finished_before()) {
    outcome_ = std::move(*outcome);
    over_ = true;
    return;
  }
  open_directory();
  outcome_ = {.directory = directory_->root(), .published = config::read_published(experiment_.resolved)};
  describe_run();
  announce_endpoint();
  or_fail([this] { begin_next_stage(); });
}

bool Runner::advance() {
  if (over_) return false;
  or_fail([this] {
    if (stage_->advance(StopSignal::requested())) return;
    auto done = stage_->end();
    stage_.reset();
    if (!done) return finish(metrics::RunState::Stopped);
    outcome_.stages.push_back(std::move(*done));
    begin_next_stage();
  });
  return !over_;
}

std::pair<std::size_t, std::int64_t> Runner::position() const {
  return {next_stage_, stage_ ? stage_->step() : 0};
}

void Runner::or_fail(const std::function<void()>& part) {
  try {
    part();
  } catch (const std::exception& error) {
    log_.error(error.what());
    try {
      finish(metrics::RunState::Failed);
    } catch (const std::exception& second) {  // the disk is full: the first error is the one to tell
      log_.warn(second.what());
    }
    stage_.reset();
    throw;
  }
}

void Runner::begin_next_stage() {
  for (; next_stage_ < graphs_.size(); ++next_stage_) {
    const std::string& stage = graphs_[next_stage_].stage;
    if (!std::filesystem::exists(directory_->result(stage))) break;
    outcome_.stages.push_back(read_outcome(directory_->result(stage)));
    log_.info("stage " + stage + ": done in an earlier sitting");
  }
  if (next_stage_ == graphs_.size()) return finish(metrics::RunState::Finished);
  const RunContext context{.spec = experiment_.run,
                           .directory = *directory_,
                           .checkpoints = *checkpoints_,
                           .values = values_,
                           .training = {.device = device_,
                                        .type = engine::compute_type(experiment_.run.precision.value),
                                        .read_every = experiment_.metrics.every,
                                        .diagnose_every = experiment_.metrics.diagnostics_every,
                                        .common = common_work_},
                           .engine = experiment_.engine,
                           .registry = registry_,
                           .store = store_,
                           .metrics = *metrics_,
                           .history = *history_,
                           .progress = progress_,
                           .log = log_};
  stage_.emplace(graphs_[next_stage_], data_[next_stage_], context);
  if (checkpoint_ && checkpoint_->metadata["stage"] == graphs_[next_stage_].stage) stage_->restore(*checkpoint_);
  ++next_stage_;
  stage_->begin();
}

void Runner::finish(metrics::RunState state) {
  over_ = true;
  outcome_.state = state == metrics::RunState::Finished  ? "finished"
                   : state == metrics::RunState::Stopped ? "stopped"
                                                         : "failed";
  progress_.finish();
  metrics_->set_state(state);
  files::write_file(directory_->metrics(), store_.text());
  files::write_file(directory_->summary(), to_json(outcome_).dump(2) + "\n");
}

}  // namespace retort::run

#include "metrics/stage_recorder.hpp"

#include <utility>

#include <fmt/format.h>

namespace retort::metrics {
namespace {

// The accuracy that people quote: that of the smallest k.
std::optional<NamedValue> shown_accuracy(const std::string& split, const Scores& scores) {
  if (scores.accuracy.empty()) return std::nullopt;
  const auto& [k, ratio] = *scores.accuracy.begin();
  return NamedValue{fmt::format("{} top-{}", split, k), ratio};
}

}  // namespace

StageRecorder::StageRecorder(MetricStore& store, Outputs outputs, std::string stage, std::int64_t epochs)
    : metrics_(store, stage, epochs), outputs_(outputs), stage_(std::move(stage)) {
  progress_.stage = stage_;
  progress_.epochs = epochs;
}

void StageRecorder::record(const StepReport& report) {
  metrics_.record(report);
  if (outputs_.history != nullptr) outputs_.history->append(history_record(stage_, report));
  progress_.epoch = report.epoch;
  progress_.epoch_done = report.epoch_done;
  progress_.loss = report.scores.loss;
  if (!evaluated_) progress_.accuracy = shown_accuracy("train", report.scores);
  progress_.images_per_second = report.images_per_second();
  progress_.eta_seconds = report.eta_seconds;
  if (outputs_.progress != nullptr) outputs_.progress->update(progress_);
}

void StageRecorder::record(const EvaluationReport& report) {
  metrics_.record(report);
  if (outputs_.history != nullptr) outputs_.history->append(history_record(stage_, report));
  evaluated_ = true;
  progress_.accuracy = shown_accuracy(report.split, report.scores);
  if (outputs_.progress != nullptr) outputs_.progress->update(progress_);
}

void StageRecorder::epoch_completed() {
  metrics_.epoch_completed();
  if (outputs_.progress != nullptr) outputs_.progress->epoch_finished(progress_);
}

}  // namespace retort::metrics

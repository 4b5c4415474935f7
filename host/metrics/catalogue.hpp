#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace retort::metrics {

enum class MetricType { Counter, Gauge, Histogram };

// "counter", "gauge", "histogram"
std::string_view type_name(MetricType type);

// Every metric that the host registers; indexes the catalogue.
enum class Metric {
  BuildInfo,
  RunInfo,
  PluginInfo,
  RunState,
  ModelParameters,
  Classes,
  TeacherChanged,
  Epoch,
  EpochTarget,
  Step,
  EtaSeconds,
  TrainSteps,
  TrainSamples,
  EpochsCompleted,
  ImagesPerSecond,
  LastStepTimestamp,
  Loss,
  LossTerm,
  LossTermWeight,
  LossParameter,
  AccuracyRatio,
  TeacherAgreementRatio,
  OutcomeRatio,
  LogitDistance,
  ExpectedCalibrationError,
  PredictiveEntropy,
  TopLogitDifference,
  LogitNorm,
  PenultimateNorm,
  LearningRate,
  GradientNorm,
  TermGradientNorm,
  GradientCosine,
  ProjectorSingularValue,
  ProjectorEffectiveRank,
  ProjectorFeatureCorrelation,
  ProjectorRelationNorm,
  ComponentValue,
  NonfiniteLoss,
  SkippedSteps,
  NonfiniteObservations,
  RejectedSeries,
  StepDuration,
  PhaseDuration,
  DataWaitSeconds,
  LogitCacheHits,
  LogitCacheMisses,
  Checkpoints,
  CheckpointDuration,
  LastCheckpointTimestamp,
  ProcessCpuSeconds,
  ProcessResidentMemory,
  ProcessVirtualMemory,
  ProcessOpenFds,
  ProcessMaxFds,
  ProcessStartTime,
};

struct MetricSpec {
  Metric id;
  MetricType type;
  std::string name;
  std::string unit;                 // a base unit of Prometheus, or "" for a plain number
  std::vector<std::string> labels;  // their names, in the order in which MetricStore takes the values
  std::string help;
  std::vector<double> buckets = {};  // upper bounds of a histogram, in `unit`
};

// The one table of all metrics, in the order of `Metric`.
const std::vector<MetricSpec>& catalogue();

const MetricSpec& spec(Metric metric);

// The catalogue as a Markdown table: the one in tools/prometheus/README.md.
std::string catalogue_table();

}  // namespace retort::metrics

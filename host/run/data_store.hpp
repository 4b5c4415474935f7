#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "config/diagnostics.hpp"
#include "data/source.hpp"
#include "graph/training_graph.hpp"

namespace retort::run {

// The splits of a stage on the device.
struct StageData {
  std::unique_ptr<data::ResidentSource> train;
  std::unique_ptr<data::ResidentSource> test;
  std::optional<data::LabelChanges> label_changes;  // when there is label noise
};

// Reads data sets, each once however many stages use it.
class DataStore {
 public:
  explicit DataStore(c10::Device device) : device_(device) {}

  // Throws registry::ComponentError when a file is missing or broken, or does not fit the data.
  StageData load(const graph::TrainingGraph& graph);

  // A whole split of the stage's data set, without augmentation, subset or label noise. Throws likewise.
  data::ResidentSource whole(const graph::TrainingGraph& graph, Split split);

  // What has been read: a list of the data set's name, split, number of images and fingerprint.
  nlohmann::ordered_json facts() const;

 private:
  const ResidentSplit& split(const config::ComponentSpec& spec, Dataset& dataset, const DatasetInfo& info, Split split);

  c10::Device device_;
  std::map<std::string, ResidentSplit> splits_;                 // by data set, parameters and split
  std::map<std::string, std::pair<std::string, Split>> names_;  // of the same: data set and split
};

}  // namespace retort::run

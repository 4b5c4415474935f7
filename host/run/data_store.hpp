#pragma once

#include <deque>
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
  std::shared_ptr<const data::Source> train;
  std::shared_ptr<const data::Source> test;
  std::optional<data::LabelChanges> label_changes;  // when there is label noise
};

// Reads data sets, each once however many stages and runs use it; stages whose [dataset] and seed are the same have the
// same sources.
class DataStore {
 public:
  // `readers`: threads that read the images of a data set that streams; 0: one for each core.
  explicit DataStore(c10::Device device, std::int64_t readers = 0) : device_(device), readers_(readers) {}

  // Throws registry::ComponentError when a file is missing or broken, or does not fit the data.
  StageData load(const graph::TrainingGraph& graph);

  // A split of the stage's data set as it is: no augmentation, subset or label noise. Throws likewise.
  std::shared_ptr<const data::Source> whole(const graph::TrainingGraph& graph, Split which);

  // What these stages use of what was loaded: a list of the data set's name, split, number of images and fingerprint,
  // which images that are read while training goes on have not.
  nlohmann::ordered_json facts(const std::deque<graph::TrainingGraph>& stages) const;

 private:
  StageData make(const graph::TrainingGraph& graph);
  std::shared_ptr<const data::Source> make_whole(const graph::TrainingGraph& graph, Split which);
  // Null: the split is whole.
  std::shared_ptr<const StreamedSplit> stream(const config::ComponentSpec& spec, Dataset& dataset,
                                              const DatasetInfo& info, Split split);
  const ResidentSplit& split(const config::ComponentSpec& spec, Dataset& dataset, const DatasetInfo& info, Split split);
  std::int64_t readers() const;

  c10::Device device_;
  std::int64_t readers_;
  std::map<std::string, std::shared_ptr<const StreamedSplit>> streams_;  // as splits_
  std::map<std::string, ResidentSplit> splits_;                          // by data set, parameters and split
  std::map<std::string, std::pair<std::string, Split>> names_;           // of the same: data set and split
  std::map<std::string, StageData> stages_;                              // by [dataset] and seed
  std::map<std::string, std::shared_ptr<const data::Source>> whole_;     // by data set, parameters, split and seed
};

}  // namespace retort::run

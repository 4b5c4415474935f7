#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/diagnostics.hpp"
#include <nlohmann/json.hpp>

#include "data/source.hpp"
#include "graph/training_graph.hpp"

namespace retort::run {

// The splits of a stage on the device.
struct StageData {
  std::unique_ptr<data::ResidentSource> train;
  std::unique_ptr<data::ResidentSource> test;
};

// Reads data sets, each once however many stages use it.
class DataStore {
 public:
  DataStore(std::uint64_t seed, c10::Device device) : seed_(seed), device_(device) {}

  // Throws registry::ComponentError when a file is missing or broken.
  StageData load(const graph::TrainingGraph& graph);

 private:
  const ResidentSplit& split(const graph::TrainingGraph& graph, Split split);
  // What has been read: a list of the data set's name, split, number of images and fingerprint.
  nlohmann::ordered_json facts() const;


  std::uint64_t seed_;
  c10::Device device_;
  std::map<std::string, ResidentSplit> splits_;  // by data set, parameters and split
};
  std::map<std::string, std::pair<std::string, Split>> names_;  // of the same: data set and split

}  // namespace retort::run

#include "data_store.hpp"

#include "data/transforms.hpp"
#include "data_fingerprint.hpp"
#include "registry/guard.hpp"

namespace retort::run {

const ResidentSplit& DataStore::split(const graph::TrainingGraph& graph, Split split) {
  const config::ComponentSpec& spec = graph.dataset_spec.dataset;
  const std::string key = spec.use.value + to_toml(spec.params) + split_name(split);
  const auto known = splits_.find(key);
  if (known != splits_.end()) return known->second;
  return registry::guarded(spec,
                           split == Split::Train ? "while reading its training split" : "while reading its test split",
                           [&]() -> const ResidentSplit& {
                             ResidentSplit loaded = graph.dataset->load(split);
                             data::check_split(spec.use.value, split, graph.data, loaded);
                             // To the device once, so that the sources of several stages share the images.
                             loaded.images = loaded.images.to(device_);
                             loaded.labels = loaded.labels.to(device_);
                             names_[key] = {spec.use.value, split};
                             return splits_.emplace(key, std::move(loaded)).first->second;
                           });
}

nlohmann::ordered_json DataStore::facts() const {
  nlohmann::ordered_json facts = nlohmann::ordered_json::array();
  for (const auto& [key, data] : splits_) {
    const auto& [use, split] = names_.at(key);
    facts.push_back({{"use", use},
                     {"split", split_name(split)},
                     {"images", data.images.size(0)},
                     {"sha256", fingerprint(data)}});
  }
  return facts;
}

StageData DataStore::load(const graph::TrainingGraph& graph) {
  data::Transforms augmentation(graph.data.image);
  for (const config::TransformSpec& transform : graph.dataset_spec.transforms) augmentation.add(transform);
  StageData data;
  data.train =
      std::make_unique<data::ResidentSource>(split(graph, Split::Train), std::move(augmentation), seed_, device_);
  data.test = std::make_unique<data::ResidentSource>(split(graph, Split::Test), data::Transforms(graph.data.image),
                                                     seed_, device_);
  return data;
}

}  // namespace retort::run

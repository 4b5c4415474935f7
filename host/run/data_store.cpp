#include "data_store.hpp"

#include "data/transforms.hpp"
#include "data_fingerprint.hpp"
#include "registry/guard.hpp"

namespace retort::run {

const ResidentSplit& DataStore::split(const config::ComponentSpec& spec, Dataset& dataset, const DatasetInfo& info,
                                      Split split) {
  const std::string key = spec.use.value + to_toml(spec.params) + split_name(split);
  const auto known = splits_.find(key);
  if (known != splits_.end()) return known->second;
  return registry::guarded(spec,
                           split == Split::Train ? "while reading its training split" : "while reading its test split",
                           [&]() -> const ResidentSplit& {
                             ResidentSplit loaded = dataset.load(split);
                             data::check_split(spec.use.value, split, info, loaded);
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
    facts.push_back(
        {{"use", use}, {"split", split_name(split)}, {"images", data.images.size(0)}, {"sha256", fingerprint(data)}});
  }
  return facts;
}

StageData DataStore::load(const graph::TrainingGraph& graph) {
  const config::DatasetSpec& spec = graph.dataset_spec;
  data::Transforms augmentation(graph.data.image);
  for (const config::TransformSpec& transform : spec.transforms) augmentation.add(transform);
  const ResidentSplit& images = split(spec.dataset, *graph.dataset, graph.data, Split::Train);
  const ResidentSplit* const unlabelled =
      graph.unlabelled ? &split(*spec.unlabelled, *graph.unlabelled, graph.unlabelled_data, Split::Train) : nullptr;
  data::TrainingSplit training = registry::guarded(spec.dataset, "while its training images were chosen", [&] {
    return data::training_split(images, graph.training_plan, unlabelled);
  });

  StageData data;
  data.label_changes = std::move(training.changes);
  data.train = std::make_unique<data::ResidentSource>(training.data, std::move(augmentation), graph.seed, device_,
                                                      training.withholds);
  data.test = std::make_unique<data::ResidentSource>(whole(graph, Split::Test));
  return data;
}

data::ResidentSource DataStore::whole(const graph::TrainingGraph& graph, Split part) {
  return {split(graph.dataset_spec.dataset, *graph.dataset, graph.data, part), data::Transforms(graph.data.image),
          graph.seed, device_};
}

}  // namespace retort::run

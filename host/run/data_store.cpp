#include "data_store.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "config/toml_text.hpp"
#include "data/streamed_source.hpp"
#include "data/transforms.hpp"
#include "data_fingerprint.hpp"
#include "registry/guard.hpp"

namespace retort::run {
namespace {

std::string key_of(const config::ComponentSpec& spec, Split split) {
  return spec.use.value + to_toml(spec.params) + split_name(split);
}

std::string seed_text(const graph::TrainingGraph& graph) {
  return "\nseed " + std::to_string(graph.seed);
}

const char* reading(Split split) {
  return split == Split::Train ? "while reading its training split" : "while reading its test split";
}

// What reading an image throws, with the place of the data set in the experiment.
class LocatedSplit final : public StreamedSplit {
 public:
  LocatedSplit(config::ComponentSpec spec, Split split, std::shared_ptr<const StreamedSplit> images)
      : spec_(std::move(spec)), split_(split), images_(std::move(images)) {}

  at::Tensor labels() const override { return images_->labels(); }
  at::Tensor image(std::int64_t position) const override {
    return registry::guarded(spec_, reading(split_), [&] { return images_->image(position); });
  }

 private:
  config::ComponentSpec spec_;
  Split split_;
  std::shared_ptr<const StreamedSplit> images_;
};

}  // namespace

std::shared_ptr<const StreamedSplit> DataStore::stream(const config::ComponentSpec& spec, Dataset& dataset,
                                                       const DatasetInfo& info, Split split) {
  const std::string key = key_of(spec, split);
  if (const auto known = streams_.find(key); known != streams_.end()) return known->second;
  auto found = registry::guarded(spec, reading(split), [&] {
    auto streamed = dataset.stream(split);
    if (streamed) data::check_labels(spec.use.value, split, info, streamed->labels(), -1);
    return streamed;
  });
  if (!found) return nullptr;
  names_[key] = {spec.use.value, split};
  return streams_[key] = std::make_shared<LocatedSplit>(spec, split, std::move(found));
}

const ResidentSplit& DataStore::split(const config::ComponentSpec& spec, Dataset& dataset, const DatasetInfo& info,
                                      Split split) {
  const std::string key = key_of(spec, split);
  const auto known = splits_.find(key);
  if (known != splits_.end()) return known->second;
  return registry::guarded(spec, reading(split), [&]() -> const ResidentSplit& {
    ResidentSplit loaded = dataset.load(split);
    data::check_split(spec.use.value, split, info, loaded);
    // To the device once, so that several stages need not copy them again.
    loaded.images = loaded.images.to(device_);
    loaded.labels = loaded.labels.to(device_);
    names_[key] = {spec.use.value, split};
    return splits_.emplace(key, std::move(loaded)).first->second;
  });
}

nlohmann::ordered_json DataStore::facts(const std::deque<graph::TrainingGraph>& stages) const {
  std::set<std::string> used;
  for (const graph::TrainingGraph& stage : stages) {
    for (const Split split : {Split::Train, Split::Test}) used.insert(key_of(stage.dataset_spec.dataset, split));
    if (stage.dataset_spec.unlabelled) used.insert(key_of(*stage.dataset_spec.unlabelled, Split::Train));
  }
  nlohmann::ordered_json facts = nlohmann::ordered_json::array();
  for (const auto& [key, data] : splits_) {
    if (!used.contains(key)) continue;
    const auto& [use, split] = names_.at(key);
    facts.push_back(
        {{"use", use}, {"split", split_name(split)}, {"images", data.images.size(0)}, {"sha256", fingerprint(data)}});
  }
  for (const auto& [key, images] : streams_) {
    if (!used.contains(key)) continue;
    const auto& [use, split] = names_.at(key);
    facts.push_back({{"use", use}, {"split", split_name(split)}, {"images", images->labels().size(0)}});
  }
  return facts;
}

StageData DataStore::load(const graph::TrainingGraph& graph) {
  const std::string key = config::toml_text(graph.dataset_spec.dataset.node, {.values = true}) + seed_text(graph);
  const auto known = stages_.find(key);
  return known != stages_.end() ? known->second : stages_.emplace(key, make(graph)).first->second;
}

StageData DataStore::make(const graph::TrainingGraph& graph) {
  const config::DatasetSpec& spec = graph.dataset_spec;
  data::Transforms augmentation(graph.data.image);
  for (const config::TransformSpec& transform : spec.transforms) augmentation.add(transform);
  const auto streamed = stream(spec.dataset, *graph.dataset, graph.data, Split::Train);
  if (spec.unlabelled &&
      (streamed || stream(*spec.unlabelled, *graph.unlabelled, graph.unlabelled_data, Split::Train))) {
    registry::guarded(*spec.unlabelled, "when its images were added", []() -> void {
      throw InvalidParameter("images cannot be added to a data set that streams, nor be those of one");
    });
  }
  // Of a data set that streams, the places of the images stand for the images.
  const ResidentSplit images = streamed ? ResidentSplit{torch::arange(streamed->labels().size(0)), streamed->labels()}
                                        : split(spec.dataset, *graph.dataset, graph.data, Split::Train);
  const ResidentSplit* const unlabelled =
      graph.unlabelled ? &split(*spec.unlabelled, *graph.unlabelled, graph.unlabelled_data, Split::Train) : nullptr;
  data::TrainingSplit training = registry::guarded(spec.dataset, "while its training images were chosen", [&] {
    return data::training_split(images, graph.training_plan, unlabelled);
  });

  StageData data;
  data.label_changes = std::move(training.changes);
  if (streamed) {
    data.train = std::make_shared<data::StreamedSource>(
        streamed, graph.data.image, training.data.images, training.data.labels, std::move(augmentation),
        data::StreamedSource::Options{
            .seed = graph.seed, .device = device_, .withholds = training.withholds, .threads = readers()});
  } else {
    data.train = std::make_shared<data::ResidentSource>(training.data, std::move(augmentation), graph.seed, device_,
                                                        training.withholds);
  }
  data.test = whole(graph, Split::Test);
  return data;
}

std::shared_ptr<const data::Source> DataStore::whole(const graph::TrainingGraph& graph, Split which) {
  const std::string key = key_of(graph.dataset_spec.dataset, which) + seed_text(graph);
  const auto known = whole_.find(key);
  return known != whole_.end() ? known->second : whole_.emplace(key, make_whole(graph, which)).first->second;
}

std::shared_ptr<const data::Source> DataStore::make_whole(const graph::TrainingGraph& graph, Split which) {
  const config::ComponentSpec& spec = graph.dataset_spec.dataset;
  data::Transforms none(graph.data.image);
  if (const auto streamed = stream(spec, *graph.dataset, graph.data, which)) {
    const at::Tensor labels = streamed->labels();
    return std::make_shared<data::StreamedSource>(
        streamed, graph.data.image, torch::arange(labels.size(0)), labels, std::move(none),
        data::StreamedSource::Options{.seed = graph.seed, .device = device_, .threads = readers()});
  }
  return std::make_shared<data::ResidentSource>(split(spec, *graph.dataset, graph.data, which), std::move(none),
                                                graph.seed, device_);
}

std::int64_t DataStore::readers() const {
  return readers_ > 0 ? readers_ : std::max<std::int64_t>(1, std::thread::hardware_concurrency());
}

}  // namespace retort::run

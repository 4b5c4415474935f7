#include "dataset_reader.hpp"

#include <map>

#include "file_hint.hpp"
#include "keys.hpp"
#include "table_view.hpp"
#include "transform_reader.hpp"
#include "variants.hpp"

namespace retort::config {
namespace {

// A name or a number; of anything else validation has complained.
std::optional<ClassReference> read_class(const Node& node) {
  if (const auto name = scalar_as<std::string>(node)) return ClassReference{*name, node.origin()};
  if (const auto number = scalar_as<std::int64_t>(node)) return ClassReference{*number, node.origin()};
  return std::nullopt;
}

SubsetSpec read_subset(const Node& table, Diagnostics& diagnostics) {
  SubsetSpec subset{.origin = table.origin()};
  const TableView view(&table);
  view.read("fraction", subset.fraction);
  view.read("seed", subset.seed);
  const Node* const classes = view.find("classes");
  if (!classes || !classes->is_list()) return subset;
  if (classes->items().empty()) diagnostics.error(classes->origin(), "dataset.subset.classes: expected at least one");
  subset.classes.emplace();
  for (const Node& item : classes->items()) {
    if (auto reference = read_class(item)) subset.classes->push_back(std::move(*reference));
  }
  return subset;
}

void check_noise_keys(const Node& table, const Variant& variant, Diagnostics& diagnostics) {
  for (const std::string& key : variant.keys) {
    if (key == "seed" || table.find(key.c_str())) continue;
    diagnostics.error(table.origin(),
                      "dataset.label_noise." + key + ": missing; kind = \"" + variant.use + "\" needs it");
  }
}

LabelNoiseSpec read_label_noise(const Node& table, Diagnostics& diagnostics) {
  using Kind = LabelNoiseSpec::Kind;
  static const std::map<std::string, Kind> kinds{{"symmetric", Kind::Symmetric},
                                                 {"asymmetric", Kind::Asymmetric},
                                                 {"pair_flip", Kind::PairFlip},
                                                 {"file", Kind::File}};
  LabelNoiseSpec noise{.origin = table.origin()};
  const TableView view(&table);
  const Variant& variant = read_variant(&table, label_noise_variants(), "dataset.label_noise", diagnostics, "kind");
  noise.kind = kinds.at(variant.use);
  check_noise_keys(table, variant, diagnostics);
  view.read("rate", noise.rate);
  view.read("seed", noise.seed);
  if (const Node* const map = view.find("map"); map && map->is_table()) {
    for (const Node::Entry& entry : map->entries()) {
      auto to = read_class(entry.value);
      if (to) noise.map.emplace_back(ClassReference{entry.key, entry.key_origin}, std::move(*to));
    }
  }
  if (const auto file = view.located<std::string>("file")) {
    noise.file = file->value;
    noise.origin = file->origin;
    std::error_code failure;
    if (!std::filesystem::is_regular_file(noise.file, failure)) {
      diagnostics.error(file->origin, "dataset.label_noise.file: there is no file '" + noise.file.string() + "'" +
                                          nearest_file(noise.file));
    }
  }
  return noise;
}

WithheldLabelsSpec read_withheld_labels(const Node& table) {
  WithheldLabelsSpec withheld;
  const TableView view(&table);
  view.read("fraction", withheld.fraction);
  view.read("seed", withheld.seed);
  return withheld;
}

}  // namespace

DatasetSpec read_dataset(const Node& table, const ReadContext& context) {
  DatasetSpec spec;
  if (auto read = read_component(table, key_spec("dataset"), "dataset", context)) spec.dataset = std::move(read->spec);
  if (const Node* const list = table.find("transforms")) {
    spec.transforms = read_transforms(*list, "dataset.transforms", context.diagnostics);
  }
  const auto sub_table = [&table](const char* key) {
    const Node* const node = table.find(key);
    return node && node->is_table() ? node : nullptr;
  };
  if (const Node* const node = sub_table("subset")) spec.subset = read_subset(*node, context.diagnostics);
  if (const Node* const node = sub_table("label_noise"))
    spec.label_noise = read_label_noise(*node, context.diagnostics);
  if (const Node* const node = sub_table("withheld_labels")) spec.withheld_labels = read_withheld_labels(*node);
  if (const Node* const node = sub_table("unlabelled")) {
    auto read = read_component(*node, key_spec("dataset.unlabelled"), "dataset.unlabelled", context);
    if (read) spec.unlabelled = std::move(read->spec);
  }
  return spec;
}

}  // namespace retort::config

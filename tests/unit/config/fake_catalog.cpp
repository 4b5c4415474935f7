#include "fake_catalog.hpp"

#include <retort/nearest.hpp>

namespace retort::config {
namespace {

struct FolderOptions {
  std::string root;
};
struct HiddenOptions {
  std::vector<std::int64_t> hidden{64};
};
struct LabelOptions {
  double smoothing = 0.0;
};
struct TemperatureOptions {
  double temperature = 4.0;
};
struct AlphaOptions {
  double alpha = 4.0;
};
struct BiasOptions {
  bool bias = true;
};
struct AffineOptions {
  bool affine = false;
};

template <class Options>
Descriptor descriptor(Kind kind, const Description<Options>& description) {
  Descriptor result = description.descriptor();
  result.kind = kind;
  result.params = description.fields().specs();
  return result;
}

Descriptor scheduled(Descriptor loss) {
  loss.params.back().scheduled = true;
  return loss;
}

}  // namespace

FakeCatalog::FakeCatalog()
    : components_{
          descriptor(Kind::Dataset, describe<FolderOptions>("cifar100", "1.0.0")
                                        .summary("Small images.")
                                        .param(&FolderOptions::root, "root", "Folder of the files.")),
          descriptor(Kind::Model, describe<NoOptions>("wrn_16_2", "1.0.0").summary("A small net.")),
          descriptor(Kind::Model, describe<NoOptions>("wrn_40_2", "1.0.0").summary("A large net.")),
          descriptor(Kind::Model, describe<HiddenOptions>("mlp", "1.0.0")
                                      .summary("Layers.")
                                      .param(&HiddenOptions::hidden, "hidden", "Widths.", Range::at_least(1))),
          descriptor(Kind::Loss,
                     describe<LabelOptions>("cross_entropy", "1.0.0")
                         .summary("True classes.")
                         .without_teacher()
                         .param(&LabelOptions::smoothing, "smoothing", "Label smoothing.", Range{0, 1, false, true})),
          descriptor(Kind::Loss, describe<TemperatureOptions>("kl_divergence", "1.0.0")
                                     .summary("Softened classes.")
                                     .param(&TemperatureOptions::temperature, "temperature", "Softens both sides.",
                                            Range::greater_than(0))),
          scheduled(descriptor(Kind::Loss, describe<TemperatureOptions>("soft_targets", "1.0.0")
                                               .summary("Softened classes, at changing temperatures.")
                                               .param(&TemperatureOptions::temperature, "temperature",
                                                      "Softens both sides.", Range::greater_than(0).or_infinite()))),
          descriptor(Kind::Loss, describe<AlphaOptions>("logsum", "1.0.0")
                                     .summary("Representations.")
                                     .default_taps("penultimate", "penultimate")
                                     .param(&AlphaOptions::alpha, "alpha", "Exponent.", Range::greater_than(0))),
          descriptor(Kind::Projector, describe<BiasOptions>("linear", "1.0.0")
                                          .summary("A matrix.")
                                          .param(&BiasOptions::bias, "bias", "Adds a bias.")),
          descriptor(Kind::Normalization, describe<AffineOptions>("batch_norm", "1.0.0")
                                              .summary("Batch statistics.")
                                              .param(&AffineOptions::affine, "affine", "Learns scale and shift.")),
      } {}

const Descriptor* FakeCatalog::find(const ComponentSpec& component, Diagnostics& diagnostics) const {
  if (component.library && component.library->value.string().find("broken") != std::string::npos) {
    diagnostics.plugin_error(component.library->origin,
                             component.key + ": cannot load " + component.library->value.filename().string());
    return nullptr;
  }
  std::vector<std::string> names;
  for (const Descriptor& descriptor : components_) {
    if (descriptor.kind != component.kind) continue;
    if (descriptor.name == component.use.value) return &descriptor;
    names.push_back(descriptor.name);
  }
  diagnostics.error(component.use.origin, component.key + ".use: unknown " + kind_name(component.kind) + " '" +
                                              component.use.value + "'" + did_you_mean(component.use.value, names));
  return nullptr;
}

}  // namespace retort::config

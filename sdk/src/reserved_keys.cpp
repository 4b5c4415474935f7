#include <algorithm>
#include <set>

#include <retort/component.hpp>

// The host declares these keys in host/config/keys.cpp; a test there holds the two lists together.

namespace retort {

const std::vector<std::string>& reserved_keys(Kind kind) {
  static const std::vector<std::string> loss{"use", "library", "weight", "student", "teacher"};
  static const std::vector<std::string> model{
      "use",     "library",   "weights", "expect_accuracy", "accuracy_tolerance",
      "mean",    "deviation", "stage",   "training",        "members",
      "combine", "seed"};
  static const std::vector<std::string> dataset{"use",    "library",         "transforms", "label_noise",
                                                "subset", "withheld_labels", "unlabelled"};
  static const std::vector<std::string> others{"use", "library"};
  switch (kind) {
    case Kind::Loss:
      return loss;
    case Kind::Model:
      return model;
    case Kind::Dataset:
      return dataset;
    case Kind::Projector:
    case Kind::Normalization:
      break;
  }
  return others;
}

std::vector<std::string> problems(const Descriptor& descriptor) {
  const std::string who = std::string(kind_name(descriptor.kind)) + " '" + descriptor.name + "': ";
  const std::vector<std::string>& reserved = reserved_keys(descriptor.kind);
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const ParamSpec& spec : descriptor.params) {
    if (std::find(reserved.begin(), reserved.end(), spec.name) != reserved.end()) {
      found.push_back(who + "the parameter '" + spec.name + "' would never be read: in the table of a " +
                      kind_name(descriptor.kind) + " this key is the host's; give it another name");
    }
    if (!seen.insert(spec.name).second) {
      found.push_back(who + "the parameter '" + spec.name + "' is declared twice");
    }
  }
  return found;
}

}  // namespace retort

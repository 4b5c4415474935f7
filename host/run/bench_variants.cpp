#include "bench_variants.hpp"

#include <algorithm>

namespace retort::run {
namespace {

bool switched_off(const config::Node& experiment, const std::string& path) {
  const config::Node* const node = experiment.at_path(path);
  return node && !node->is_table() && !node->is_list() && node->scalar().is<bool>() && !node->scalar().as<bool>();
}

std::vector<std::string> passes_on(const std::vector<ParamSpec>& keys, const config::Node& experiment) {
  std::vector<std::string> passes;
  const auto engine = std::find_if(keys.begin(), keys.end(), [](const ParamSpec& key) { return key.name == "engine"; });
  if (engine == keys.end()) return passes;
  for (const ParamSpec& field : engine->fields) {
    const bool on_by_default = field.type == ParamType::Boolean && field.fallback && field.fallback->as<bool>();
    if (on_by_default && !switched_off(experiment, "engine." + field.name)) passes.push_back(field.name);
  }
  return passes;
}

}  // namespace

std::vector<BenchVariant> pass_variants(const std::vector<ParamSpec>& keys, const config::Node& experiment) {
  std::vector<BenchVariant> variants{{"all", {}}};
  BenchVariant none{"none", {}};
  for (const std::string& pass : passes_on(keys, experiment)) {
    none.set.push_back("engine." + pass + "=false");
    variants.push_back({"without " + pass, {none.set.back()}});
  }
  // With a single pass, none is the same as without it.
  if (none.set.size() > 1) variants.push_back(std::move(none));
  return variants;
}

}  // namespace retort::run

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "metrics/catalogue.hpp"

namespace retort::metrics {
namespace {

std::string labels_cell(const MetricSpec& spec) {
  return spec.labels.empty() ? "" : fmt::format("`{}`", fmt::join(spec.labels, "`, `"));
}

std::string meaning_cell(const MetricSpec& spec) {
  return spec.buckets.empty() ? spec.help : fmt::format("{} Buckets: {}.", spec.help, fmt::join(spec.buckets, ", "));
}

}  // namespace

std::string catalogue_table() {
  std::string table = "| metric | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const MetricSpec& spec : catalogue()) {
    table += fmt::format("| `{}` | {} | {} | {} | {} |\n", spec.name, type_name(spec.type), spec.unit,
                         labels_cell(spec), meaning_cell(spec));
  }
  return table;
}

}  // namespace retort::metrics

#include "published.hpp"

#include "table_view.hpp"

namespace retort::config {

std::optional<PublishedResult> read_published(const Node& experiment) {
  const Node* const table = experiment.find("published");
  if (!table) return std::nullopt;
  const TableView view(table);
  PublishedResult published;
  view.read("top1", published.top1);
  view.read("source", published.source);
  return published;
}

}  // namespace retort::config

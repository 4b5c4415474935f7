#include "identity.hpp"

#include <retort/param.hpp>

#include "config/key_path.hpp"
#include "sha256.hpp"

namespace retort::study {
namespace {

using config::Node;

void flatten(const Node& node, const std::string& path, std::map<std::string, std::string>& leaves) {
  if (!node.is_table()) {
    leaves[path] = node.written() ? to_toml(Value(*node.written())) : to_toml(node.value());
    return;
  }
  if (node.entries().empty()) leaves[path] = "{}";
  for (const Node::Entry& entry : node.entries()) flatten(entry.value, config::join_key(path, entry.key), leaves);
}

}  // namespace

Node essence(const Node& experiment) {
  Node result = experiment;
  for (const char* table : {"study", "metrics", "published"}) result.erase(table);
  if (Node* const run = result.find("run")) {
    for (const char* key : {"name", "directory", "threads", "checkpoint_every", "keep_checkpoints"}) run->erase(key);
    if (run->is_table() && run->entries().empty()) result.erase("run");
  }
  return result;
}

std::map<std::string, std::string> essential_values(const Node& experiment) {
  std::map<std::string, std::string> leaves;
  flatten(essence(experiment), "", leaves);
  return leaves;
}

std::string essence_hash(const Node& experiment) {
  std::string text;
  for (const auto& [path, value] : essential_values(experiment)) text += path + " = " + value + "\n";
  return sha256(text);
}

std::vector<std::string> differences(const Node& before, const Node& after) {
  const auto old_leaves = essential_values(before);
  const auto new_leaves = essential_values(after);
  std::vector<std::string> texts;
  for (const auto& [path, value] : old_leaves) {
    const auto found = new_leaves.find(path);
    if (found == new_leaves.end()) {
      texts.push_back(path + ": " + value + " -> (none)");
    } else if (found->second != value) {
      texts.push_back(path + ": " + value + " -> " + found->second);
    }
  }
  for (const auto& [path, value] : new_leaves) {
    if (!old_leaves.contains(path)) texts.push_back(path + ": (none) -> " + value);
  }
  return texts;
}

}  // namespace retort::study

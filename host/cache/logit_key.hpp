#pragma once

#include <string>
#include <utility>
#include <vector>

namespace retort::cache {

// Everything that decides the logits in a file, and where they stand in it: a list of facts, each a name and a text.
class LogitKey {
 public:
  void add(std::string name, std::string value) { facts_.emplace_back(std::move(name), std::move(value)); }

  // The SHA-256 of the facts in their order, in hexadecimal.
  std::string hash() const;
  // A line for each fact.
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

}  // namespace retort::cache

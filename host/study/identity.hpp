#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/node.hpp"

// What makes two experiments the same: everything in them that their result may depend on.
namespace retort::study {

// An experiment without what does not touch its result: names, directories, threads, metrics, published figures. Nor
// does the order of its keys count.
config::Node essence(const config::Node& experiment);

// Every value of an essence as TOML writes it, by its path ("loss.soft.temperature"). Text that refers to the
// environment stays as it is written.
std::map<std::string, std::string> essential_values(const config::Node& experiment);

// SHA-256 of an essence, in hexadecimal.
std::string essence_hash(const config::Node& experiment);

// What differs between the essences, one key an item: "optimizer.lr: 0.05 -> 0.1", "loss.soft.weight: 0.9 -> (none)".
std::vector<std::string> differences(const config::Node& before, const config::Node& after);

}  // namespace retort::study

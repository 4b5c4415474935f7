#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

// Reading what another version may have written: what is missing, or of another type, is not there.
namespace retort::report {

using Json = nlohmann::ordered_json;

// The value under `key` of an object; null when there is none.
const Json& at(const Json& object, const char* key);
std::optional<double> number_at(const Json& object, const char* key);
std::string text_at_key(const Json& object, const char* key);
// A scalar in words: text as it is, everything else as JSON writes it; "" for null.
std::string words(const Json& value);
// The scalars of a list, joined; "" when it is none.
std::string joined_words(const Json& list, const char* separator);

}  // namespace retort::report

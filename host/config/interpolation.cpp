#include "interpolation.hpp"

#include <cstdlib>

#include <retort/error.hpp>

#include "toml_reader.hpp"

namespace retort::config {
namespace {

constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of(kNameCharacters) == std::string_view::npos &&
         (name.front() < '0' || name.front() > '9');
}

// What stands between ${ and }.
std::string resolve(std::string_view reference) {
  const std::string quoted = "'${" + std::string(reference) + "}'";
  if (!reference.starts_with("env:")) {
    throw Error("unknown reference " + quoted + "; expected ${env:NAME} or ${env:NAME:-default}");
  }
  reference.remove_prefix(4);
  const std::size_t separator = reference.find(":-");
  const std::string name(reference.substr(0, separator));
  if (!is_variable_name(name)) throw Error("'" + name + "' in " + quoted + " is no name of an environment variable");
  const char* const value = std::getenv(name.c_str());
  if (separator != std::string_view::npos && (!value || !*value)) return std::string(reference.substr(separator + 2));
  if (!value) {
    throw Error("the environment variable " + name + " is not set; set it, or write ${env:" + name + ":-default}");
  }
  return value;
}

}  // namespace

std::optional<std::string> interpolated(const std::string& text, const Origin& origin, Diagnostics& diagnostics) {
  std::string result;
  std::size_t at = 0;
  try {
    for (std::size_t begin; (begin = text.find("${", at)) != std::string::npos;) {
      const std::size_t end = text.find('}', begin);
      if (end == std::string::npos) throw Error("'" + text.substr(begin) + "' has no closing '}'");
      result += text.substr(at, begin - at) + resolve(std::string_view(text).substr(begin + 2, end - begin - 2));
      at = end + 1;
    }
  } catch (const Error& error) {
    diagnostics.error(origin, error.what());
    return std::nullopt;
  }
  return result + text.substr(at);
}

void interpolate(Node& node, Diagnostics& diagnostics) {
  if (node.is_table()) {
    for (Node::Entry& entry : node.entries()) interpolate(entry.value, diagnostics);
  } else if (node.is_list()) {
    for (Node& item : node.items()) interpolate(item, diagnostics);
  } else if (node.scalar().is<std::string>() && node.scalar().as<std::string>().find("${") != std::string::npos) {
    auto text = interpolated(node.scalar().as<std::string>(), node.origin(), diagnostics);
    if (text) node.interpolate(std::move(*text));
  }
}

}  // namespace retort::config

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <retort/nearest.hpp>
#include <retort/param.hpp>

namespace retort {
namespace {

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string text(buffer, end);
  // TOML reads 4 as an integer; 4.0 and 1e-05 as floats.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string bound_text(double value) {
  std::string text = number_text(value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04X", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool bare_key(std::string_view key) {
  return !key.empty() && key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
                             std::string_view::npos;
}

std::string type_name(const Value& value) {
  static const char* const names[] = {"a boolean", "an integer", "a number", "a string", "a list", "a table"};
  return names[value.storage().index()];
}

std::string bounds_text(const Range& range) {
  const bool has_min = range.min != -std::numeric_limits<double>::infinity();
  const bool has_max = range.max != std::numeric_limits<double>::infinity();
  if (has_min && has_max) {
    return std::string(" in ") + (range.exclusive_min ? "(" : "[") + bound_text(range.min) + ", " +
           bound_text(range.max) + (range.exclusive_max ? ")" : "]");
  }
  if (has_min) return (range.exclusive_min ? " greater than " : " of at least ") + bound_text(range.min);
  if (has_max) return (range.exclusive_max ? " less than " : " of at most ") + bound_text(range.max);
  return "";
}

std::string range_text(const Range& range) {
  return bounds_text(range) + (range.infinite ? " (or inf)" : "");
}

bool type_matches(const ParamSpec& spec, const Value& value) {
  switch (spec.type) {
    case ParamType::Boolean:
      return value.is<bool>();
    case ParamType::Integer:
      return value.is<std::int64_t>();
    case ParamType::Number:
      return value.is_number();
    case ParamType::String:
      return value.is<std::string>();
    case ParamType::List:
      return value.is<List>();
    case ParamType::Table:
      return value.is<Table>();
    case ParamType::OneOf:
      return true;
  }
  return false;
}

void check(const ParamSpec& spec, const Value& value, const std::string& path, std::vector<ParamProblem>& problems);

void check_table(const std::vector<ParamSpec>& specs, const Table& table, const std::string& prefix,
                 std::vector<ParamProblem>& problems) {
  std::vector<std::string> names;
  for (const ParamSpec& spec : specs) names.push_back(spec.name);
  for (const auto& [key, value] : table) {
    const ParamSpec* found = nullptr;
    for (const ParamSpec& spec : specs) {
      if (spec.name == key) found = &spec;
    }
    if (found) {
      check(*found, value, prefix + key, problems);
    } else {
      const std::string accepted = names.empty() ? "it takes no parameters" : "accepted: " + join(names);
      problems.push_back(
          {prefix + key, "unknown key '" + key + "'" + did_you_mean(key, names) + " (" + accepted + ")", true});
    }
  }
  for (const ParamSpec& spec : specs) {
    if (spec.required && !table.contains(spec.name)) {
      problems.push_back({prefix + spec.name, "missing; expected " + expectation(spec)});
    }
  }
}

void check(const ParamSpec& spec, const Value& value, const std::string& path, std::vector<ParamProblem>& problems) {
  if (!type_matches(spec, value)) {
    problems.push_back({path, "expected " + expectation(spec) + ", found " + type_name(value) + ": " + to_toml(value)});
    return;
  }
  switch (spec.type) {
    case ParamType::Integer:
    case ParamType::Number:
      if (!spec.range.contains(value.number())) {
        problems.push_back({path, "expected " + expectation(spec) + ", found " + to_toml(value)});
      }
      break;
    case ParamType::String:
      if (const auto& text = value.as<std::string>();
          !spec.choices.empty() && std::find(spec.choices.begin(), spec.choices.end(), text) == spec.choices.end()) {
        problems.push_back(
            {path, "expected " + expectation(spec) + ", found \"" + text + "\"" + did_you_mean(text, spec.choices)});
      }
      break;
    case ParamType::List: {
      const auto& items = value.as<List>();
      for (std::size_t i = 0; i < items.size() && !spec.element.empty(); ++i) {
        check(spec.element[0], items[i], path + "[" + std::to_string(i) + "]", problems);
      }
      break;
    }
    case ParamType::Table:
      if (spec.open) {
        for (const auto& [key, item] : value.as<Table>()) {
          if (!spec.element.empty()) check(spec.element[0], item, path + "." + key, problems);
        }
      } else {
        check_table(spec.fields, value.as<Table>(), path + ".", problems);
      }
      break;
    case ParamType::OneOf: {
      // The alternative whose type fits says what is wrong; when none fits, all are named.
      for (const ParamSpec& alternative : spec.alternatives) {
        if (type_matches(alternative, value)) {
          check(alternative, value, path, problems);
          return;
        }
      }
      problems.push_back(
          {path, "expected " + expectation(spec) + ", found " + type_name(value) + ": " + to_toml(value)});
      break;
    }
    case ParamType::Boolean:
      break;
  }
}

}  // namespace

std::vector<ParamProblem> validate(const std::vector<ParamSpec>& specs, const Table& table) {
  std::vector<ParamProblem> problems;
  check_table(specs, table, "", problems);
  return problems;
}

std::string expectation(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::Boolean:
      return "true or false";
    case ParamType::Integer:
      return "an integer" + range_text(spec.range);
    case ParamType::Number:
      return "a number" + range_text(spec.range);
    case ParamType::String: {
      if (spec.choices.empty()) return "a string";
      std::vector<std::string> names;
      for (const auto& choice : spec.choices) names.push_back(quoted(choice));
      return "one of " + join(names);
    }
    case ParamType::List:
      return spec.element.empty() ? "a list" : "a list, each item " + expectation(spec.element[0]);
    case ParamType::Table:
      return "a table";
    case ParamType::OneOf: {
      std::vector<std::string> names;
      for (const auto& alternative : spec.alternatives) names.push_back(expectation(alternative));
      return join(names, " or ");
    }
  }
  return "";
}

std::string to_toml(const Value& value) {
  struct Writer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return number_text(v); }
    std::string operator()(const std::string& v) const { return quoted(v); }
    std::string operator()(const List& v) const {
      std::string text = "[";
      for (const Value& item : v) text += (text.size() > 1 ? ", " : "") + to_toml(item);
      return text + "]";
    }
    std::string operator()(const Table& v) const {
      if (v.empty()) return "{}";
      std::string text = "{ ";
      for (const auto& [key, item] : v) {
        text += (text.size() > 2 ? ", " : "") + (bare_key(key) ? key : quoted(key)) + " = " + to_toml(item);
      }
      return text + " }";
    }
  };
  return std::visit(Writer{}, value.storage());
}

}  // namespace retort

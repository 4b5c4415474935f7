#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <retort/error.hpp>
#include <retort/export.hpp>
#include <retort/value.hpp>

namespace retort {

enum class ParamType {
  Boolean,
  Integer,
  Number,  // accepts integers too
  String,
  List,   // of `element[0]`
  Table,  // of `fields`, or of `element[0]` under any key when `open` is set
  OneOf,  // any of `alternatives`
};

// The values a number may take. Bounds are inclusive unless said otherwise.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool exclusive_min = false;
  bool exclusive_max = false;
  bool infinite = false;  // inf is accepted too

  static constexpr Range at_least(double min) { return {min}; }
  static constexpr Range greater_than(double min) {
    return {min, std::numeric_limits<double>::infinity(), true, false};
  }
  // The same range with inf: Range::at_least(0).or_infinite().
  constexpr Range or_infinite() const {
    Range range = *this;
    range.infinite = true;
    return range;
  }
  bool bounded() const {
    return min != -std::numeric_limits<double>::infinity() || max != std::numeric_limits<double>::infinity();
  }
  // NaN and -inf are outside every range, the unbounded one included.
  bool contains(double value) const {
    if (value == std::numeric_limits<double>::infinity()) return infinite;
    if (value == -std::numeric_limits<double>::infinity()) return false;
    return (exclusive_min ? value > min : value >= min) && (exclusive_max ? value < max : value <= max);
  }
};

// One parameter, declared once: validation, defaults, listings, manifests, the JSON Schema and the reference page
// are all made from it.
struct ParamSpec {
  std::string name;
  std::string doc;
  ParamType type = ParamType::Number;
  bool required = false;
  std::optional<Value> fallback{};        // the default; none for a required parameter, or for one that may stay unset
  Range range{};                          // Integer and Number
  std::vector<std::string> choices{};     // String: when not empty, the only values accepted
  std::vector<ParamSpec> element{};       // List, and open Table: exactly one
  std::vector<ParamSpec> fields{};        // Table
  std::vector<ParamSpec> alternatives{};  // OneOf
  bool open = false;
  bool scheduled = false;  // a loss's Number: TOML may give a schedule, and the host tells the loss each step's value
};

// What is wrong with a value. `path` leads to it from the table that was validated: "temperature", "hidden[2].width";
// `on_key` says that the key is wrong rather than its value.
struct ParamProblem {
  std::string path;
  std::string message;
  bool on_key = false;
};

// Checks every value of `table` against `specs` and reports all problems: unknown keys (with the nearest name),
// missing ones, wrong types, values out of range or not among the choices.
RETORT_API std::vector<ParamProblem> validate(const std::vector<ParamSpec>& specs, const Table& table);

// "a number greater than 0", "one of \"sum\", \"mean\"": what a message says was expected.
RETORT_API std::string expectation(const ParamSpec& spec);

// The value as TOML would write it; doubles in their shortest form.
RETORT_API std::string to_toml(const Value& value);

// The names of an enumeration's values.
template <class E>
using Choices = std::initializer_list<std::pair<const char*, E>>;

// The fields of an options struct, each bound to its parameter.
template <class Options>
class Fields {
 public:
  // A member of type bool, std::int64_t, double, std::string, std::vector or std::optional of these.
  // Its default is what a default-constructed Options holds.
  template <class T>
  Fields& param(T Options::*member, std::string name, std::string doc, Range range = {}) {
    ParamSpec spec = spec_of<T>(Options{}.*member);
    spec.name = std::move(name);
    spec.doc = std::move(doc);
    (spec.element.empty() ? spec : spec.element[0]).range = range;
    return bind(member, std::move(spec), [](const Value& value) { return convert<T>(value); });
  }

  // A member of an enumeration type.
  template <class E>
  requires std::is_enum_v<E> Fields& param(E Options::*member, std::string name, std::string doc, Choices<E> choices) {
    std::vector<std::pair<std::string, E>> table(choices.begin(), choices.end());
    ParamSpec spec{.name = std::move(name), .doc = std::move(doc), .type = ParamType::String};
    for (const auto& [text, value] : table) {
      spec.choices.push_back(text);
      if (value == Options{}.*member) spec.fallback = Value(text);
    }
    return bind(member, std::move(spec), [table](const Value& value) {
      for (const auto& [text, result] : table) {
        if (text == value.as<std::string>()) return result;
      }
      throw InvalidParameter("'" + value.as<std::string>() + "' is not one of the choices");
    });
  }

  // A member that is an options struct itself.
  template <class Nested>
  Fields& table(Nested Options::*member, std::string name, std::string doc, Fields<Nested> fields) {
    ParamSpec spec{
        .name = std::move(name), .doc = std::move(doc), .type = ParamType::Table, .fallback = Value(Table{})};
    spec.fields = fields.specs();
    return bind(member, std::move(spec), [fields](const Value& value) { return fields.read(value.as<Table>()); });
  }

  // A list of tables.
  template <class Nested>
  Fields& tables(std::vector<Nested> Options::*member, std::string name, std::string doc, Fields<Nested> fields) {
    ParamSpec spec{.name = std::move(name), .doc = std::move(doc), .type = ParamType::List, .fallback = Value(List{})};
    spec.element.push_back({.type = ParamType::Table, .fields = fields.specs()});
    return bind(member, std::move(spec), [fields](const Value& value) {
      std::vector<Nested> out;
      for (const Value& item : value.as<List>()) out.push_back(fields.read(item.as<Table>()));
      return out;
    });
  }

  // Makes the parameter declared last one that must be given.
  Fields& required() {
    specs_.back().required = true;
    specs_.back().fallback.reset();
    return *this;
  }

  // Marks the parameter declared last as one that may change while training; Description::scheduled() calls it.
  // Throws InvalidParameter unless it is a number.
  const ParamSpec& schedule_last() {
    ParamSpec& spec = specs_.back();
    if (spec.type != ParamType::Number) {
      throw InvalidParameter("the parameter '" + spec.name + "' cannot be scheduled: it is no number");
    }
    spec.scheduled = true;
    return spec;
  }

  const std::vector<ParamSpec>& specs() const { return specs_; }

  // The options that `table` describes; throws InvalidParameter with every problem of it.
  Options read(const Table& table) const {
    if (const auto problems = validate(specs_, table); !problems.empty()) {
      std::string text;
      for (const auto& problem : problems) text += (text.empty() ? "" : "; ") + problem.path + ": " + problem.message;
      throw InvalidParameter(text);
    }
    Options options{};
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      if (auto it = table.find(specs_[i].name); it != table.end()) setters_[i](options, it->second);
    }
    return options;
  }

 private:
  template <class T>
  struct element_of {
    using type = void;
  };
  template <class T>
  struct element_of<std::vector<T>> {
    using type = T;
  };
  template <class T>
  struct optional_of {
    using type = void;
  };
  template <class T>
  struct optional_of<std::optional<T>> {
    using type = T;
  };

  template <class T>
  static ParamSpec spec_of(const T& fallback) {
    ParamSpec spec;
    if constexpr (std::is_same_v<T, bool>) {
      spec.type = ParamType::Boolean;
      spec.fallback = Value(fallback);
    } else if constexpr (std::is_integral_v<T>) {
      static_assert(std::is_same_v<T, std::int64_t>, "an integer parameter is a std::int64_t: others would truncate");
      spec.type = ParamType::Integer;
      spec.fallback = Value(static_cast<std::int64_t>(fallback));
    } else if constexpr (std::is_floating_point_v<T>) {
      spec.type = ParamType::Number;
      spec.fallback = Value(static_cast<double>(fallback));
    } else if constexpr (std::is_convertible_v<T, std::string>) {
      spec.type = ParamType::String;
      spec.fallback = Value(std::string(fallback));
    } else if constexpr (!std::is_void_v<typename optional_of<T>::type>) {
      spec = spec_of(fallback.value_or(typename optional_of<T>::type{}));
      if (!fallback) spec.fallback.reset();
    } else {
      using Element = typename element_of<T>::type;
      static_assert(!std::is_void_v<Element>, "a parameter is a bool, number, string, enum, list, optional or table");
      spec.type = ParamType::List;
      spec.element.push_back(spec_of(Element{}));
      List values;
      for (const auto& item : fallback) values.push_back(*spec_of(Element(item)).fallback);
      spec.element[0].fallback.reset();
      spec.fallback = Value(std::move(values));
    }
    return spec;
  }

  template <class T>
  static T convert(const Value& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value.as<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(value.as<std::int64_t>());
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(value.number());
    } else if constexpr (std::is_convertible_v<T, std::string>) {
      return T(value.as<std::string>());
    } else if constexpr (!std::is_void_v<typename optional_of<T>::type>) {
      return convert<typename optional_of<T>::type>(value);
    } else {
      T out;
      for (const Value& item : value.as<List>()) out.push_back(convert<typename element_of<T>::type>(item));
      return out;
    }
  }

  template <class T, class Convert>
  Fields& bind(T Options::*member, ParamSpec spec, Convert convert) {
    specs_.push_back(std::move(spec));
    setters_.push_back([member, convert](Options& options, const Value& value) { options.*member = convert(value); });
    return *this;
  }

  std::vector<ParamSpec> specs_;
  std::vector<std::function<void(Options&, const Value&)>> setters_;
};

}  // namespace retort

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace retort {

class Value;
using List = std::vector<Value>;
using Table = std::map<std::string, Value>;

// A parameter value as it crosses the boundary between host and plugin: what TOML can say, without TOML.
class Value {
 public:
  using Storage = std::variant<bool, std::int64_t, double, std::string, List, Table>;

  Value() : storage_(false) {}
  Value(bool value) : storage_(value) {}                            // NOLINT(google-explicit-constructor)
  Value(int value) : storage_(static_cast<std::int64_t>(value)) {}  // NOLINT(google-explicit-constructor)
  Value(std::int64_t value) : storage_(value) {}                    // NOLINT(google-explicit-constructor)
  Value(double value) : storage_(value) {}                          // NOLINT(google-explicit-constructor)
  Value(std::string value) : storage_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Value(const char* value) : storage_(std::string(value)) {}        // NOLINT(google-explicit-constructor)
  Value(List value) : storage_(std::move(value)) {}                 // NOLINT(google-explicit-constructor)
  Value(Table value) : storage_(std::move(value)) {}                // NOLINT(google-explicit-constructor)

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(storage_);
  }
  // Throws std::bad_variant_access when the value is of another type: validate() first.
  template <class T>
  const T& as() const {
    return std::get<T>(storage_);
  }
  bool is_number() const { return is<double>() || is<std::int64_t>(); }
  // An integer or a double, as a double.
  double number() const { return is<double>() ? as<double>() : static_cast<double>(as<std::int64_t>()); }

  const Storage& storage() const { return storage_; }
  friend bool operator==(const Value& a, const Value& b) { return a.storage_ == b.storage_; }

 private:
  Storage storage_;
};

}  // namespace retort

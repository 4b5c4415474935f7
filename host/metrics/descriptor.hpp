#pragma once

#include <unistd.h>

#include <utility>

namespace retort::metrics {

// Owns a file descriptor; a negative value is none.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int value() const { return value_; }

 private:
  int value_;
};

}  // namespace retort::metrics

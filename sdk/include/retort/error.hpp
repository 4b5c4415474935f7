#pragma once

#include <stdexcept>
#include <string>

#include <retort/export.hpp>

namespace retort {

// What a component may throw. The host's guard around every call into a component adds the component's name, the
// place in the TOML file and the phase; LibTorch's c10::Error may pass through as it is.
class RETORT_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message);
  ~Error() override;
};

// A parameter, or a combination of parameters, that the component cannot accept.
class RETORT_API InvalidParameter : public Error {
 public:
  explicit InvalidParameter(const std::string& message);
  ~InvalidParameter() override;
};

// Tensors whose shapes, types or devices do not fit together.
class RETORT_API ShapeError : public Error {
 public:
  explicit ShapeError(const std::string& message);
  ~ShapeError() override;
};

// A data file that is missing, truncated, or not what its name says. The message names the file.
class RETORT_API DataError : public Error {
 public:
  explicit DataError(const std::string& message);
  ~DataError() override;
};

}  // namespace retort

#include <retort/error.hpp>

namespace retort {

Error::Error(const std::string& message) : std::runtime_error(message) {}
Error::~Error() = default;

InvalidParameter::InvalidParameter(const std::string& message) : Error(message) {}
InvalidParameter::~InvalidParameter() = default;

ShapeError::ShapeError(const std::string& message) : Error(message) {}
ShapeError::~ShapeError() = default;

DataError::DataError(const std::string& message) : Error(message) {}
DataError::~DataError() = default;

}  // namespace retort

#include <retort/dataset.hpp>
#include <retort/loss.hpp>
#include <retort/model.hpp>
#include <retort/normalization.hpp>
#include <retort/projector.hpp>

// The key functions: one home for every interface's vtable and type information, so that casts and catches work
// between host and plugins whatever their visibility settings.

namespace retort {

Logger::~Logger() = default;
MetricSink::~MetricSink() = default;
Loss::~Loss() = default;
Projector::~Projector() = default;
Normalization::~Normalization() = default;
Model::~Model() = default;
Dataset::~Dataset() = default;
StreamedSplit::~StreamedSplit() = default;

ResidentSplit Dataset::load(Split split) {
  throw Error("this data set has no whole " + std::string(split_name(split)) + " split");
}

std::shared_ptr<const StreamedSplit> Dataset::stream(Split /*split*/) {
  return nullptr;
}

bool Loss::absorb(std::string_view /*normalization*/, const Table& /*options*/) {
  return false;
}

void Loss::set(std::string_view parameter, double value) {
  const auto setter = setters_.find(parameter);
  if (setter == setters_.end()) {
    throw InvalidParameter("the parameter '" + std::string(parameter) + "' cannot change while training");
  }
  setter->second(*this, value);
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::Loss:
      return "loss";
    case Kind::Projector:
      return "projector";
    case Kind::Normalization:
      return "normalization";
    case Kind::Model:
      return "model";
    case Kind::Dataset:
      return "dataset";
  }
  return "";
}

}  // namespace retort

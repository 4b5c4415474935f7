#pragma once

#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <retort/param.hpp>

namespace retort {

class Loss;
class Projector;
class Normalization;
class Model;
class Dataset;
struct Context;
struct ProjectorShapes;
using Shape = std::vector<std::int64_t>;

enum class Kind { Loss, Projector, Normalization, Model, Dataset };

inline constexpr Kind kAllKinds[] = {Kind::Loss, Kind::Projector, Kind::Normalization, Kind::Model, Kind::Dataset};

// "loss", "projector", "normalization", "model", "dataset"
RETORT_API const char* kind_name(Kind kind);

// Everything the host knows of a component without creating it: what its manifest holds.
struct Descriptor {
  Kind kind = Kind::Loss;
  std::string name;  // what TOML says after `use`; unique within its kind
  std::string version;
  std::string summary;    // one sentence
  std::string reference;  // the publication, with equation or section; may be empty
  std::vector<ParamSpec> params;
  // Losses only: the tap that each side reads when the experiment names none; an empty teacher tap means that the loss
  // looks at no teacher.
  std::string student_tap = "logits";
  std::string teacher_tap = "logits";
};

// The keys that the host reads in a table of this kind of component; no parameter can have their names.
RETORT_API const std::vector<std::string>& reserved_keys(Kind kind);

// What is wrong with a declaration, a sentence each: parameters that the host would never hand over, because they have
// the name of a reserved key or of another parameter. The build of a plugin fails on the first.
RETORT_API std::vector<std::string> problems(const Descriptor& descriptor);

// How a loss is told the values of its scheduled parameters, by name.
using LossSetters = std::map<std::string, std::function<void(Loss&, double)>, std::less<>>;

// Creates components of one kind from validated parameters. The caller owns the result.
using LossFactory = std::function<Loss*(const Table&, Context&)>;
using ProjectorFactory = std::function<Projector*(const ProjectorShapes&, const Table&, Context&)>;
using NormalizationFactory = std::function<Normalization*(const Shape&, const Table&, Context&)>;
using ModelFactory = std::function<Model*(const Table&, Context&)>;
using DatasetFactory = std::function<Dataset*(const Table&, Context&)>;

struct Component {
  Descriptor descriptor;
  std::variant<LossFactory, ProjectorFactory, NormalizationFactory, ModelFactory, DatasetFactory> factory{};
};

// What a plugin offers. The one function that a plugin exports returns it.
struct Manifest {
  std::vector<Component> components;
};

// A component's declaration: who it is, and the options it takes.
template <class OptionsType>
class Description {
 public:
  using Options = OptionsType;

  Description(std::string name, std::string version) {
    descriptor_.name = std::move(name);
    descriptor_.version = std::move(version);
  }
  Description& summary(std::string text) { return descriptor_.summary = std::move(text), *this; }
  Description& reference(std::string text) { return descriptor_.reference = std::move(text), *this; }
  // Losses: the taps read when the experiment names none (logits on both sides unless said otherwise).
  Description& default_taps(std::string student, std::string teacher) {
    descriptor_.student_tap = std::move(student);
    descriptor_.teacher_tap = std::move(teacher);
    return *this;
  }
  // Losses: there is no teacher side.
  Description& without_teacher() { return descriptor_.teacher_tap.clear(), *this; }

  // As Fields<Options>::param(): a member, its name in TOML, a sentence, and a Range or Choices.
  template <class T>
  Description& param(T Options::*member, std::string name, std::string doc, Range range = {}) {
    return fields_.param(member, std::move(name), std::move(doc), range), *this;
  }
  template <class E>
  requires std::is_enum_v<E> Description& param(E Options::*member, std::string name, std::string doc,
                                                Choices<E> choices) {
    return fields_.param(member, std::move(name), std::move(doc), choices), *this;
  }
  template <class Nested>
  Description& table(Nested Options::*member, std::string name, std::string doc, Fields<Nested> fields) {
    return fields_.table(member, std::move(name), std::move(doc), std::move(fields)), *this;
  }
  template <class Nested>
  Description& tables(std::vector<Nested> Options::*member, std::string name, std::string doc, Fields<Nested> fields) {
    return fields_.tables(member, std::move(name), std::move(doc), std::move(fields)), *this;
  }
  // Makes the parameter declared last one that must be given.
  Description& required() { return fields_.required(), *this; }
  // Losses: the number declared last may change while training. The host calls `set` with the value of a step before
  // that step's forward(); the constructor's value holds until then, and for good when TOML gives a plain number.
  template <class Impl>
  Description& scheduled(void (Impl::*set)(double)) {
    setters_[fields_.schedule_last().name] = [set](Loss& loss, double value) {
      (dynamic_cast<Impl&>(loss).*set)(value);
    };
    return *this;
  }

  const Descriptor& descriptor() const { return descriptor_; }
  const Fields<Options>& fields() const { return fields_; }
  const LossSetters& setters() const { return setters_; }

 private:
  Descriptor descriptor_;
  Fields<Options> fields_;
  LossSetters setters_;
};

template <class Options>
Description<Options> describe(std::string name, std::string version) {
  return {std::move(name), std::move(version)};
}

// For components without parameters.
struct NoOptions {};

namespace detail {

// Calls the constructor that Impl has: with or without its options, with or without the context.
template <class Impl, class Options, class... First>
Impl* construct(const Options& options, Context& context, const First&... first) {
  static_assert(!std::is_abstract_v<Impl>,
                "the component lacks a function that its interface asks for; see retort/<kind>.hpp");
  if constexpr (std::is_constructible_v<Impl, const First&..., const Options&, Context&>) {
    return new Impl(first..., options, context);
  } else if constexpr (std::is_constructible_v<Impl, const First&..., const Options&>) {
    return new Impl(first..., options);
  } else if constexpr (std::is_constructible_v<Impl, const First&..., Context&>) {
    return new Impl(first..., context);
  } else {
    static_assert(std::is_constructible_v<Impl, const First&...>,
                  "a component is constructed from ([shapes,] [Options] [, Context&]); see retort/<kind>.hpp");
    return new Impl(first...);
  }
}

}  // namespace detail

// Joins a class to its description. `Impl` derives from exactly one of the five interfaces.
template <class Impl, class Options>
Component component(const Description<Options>& description) {
  Component result{.descriptor = description.descriptor()};
  result.descriptor.kind = Impl::kKind;
  result.descriptor.params = description.fields().specs();
  const Fields<Options> fields = description.fields();
  if constexpr (Impl::kKind == Kind::Projector) {
    result.factory = ProjectorFactory([fields](const ProjectorShapes& shapes, const Table& table, Context& context) {
      return detail::construct<Impl>(fields.read(table), context, shapes);
    });
  } else if constexpr (Impl::kKind == Kind::Normalization) {
    result.factory = NormalizationFactory([fields](const Shape& shape, const Table& table, Context& context) {
      return detail::construct<Impl>(fields.read(table), context, shape);
    });
  } else if constexpr (Impl::kKind == Kind::Loss) {
    result.factory = LossFactory([fields, setters = description.setters()](const Table& table, Context& context) {
      Impl* const loss = detail::construct<Impl>(fields.read(table), context);
      loss->setters_ = setters;
      return loss;
    });
  } else {
    const auto make = [fields](const Table& table, Context& context) {
      return detail::construct<Impl>(fields.read(table), context);
    };
    if constexpr (Impl::kKind == Kind::Model) {
      result.factory = ModelFactory(make);
    } else {
      result.factory = DatasetFactory(make);
    }
  }
  return result;
}

}  // namespace retort

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/component.hpp>
#include <retort/param.hpp>

// Every key that the host itself knows, declared once: validation, defaults, the JSON Schema and the key reference are
// made from it.
namespace retort::config {

// The tables of an experiment, without `extends` and `unset`, which are gone once a document has been loaded.
//
// A table that holds a component is open and has fields: those are the host's, all other keys are parameters of the
// component that `use` names. An open table without fields holds tables under names of the user's (`loss`, `stage`).
const std::vector<ParamSpec>& experiment_keys();

// `extends` and `unset`, which only load_document() sees.
const std::vector<ParamSpec>& file_keys();

// The field at a path of names: "run.seed", "student", "schedule.lr"; "loss.*" is the table of any term. Throws
// std::out_of_range when there is none.
const ParamSpec& key_spec(std::string_view path);

// The kind of component that a table holds; nothing for every other table.
std::optional<Kind> component_kind(const ParamSpec& table);

// The parameter by which a model names a file that holds both network and weights. A model with it has what it needs:
// as a teacher it is not trained first. Like `weights`, a relative path starts at the file that says so.
inline constexpr const char* kModelPackage = "package";

// Whether a table holds a transform: open like a component's, but the transforms are the host's.
bool is_transform(const ParamSpec& table);

// The alternative of a OneOf that is a table.
const ParamSpec& table_form(const ParamSpec& one_of);

// What TOML may give for a component's parameter: the parameter as declared, or, for one declared scheduled(), a number
// or a table with the keys of a weight's schedule.
ParamSpec accepted_form(const ParamSpec& parameter);

// The default of the key at `path`.
template <class T>
const T& default_of(std::string_view path) {
  return key_spec(path).fallback->as<T>();
}

// In some tables `use` decides which of the keys apply.
struct Variant {
  std::string use;
  std::string doc;
  std::vector<std::string> keys;  // those that only variants listing them accept; the others go with every `use`
};

const std::vector<Variant>& optimizer_variants();
const std::vector<Variant>& schedule_variants();
const std::vector<Variant>& label_noise_variants();  // told apart by `kind`

// The variants of a table, or nullptr when it has none.
const std::vector<Variant>* variants_of(const ParamSpec& table);

}  // namespace retort::config

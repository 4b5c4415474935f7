#include "key_reference.hpp"

#include <map>
#include <vector>

#include <retort/nearest.hpp>

#include "keys.hpp"
#include "transform_keys.hpp"

namespace retort::config {
namespace {

std::string code(const std::string& text) {
  return "`" + text + "`";
}

// Two tables with the same name and fields are described once.
std::string signature(const ParamSpec& table) {
  std::string text = table.name;
  for (const ParamSpec& field : table.fields) text += "," + field.name;
  return text;
}

// The table with fields that a key holds, directly or as one of its forms; nullptr when there is none.
const ParamSpec* table_of(const ParamSpec& spec) {
  if (spec.type == ParamType::Table) return spec.fields.empty() ? nullptr : &spec;
  for (const ParamSpec& alternative : spec.alternatives) {
    if (const ParamSpec* table = table_of(alternative)) return table;
  }
  return nullptr;
}

class ReferenceWriter {
 public:
  std::string document() {
    table(file_keys(), "", "At the top of a file.", nullptr);
    for (const ParamSpec& spec : experiment_keys()) known_[signature(named(spec))] = path_of("", spec);
    for (const ParamSpec& spec : experiment_keys()) section(named(spec), path_of("", spec));
    return std::move(text_);
  }

 private:
  // What stands under the names of the user's in an open table, or the table itself.
  static const ParamSpec& named(const ParamSpec& spec) {
    return spec.open && spec.fields.empty() ? spec.element[0] : spec;
  }

  static std::string path_of(const std::string& prefix, const ParamSpec& spec) {
    const std::string path = prefix.empty() ? spec.name : prefix + "." + spec.name;
    return &named(spec) == &spec ? path : path + ".<name>";
  }

  struct Section {
    const ParamSpec* table;
    std::string path;
  };

  void section(const ParamSpec& spec, const std::string& path) {
    const std::vector<Section> inner = table(spec.fields, path, spec.doc, variants_of(spec));
    if (component_kind(spec)) {
      text_ += "\nAll other keys are parameters of the " + std::string(kind_name(*component_kind(spec))) + ".";
      if (component_kind(spec) == Kind::Loss) {
        text_ +=
            " One that `retort plugins NAME` says can be scheduled takes, like the weight, a number or a table; the "
            "table then names `final` and `warmup_start` where it uses them.";
      }
      text_ += "\n";
    }
    if (path == "dataset") transform_list();
    for (const Section& next : inner) section(*next.table, next.path);
  }

  // The tables in it that have not been described yet.
  std::vector<Section> table(const std::vector<ParamSpec>& fields, const std::string& path, const std::string& doc,
                             const std::vector<Variant>* variants) {
    if (!path.empty()) text_ += "\n### " + code("[" + path + "]") + "\n";
    text_ += (text_.empty() ? "" : "\n") + doc + "\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
    std::vector<Section> inner;
    for (const ParamSpec& field : fields) row(field, path, inner);
    if (variants) variant_list(*variants);
    return inner;
  }

  void row(const ParamSpec& field, const std::string& path, std::vector<Section>& sections) {
    std::string value = expectation(field);
    if (const ParamSpec* const inner = table_of(named(field))) {
      const auto [known, is_new] = known_.emplace(signature(*inner), path_of(path, field));
      if (is_new) sections.push_back({inner, known->second});
      value += ": see " + code("[" + known->second + "]");
    }
    std::string fallback = field.fallback ? code(to_toml(*field.fallback)) : "";
    if (field.required) fallback = "required";
    text_ += "| " + code(field.name) + " | " + value + " | " + fallback + " | " + field.doc + " |\n";
  }

  void variant_list(const std::vector<Variant>& variants) {
    text_ += '\n';
    for (const Variant& variant : variants) {
      std::vector<std::string> keys;
      for (const std::string& key : variant.keys) keys.push_back(code(key));
      text_ += "- " + code("use = \"" + variant.use + "\"") + ": " + variant.doc +
               (keys.empty() ? "" : "; takes " + join(keys)) + "\n";
    }
  }

  void transform_list() {
    text_ += "\nTransforms, with their parameters in the order of the short form:\n\n";
    for (const TransformKeys& keys : transforms()) {
      text_ += "- " + code(keys.use) + ": " + keys.doc + "\n";
      for (const ParamSpec& param : keys.params) {
        const std::string fallback = param.fallback ? ", " + to_toml(*param.fallback) + " unless given" : "";
        text_ += "  - " + code(param.name) + ": " + expectation(param) + fallback + ". " + param.doc + "\n";
      }
    }
  }

  std::map<std::string, std::string> known_;
  std::string text_;
};

}  // namespace

std::string key_reference() {
  return ReferenceWriter().document();
}

}  // namespace retort::config

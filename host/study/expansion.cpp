#include "expansion.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

#include "config/merge.hpp"
#include "config/overrides.hpp"
#include "config/validation.hpp"
#include "sampling.hpp"

namespace retort::study {
namespace {

using config::Node;

// A value as part of a folder's name; "" when it cannot be one.
std::string plain_text(const Node& value) {
  if (value.is_table() || value.is_list()) return "";
  const std::string text =
      value.scalar().is<std::string>() ? value.scalar().as<std::string>() : to_toml(value.scalar());
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '+';
  };
  return text.size() <= 32 && std::all_of(text.begin(), text.end(), plain) ? text : "";
}

// The values of an axis in names: themselves, or their numbers in the list when they are too long, no plain text, or
// not told apart by it.
std::vector<std::string> value_texts(const Axis& axis) {
  std::vector<std::string> texts;
  for (const Node& value : axis.values) texts.push_back(plain_text(value));
  const std::set<std::string> distinct(texts.begin(), texts.end());
  if (distinct.size() == texts.size() && !distinct.contains("")) return texts;
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = fmt::format("#{}", i + 1);
  return texts;
}

std::string padded(std::size_t number, std::size_t largest) {
  const std::string text = std::to_string(number);
  return std::string(std::to_string(largest).size() - text.size(), '0') + text;
}

void append(std::string& name, const std::string& part) {
  name += (name.empty() ? "" : ",") + part;
}

// The names of members need every table in their path but those that the host makes up itself.
bool check_path(const Node& document, const Setting& setting, const std::string& member, MemberProblems& problems) {
  const std::string& table = std::get<std::string>(setting.target.path[0]);
  const auto* name = std::get_if<std::string>(&setting.target.path[1]);
  if ((table != "loss" && table != "stage") || !name) return true;
  const Node* const named = document.find(table);
  if (named && named->find(*name)) return true;
  const std::vector<std::string> names =
      named && named->is_table() ? config::key_names(*named) : std::vector<std::string>{};
  problems.add(member, setting.target.origin,
               "study: there is no table [" + table + "." + config::key_text(*name) + "]" + did_you_mean(*name, names) +
                   (names.empty() ? "" : " (tables: " + join(names) + ")"));
  return false;
}

class Expansion {
 public:
  Expansion(const StudySpec& spec, const Node& document, const std::filesystem::path& directory,
            MemberProblems& problems)
      : spec_(spec), base_(document), directory_(directory), problems_(problems) {
    base_.erase("study");
    for (const Axis& axis : spec.axes) texts_.push_back(value_texts(axis));
  }

  std::vector<Member> members(const std::vector<std::vector<Node>>& samples) {
    std::vector<Member> members;
    for (const Variant* variant : variants()) {
      std::vector<std::size_t> choice(spec_.axes.size(), 0);
      do {
        for (std::size_t sample = 0; sample < std::max<std::size_t>(samples.size(), 1); ++sample) {
          members.push_back(member(variant, choice, samples, sample));
        }
      } while (advance(choice));
    }
    return members;
  }

 private:
  std::vector<const Variant*> variants() const {
    std::vector<const Variant*> all;
    for (const Variant& variant : spec_.variants) all.push_back(&variant);
    if (all.empty()) all.push_back(nullptr);
    return all;
  }

  // The next combination of the axes' values; false after the last.
  bool advance(std::vector<std::size_t>& choice) const {
    for (std::size_t i = choice.size(); i-- > 0;) {
      if (++choice[i] < spec_.axes[i].values.size()) return true;
      choice[i] = 0;
    }
    return false;
  }

  Member member(const Variant* variant, const std::vector<std::size_t>& choice,
                const std::vector<std::vector<Node>>& samples, std::size_t sample) {
    Member member{.variant = variant ? variant->name : ""};
    member.name = member.group = member.variant;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      const Axis& axis = spec_.axes[i];
      const std::string part = axis.target.label + "=" + texts_[i][choice[i]];
      append(member.name, part);
      if (!axis.target.is_seed()) append(member.group, part);
      member.settings.push_back({axis.target, axis.values[choice[i]]});
    }
    if (!samples.empty()) {
      const std::string part = "sample=" + padded(sample + 1, samples.size());
      append(member.name, part);
      append(member.group, part);
      for (std::size_t i = 0; i < spec_.sample->keys.size(); ++i) {
        member.settings.push_back({spec_.sample->keys[i].target, samples[sample][i]});
      }
    }
    if (member.group.empty()) member.group = "experiment";
    member.document = document(variant, member);
    return member;
  }

  // A published figure stays with members that are the experiment itself but for the seed, and with variants that name
  // their own.
  Node document(const Variant* variant, const Member& member) {
    Node document = base_;
    if (variant) {
      config::Diagnostics found;
      Node changes = variant->changes;
      config::apply_unset(document, changes, found);
      if (!changes.entries().empty() || variant->changes.find("unset")) document.erase("published");
      document = config::merge(std::move(document), std::move(changes));
      document.set_origin(base_.origin());
      problems_.add(member.name, found);
    }
    for (const Setting& setting : member.settings) {
      if (!setting.target.is_seed()) document.erase("published");
      if (check_path(document, setting, member.name, problems_)) apply(document, setting, member.name);
    }
    const config::Origin origin{"study"};
    set(document, "name", Value(member.name), origin);
    set(document, "directory", Value(directory_.string()), origin);
    return document;
  }

  void apply(Node& document, const Setting& setting, const std::string& member) {
    try {
      config::write_value(document, setting.target.path, setting.value, setting.target.origin);
    } catch (const Error& error) {
      problems_.add(member, setting.target.origin, "study: cannot set '" + setting.target.text + "': " + error.what());
    }
  }

  // What is no table here is reported by whoever reads the experiment.
  static void set(Node& document, const char* key, Value value, const config::Origin& origin) {
    const Node* const run = document.find("run");
    if (!run || run->is_table()) {
      config::write_value(document, {"run", key}, Node(std::move(value), origin), origin);
    }
  }

  const StudySpec& spec_;
  Node base_;
  std::filesystem::path directory_;
  MemberProblems& problems_;
  std::vector<std::vector<std::string>> texts_;  // of each axis's values
};

}  // namespace

std::vector<Member> expand(const StudySpec& spec, const Node& document, const std::filesystem::path& directory,
                           MemberProblems& problems, config::Diagnostics& diagnostics) {
  std::vector<std::vector<Node>> samples;
  if (spec.sample) samples = draw(*spec.sample, diagnostics);
  return Expansion(spec, document, directory, problems).members(samples);
}

}  // namespace retort::study

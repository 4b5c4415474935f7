#include "study_page.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "markup.hpp"
#include "page.hpp"
#include "pieces.hpp"
#include "study/comparison_format.hpp"
#include "study/duration.hpp"
#include "study_figures.hpp"

namespace retort::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNothing = "–";
constexpr std::size_t kColumns = 5;  // of groups beside each other

std::string head(const StudyData& study) {
  std::map<std::string, int> states;
  for (const StudyData::Member& member : study.members) ++states[member.run->state];
  std::string badges;
  for (const char* state : {"finished", "running", "stopped", "waiting", "failed"}) {
    if (states.contains(state)) badges += state_badge(state) + fmt::format(" {} &nbsp; ", states[state]);
  }
  std::string text = "<p>" + badges + "</p>\n";
  for (const std::string& problem : study.problems) text += paragraph("Not shown: " + problem, "alert");
  return text;
}

std::string comparison(const StudyData& study) {
  if (!study.comparison) return paragraph("No run is finished yet: there is nothing to compare.");
  std::string text;
  for (const std::string& mismatch : study.comparison->mismatches) {
    text += paragraph("These results should not be compared: " + mismatch, "alert");
  }
  study::Rows rows = study::comparison_rows(*study.comparison);
  Table table{.heads = rows.front()};
  table.rows.assign(rows.begin() + 1, rows.end());
  text += gallery({comparison_figure(study)}) + report::table(table);
  // The first note is the legend; those on single runs say what the list of runs says.
  text += paragraph(study::comparison_notes(*study.comparison).front(), "note");
  std::string left_out;
  for (const study::ComparedRun* run : study.comparison->unfinished) {
    left_out += fmt::format("{}{} ({})", left_out.empty() ? "" : ", ", run->name, run->state);
  }
  return left_out.empty() ? text : text + paragraph("Not averaged: " + left_out + ".", "note");
}

std::string curves(const StudyData& study) {
  const GroupCurves curves = group_curves(study);
  if (curves.figures.empty()) return "";
  std::string text = paragraph("Means over the seeds of each group, of the last stage of finished runs" +
                               std::string(curves.small_multiples.empty() ? "; shaded: what the seeds span." : "."));
  text += gallery(curves.figures);
  if (curves.small_multiples.empty()) return text;
  return text + heading(3, "Each group among the others") +
         paragraph("The first of the figures above; shaded: what the seeds of the group span.", "note") +
         gallery(curves.small_multiples, "gallery small-multiples");
}

// A key that may be broken behind its dots.
std::string breakable(const std::string& key) {
  std::string text;
  for (const char c : escaped(key)) {
    text += c;
    if (c == '.') text += "<wbr>";
  }
  return text;
}

// The settings of each group, which are those of its first member: they differ in the seed alone.
using Settings = std::vector<std::pair<std::string, const std::map<std::string, std::string>*>>;

Settings settings_of(const StudyData& study) {
  Settings settings;
  for (const std::string& group : study.groups()) {
    for (const StudyData::Member& member : study.members) {
      if (member.run->group != group || member.settings.empty()) continue;
      settings.emplace_back(group, &member.settings);
      break;
    }
  }
  return settings;
}

// The values that a key has in the groups, "" where it is not set; nothing when it is the same in all.
std::vector<std::string> differing_values(const Settings& settings, const std::string& key) {
  std::vector<std::string> values;
  for (const auto& [group, own] : settings) {
    const auto found = own->find(key);
    values.push_back(found == own->end() ? "" : found->second);
  }
  if (std::set<std::string>(values.begin(), values.end()).size() < 2) values.clear();
  return values;
}

// A column for each group.
Table matrix(const Settings& settings, const std::set<std::string>& keys) {
  Table table{.heads = {"key"}, .numbers_from = settings.size() + 1, .cells_are_markup = true, .classes = "matrix"};
  for (const auto& [group, own] : settings) table.heads.push_back(group);
  for (const std::string& key : keys) {
    const std::vector<std::string> values = differing_values(settings, key);
    if (values.empty()) continue;
    table.rows.push_back({breakable(key)});
    for (const std::string& value : values) table.rows.back().push_back(value.empty() ? kNothing : escaped(value));
  }
  return table;
}

// A row for each value, with the groups that have it: fits a page however many groups there are.
Table value_list(const Settings& settings, const std::set<std::string>& keys) {
  Table table{.heads = {"key", "value", "groups"}, .numbers_from = 9, .cells_are_markup = true, .classes = "values"};
  for (const std::string& key : keys) {
    std::vector<std::pair<std::string, std::string>> groups;  // value, names
    const std::vector<std::string> values = differing_values(settings, key);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].empty()) continue;
      const auto known =
          std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == values[i]; });
      if (known == groups.end()) {
        groups.emplace_back(values[i], settings[i].first);
      } else {
        known->second += ", " + settings[i].first;
      }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      table.rows.push_back({i == 0 ? breakable(key) : "", escaped(groups[i].first), escaped(groups[i].second)});
    }
  }
  return table;
}

std::string differences(const StudyData& study) {
  const Settings settings = settings_of(study);
  std::set<std::string> keys;
  for (const auto& [group, own] : settings) {
    for (const auto& [key, value] : *own) keys.insert(key);
  }
  const bool few = settings.size() <= kColumns;
  const Table table = few ? matrix(settings, keys) : value_list(settings, keys);
  if (table.rows.empty()) return paragraph("The groups do not differ in their experiments.");
  return paragraph(std::string("The resolved keys in which the experiments of the groups differ, the seed aside.") +
                   (few ? "" : " A group that stands at none of a key's values does not set it.")) +
         report::table(table);
}

// What each member sets, from the record: {key, values in the order of the members}.
std::string axes(const StudyData& study) {
  std::vector<std::pair<std::string, std::vector<std::string>>> axes;
  const auto values_of = [&](const std::string& key) -> std::vector<std::string>& {
    for (auto& [name, values] : axes) {
      if (name == key) return values;
    }
    return axes.emplace_back(key, std::vector<std::string>()).second;
  };
  const auto add = [&](const std::string& key, const std::string& value) {
    std::vector<std::string>& values = values_of(key);
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  };
  for (const Json& member : study.record["members"]) {
    const std::string variant = text_at_key(member, "variant");
    if (!variant.empty()) add("variant", variant);
    if (!at(member, "settings").is_object()) continue;
    for (const auto& [key, value] : member["settings"].items()) add(key, words(value));
  }
  Table table{.heads = {"axis", "values"}, .numbers_from = 9};
  for (const auto& [key, values] : axes) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
    table.rows.push_back({key, text});
  }
  return report::table(table);
}

// As the path of an address.
std::string address(const fs::path& path) {
  std::string text;
  for (const char c : path.generic_string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || std::string("-._~/").find(c) != std::string::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return text;
}

// The name of a run, as a link where a report of it can be read.
std::string linked(const std::string& name, const fs::path& directory, const fs::path& folder) {
  const fs::path report = directory / "report.html";
  if (directory.empty() || !fs::exists(report)) return escaped(name);
  return element("a", {{"href", address(fs::relative(report, folder))}}, escaped(name));
}

std::string runs(const StudyData& study, const fs::path& folder) {
  Table table{.heads = {"run", "state", "seed", "top-1", "best", "time"}, .numbers_from = 2, .cells_are_markup = true};
  const auto ratio = [](std::optional<double> value) { return value ? percent(*value) : std::string(kNothing); };
  for (const StudyData::Member& member : study.members) {
    const study::ComparedRun& run = *member.run;
    table.rows.push_back({linked(run.name, run.directory, folder), state_badge(run.state), std::to_string(run.seed),
                          ratio(run.run.value("top1")), ratio(run.run.value("best_top1")),
                          run.run.seconds() > 0.0 ? study::duration_text(run.run.seconds()) : kNothing});
  }
  return report::table(table);
}

std::string failures(const StudyData& study) {
  std::string text;
  for (const StudyData::Member& member : study.members) {
    if (member.run->state != "failed") continue;
    text += element("p", {{"class", "alert"}},
                    element("strong", {}, escaped(member.run->name)) + ": " +
                        escaped(member.reason.empty() ? "no reason is known" : member.reason)) +
            "\n";
  }
  return text;
}

std::string teachers(const StudyData& study, const fs::path& folder) {
  Table table{.heads = {"teacher", "state", "students", "top-1", "time"}, .numbers_from = 2, .cells_are_markup = true};
  if (!at(study.record, "teachers").is_array()) return "";
  for (const Json& teacher : study.record["teachers"]) {
    const Json& stages = at(teacher, "stages");
    const auto top1 = stages.is_array() && !stages.empty() ? number_at(stages.back(), "top1") : std::nullopt;
    table.rows.push_back({linked(text_at_key(teacher, "name"), text_at_key(teacher, "directory"), folder),
                          state_badge(text_at_key(teacher, "state")), std::to_string(at(teacher, "members").size()),
                          top1 ? percent(*top1) : kNothing,
                          study::duration_text(number_at(teacher, "seconds").value_or(0.0))});
  }
  return report::table(table, "Teachers that members share");
}

std::string circumstances(const StudyData& study) {
  Facts facts{{"Directory", study.directory.string()},
              {"Command", joined_words(at(study.record, "command_line"), " ")},
              {"Working directory", text_at_key(study.record, "working_directory")}};
  // The same in all runs, or the comparison says that it is not.
  for (const StudyData::Member& member : study.members) {
    if (member.run->state != "finished") continue;
    for (const auto& [name, value] : member.run->circumstances) facts.emplace_back(name, value);
    break;
  }
  return report::facts(facts);
}

}  // namespace

std::string study_page(const StudyData& study, const std::string& title, const fs::path& folder) {
  Page page{.title = title.empty() ? text_at_key(study.record, "name") : title, .head = head(study)};
  if (page.title.empty()) page.title = study.directory.filename();
  const auto add = [&](const char* id, const char* name, std::string content) {
    if (!content.empty()) page.sections.push_back({id, name, std::move(content)});
  };
  add("comparison", "Comparison", comparison(study));
  add("failures", "Failed runs", failures(study));
  add("curves", "Curves", curves(study));
  add("differences", "What differs", axes(study) + differences(study));
  add("runs", "Runs", runs(study, folder) + teachers(study, folder));
  add("circumstances", "Circumstances", circumstances(study));
  return to_html(page);
}

}  // namespace retort::report

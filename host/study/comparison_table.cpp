#include <fmt/format.h>

#include "comparison_format.hpp"
#include "duration.hpp"

namespace retort::study {
namespace {

const char* const kNothing = "–";

class Table {
 public:
  explicit Table(const Comparison& comparison) : comparison_(comparison) {}

  Rows rows() const {
    Rows rows{heads()};
    for (const ComparedGroup& group : comparison_.groups) rows.push_back(row(group));
    return rows;
  }

 private:
  std::vector<std::string> heads() const {
    std::vector<std::string> heads{"group", "n", comparison_.metric + (comparison_.is_ratio() ? " (%)" : "")};
    if (has_baseline()) heads.insert(heads.end(), {"difference", "95% interval", "p", "pairs"});
    heads.emplace_back("time");
    if (any_published()) heads.insert(heads.end(), {"published", "source"});
    return heads;
  }

  std::vector<std::string> row(const ComparedGroup& group) const {
    std::vector<std::string> cells{group.name, std::to_string(group.moments.n), mean(group.moments)};
    if (has_baseline()) {
      const auto cell = difference(group);
      cells.insert(cells.end(), cell.begin(), cell.end());
    }
    cells.push_back(duration_text(group.seconds));
    if (any_published()) {
      cells.push_back(group.published ? number(group.published->top1) : kNothing);
      cells.push_back(group.published ? group.published->source : "");
    }
    return cells;
  }

  std::vector<std::string> difference(const ComparedGroup& group) const {
    if (!group.difference) return {"baseline", "", "", ""};
    const PairedDifference& paired = *group.difference;
    const std::string pairs = std::to_string(paired.moments.n);
    if (paired.moments.n == 0) return {kNothing, kNothing, kNothing, pairs};
    return {signed_number(paired.moments.mean),
            paired.low ? fmt::format("[{}, {}]", signed_number(*paired.low), signed_number(*paired.high)) : kNothing,
            paired.p ? fmt::format("{:.2g}", *paired.p) : kNothing, pairs};
  }

  std::string mean(const Moments& moments) const {
    return number(moments.mean) + (moments.sd ? " ± " + number(*moments.sd) : "");
  }
  std::string number(double value) const {
    return comparison_.is_ratio() ? fmt::format("{:.2f}", 100.0 * value) : fmt::format("{:.5g}", value);
  }
  std::string signed_number(double value) const {
    return comparison_.is_ratio() ? fmt::format("{:+.2f}", 100.0 * value) : fmt::format("{:+.5g}", value);
  }

  bool has_baseline() const { return !comparison_.baseline.empty(); }
  bool any_published() const {
    for (const ComparedGroup& group : comparison_.groups) {
      if (group.published) return true;
    }
    return false;
  }

  const Comparison& comparison_;
};

// As a cell of Markdown.
std::string escaped(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

}  // namespace

Rows comparison_rows(const Comparison& comparison) {
  return Table(comparison).rows();
}

std::vector<std::string> comparison_notes(const Comparison& comparison) {
  std::vector<std::string> notes;
  std::string legend = "Mean ± sample standard deviation over the seeds of a group";
  if (!comparison.baseline.empty()) {
    legend += "; difference from " + comparison.baseline + " over common seeds, with a paired t-test (two-sided p)";
  }
  notes.push_back(legend + ". Time: mean of a run.");
  if (comparison.logit_cache.any()) {
    notes.push_back("Times with a cache: " + comparison.logit_cache.sentence() + ".");
  }
  for (const std::string& mismatch : comparison.mismatches) notes.push_back("Not alike: " + mismatch);
  for (const ComparedRun* run : comparison.unfinished) {
    notes.push_back("Not averaged: " + run->name + " (" + run->state + (run->reason.empty() ? "" : ": " + run->reason) +
                    ")");
  }
  return notes;
}

std::string to_text(const Comparison& comparison) {
  const Rows rows = comparison_rows(comparison);
  std::vector<bool> numbers(rows.front().size(), true);
  numbers.front() = false;
  if (rows.front().back() == "source") numbers.back() = false;
  std::string text = text_table(rows, numbers);
  for (const std::string& note : comparison_notes(comparison)) text += note + "\n";
  return text;
}

std::string to_markdown(const Comparison& comparison) {
  const Rows rows = comparison_rows(comparison);
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += "|";
    for (const std::string& cell : rows[i]) text += fmt::format(" {} |", escaped(cell));
    text += "\n";
    if (i > 0) continue;
    text += "|";
    for (std::size_t column = 0; column < rows[0].size(); ++column) {
      text += column == 0 || rows[0][column] == "source" ? " --- |" : " ---: |";
    }
    text += "\n";
  }
  for (const std::string& note : comparison_notes(comparison)) text += "\n" + note + "\n";
  return text;
}

}  // namespace retort::study

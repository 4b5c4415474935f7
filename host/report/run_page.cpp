#include "run_page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "evaluation_figures.hpp"
#include "graph_drawing.hpp"
#include "page.hpp"
#include "pieces.hpp"
#include "scale.hpp"
#include "speed_figures.hpp"
#include "study/duration.hpp"
#include "training_figures.hpp"

namespace retort::report {
namespace {

// Figures under a heading of their own, or nothing.
std::string group(const std::string& title, const std::vector<std::string>& figures) {
  const std::string content = gallery(figures);
  return content.empty() ? "" : heading(3, title) + content;
}

std::string graph_of(const StageData& stage) {
  const std::string graph =
      figure("Training graph", draw_graph(stage.graph),
             "Thick frame: trained. Dashed: a model that is frozen. Beside the edges: shapes and weights.", true);
  if (graph.empty()) return "";
  const std::string notes = joined_words(at(stage.graph, "notes"), "\n");
  return heading(3, "Graph") + gallery({graph}) +
         (notes.empty() ? "" : foldable("What the passes over the graph did", preformatted(notes)));
}

std::string stage_content(const RunData& run, const StageData& stage) {
  std::string text;
  if (stage.result.is_object()) {
    text += paragraph(fmt::format("{}: {} steps, {}.", text_at_key(stage.result, "student"),
                                  number_text(number_at(stage.result, "steps").value_or(0.0)),
                                  study::duration_text(number_at(stage.result, "seconds").value_or(0.0))));
  } else if (!stage.history.records().empty()) {
    const metrics::HistoryRecord& last = stage.history.records().back();
    text += paragraph(fmt::format("Not done: {} steps so far, in epoch {}.", last.step, last.epoch));
  } else {
    text += paragraph("Nothing has been reported yet.");
  }
  text += last_evaluation(stage);
  text += group("Accuracy", accuracy_figures(stage.history));
  text += group("Objective", objective_figures(stage.history));
  text += group("Student and teacher", comparison_figures(stage));
  text += group("Gradients", gradient_figures(stage.history));
  text += group("Projectors", projector_figures(stage.history));
  text += group("Reported by components", reported_figures(stage.history));
  text += group("Speed", speed_figures(run, stage));
  return text + graph_of(stage);
}

// Of the last stage that has been evaluated.
std::string result_tiles(const RunData& run) {
  const auto last = std::find_if(run.stages.rbegin(), run.stages.rend(),
                                 [](const auto& stage) { return last_measure(stage, "accuracy.top1").has_value(); });
  std::vector<Tile> found;
  if (last != run.stages.rend()) {
    const auto best = number_at(last->result, "best_top1");
    found.push_back({"student, top-1", percent(*last_measure(*last, "accuracy.top1")),
                     best ? "best evaluation " + percent(*best) : "last evaluation"});
    if (const auto teacher = teacher_accuracy(*last)) {
      const double gap = *last_measure(*last, "accuracy.top1") - *teacher;
      found.push_back({"teacher, top-1", percent(*teacher), fmt::format("student {:+.2f} points", 100.0 * gap)});
    }
    if (const auto agreement = last_measure(*last, "teacher_agreement")) {
      found.push_back({"agreement", percent(*agreement), "same class as the teacher"});
    }
    if (const auto error = last_measure(*last, "expected_calibration_error")) {
      const auto teacher = last_measure(*last, "teacher.expected_calibration_error");
      found.push_back({"calibration error", fmt::format("{:.4f}", *error),
                       teacher ? fmt::format("teacher {:.4f}", *teacher) : "of the student"});
    }
  }
  found.push_back({"time", study::duration_text(run.seconds()), run.sittings > 1 ? "of all sittings" : ""});
  return tiles(found);
}

std::string stage_table(const RunData& run) {
  if (run.stages.size() < 2) return "";
  Table table{.heads = {"stage", "top-1", "best", "teacher top-1", "agreement", "steps", "time"}};
  const auto ratio = [](std::optional<double> value) { return value ? percent(*value) : std::string("–"); };
  for (const StageData& stage : run.stages) {
    const auto steps = number_at(stage.result, "steps");
    const auto seconds = number_at(stage.result, "seconds");
    table.rows.push_back({stage.name, ratio(last_measure(stage, "accuracy.top1")),
                          ratio(number_at(stage.result, "best_top1")), ratio(teacher_accuracy(stage)),
                          ratio(last_measure(stage, "teacher_agreement")), steps ? number_text(*steps) : "–",
                          seconds ? study::duration_text(*seconds) : "not done"});
  }
  return report::table(table);
}

std::string head(const RunData& run) {
  std::string text = "<p>" + state_badge(run.state) + "</p>\n";
  const std::string failure = run.failure();
  if (!failure.empty()) text += paragraph(failure, "alert");
  for (const std::string& problem : run.problems) text += paragraph("Not shown: " + problem, "alert");
  return text;
}

std::string summary(const RunData& run) {
  std::string plugins;
  if (at(run.environment, "components").is_array()) {
    for (const Json& component : run.environment["components"]) {
      plugins +=
          (plugins.empty() ? "" : ", ") + text_at_key(component, "name") + " " + text_at_key(component, "version");
    }
  }
  return result_tiles(run) + stage_table(run) +
         facts(
             {{"Run", run.id},
              {"Directory", run.directory.string()},
              {"Begun", run.events.empty() ? "" : run.events.front().time.substr(0, 19) + " UTC"},
              {"Sittings", run.sittings > 1 ? std::to_string(run.sittings) : ""},
              {"Retort", text_at_key(run.environment, "retort") + " (" + text_at_key(run.environment, "git_revision") +
                             "), LibTorch " + text_at_key(run.environment, "torch")},
              {"Device", text_at_key(run.environment, "device")},
              {"Components", plugins}});
}

std::string events(const RunData& run) {
  std::string all;
  std::vector<std::vector<std::string>> notable;
  for (const RunEvent& event : run.events) {
    all += event.time + " " + event.level + " " + event.message + "\n";
    if (event.level != "info") notable.push_back({event.time.substr(0, 19), event.level, event.message});
  }
  std::string text = notable.empty() ? paragraph("No warning and no error.")
                                     : table({{"time (UTC)", "level", "message"}, std::move(notable), 9});
  if (!all.empty()) text += foldable("All events", preformatted(all));
  return text;
}

// One row for each plugin: what it offers, and the library's hash.
std::string plugins_table(const Json& environment) {
  Table table{.heads = {"library", "SHA-256"}, .numbers_from = 9};
  if (!at(environment, "plugins").is_array()) return "";
  for (const Json& plugin : environment["plugins"]) {
    table.rows.push_back({text_at_key(plugin, "library"), text_at_key(plugin, "sha256")});
  }
  return report::table(table, "Plugins");
}

std::string components_table(const Json& environment) {
  Table table{.heads = {"component", "kind", "version"}, .numbers_from = 9};
  if (!at(environment, "components").is_array()) return "";
  for (const Json& component : environment["components"]) {
    table.rows.push_back(
        {text_at_key(component, "name"), text_at_key(component, "kind"), text_at_key(component, "version")});
  }
  return report::table(table, "Components");
}

std::string data_table(const Json& environment) {
  Table table{.heads = {"data set", "split", "images", "SHA-256"}, .numbers_from = 9};
  if (!at(environment, "data").is_array()) return "";
  for (const Json& split : environment["data"]) {
    table.rows.push_back({text_at_key(split, "use"), text_at_key(split, "split"), words(at(split, "images")),
                          text_at_key(split, "sha256")});
  }
  return report::table(table, "Data");
}

std::string environment(const RunData& run) {
  const Json& json = run.environment;
  const auto text = [&](const char* key) { return words(at(json, key)); };
  return facts({{"Retort", text("retort")},
                {"Git revision", text("git_revision")},
                {"LibTorch", text("torch")},
                {"ABI", text("abi")},
                {"Device", text("device")},
                {"CPU", text("cpu")},
                {"Threads", text("threads")},
                {"Host", text("host")},
                {"Working directory", text("working_directory")},
                {"Command", joined_words(at(json, "command_line"), " ")}}) +
         components_table(json) + plugins_table(json) + data_table(json);
}

}  // namespace

std::string run_page(const RunData& run, const std::string& title) {
  Page page{.title = title.empty() ? run.id : title, .head = head(run)};
  page.sections.push_back({"summary", "Summary", summary(run)});
  int number = 0;
  for (const StageData& stage : run.stages) {
    page.sections.push_back({fmt::format("stage-{}", ++number), "Stage " + stage.name, stage_content(run, stage)});
  }
  page.sections.push_back({"events", "Warnings and events", events(run)});
  page.sections.push_back({"environment", "Environment", environment(run)});
  page.sections.push_back({"experiment", "Experiment",
                           foldable("The experiment as resolved (experiment.toml)", preformatted(run.experiment))});
  return to_html(page);
}

}  // namespace retort::report

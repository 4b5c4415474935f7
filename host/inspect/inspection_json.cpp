#include <nlohmann/json.hpp>

#include "classes.hpp"
#include "inspection_report.hpp"

namespace retort::inspect {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Distribution& distribution) {
  Json quantiles = Json::array();
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) quantiles.push_back({kQuantiles[i], distribution.quantiles[i]});
  return {{"mean", distribution.mean},
          {"deviation", distribution.deviation},
          {"quantiles", std::move(quantiles)},
          {"histogram", {{"edges", distribution.edges}, {"counts", distribution.counts}}}};
}

Json json_of(const std::optional<Distribution>& distribution) {
  return distribution ? json_of(*distribution) : Json();
}

Json json_of(const PlaneView& view, const DatasetInfo& data) {
  Json templates = Json::array(), points = Json::array();
  for (const auto& [sample, label, x, y] : view.templates) {
    templates.push_back({{"class", label}, {"name", class_name(data, label)}, {"x", x}, {"y", y}});
  }
  for (const auto& [sample, label, x, y] : view.points) {
    points.push_back({{"sample", sample}, {"class", label}, {"x", x}, {"y", y}});
  }
  return {{"parameter", view.parameter}, {"templates", std::move(templates)}, {"points", std::move(points)}};
}

Json json_of(const ModelInspection& model, const DatasetInfo& data) {
  Json bins = Json::array();
  for (const auto& [lower, upper, samples, confidence, accuracy] : model.calibration) {
    bins.push_back(
        {{"lower", lower}, {"upper", upper}, {"samples", samples}, {"confidence", confidence}, {"accuracy", accuracy}});
  }
  return {{"model", model.model},
          {"top1", model.top1},
          {"loss", model.loss},
          {"expected_calibration_error", model.calibration_error},
          {"reliability", std::move(bins)},
          {"entropy", json_of(model.entropy)},
          {"top_logit_difference", json_of(model.top_logit_difference)},
          {"logit_norm", json_of(model.logit_norm)},
          {"penultimate_norm", json_of(model.penultimate_norm)},
          {"plane", model.plane ? json_of(*model.plane, data) : Json()}};
}

Json json_of(const PairInspection& pair) {
  Json json{{"teacher_agreement", pair.agreement}};
  engine::TeacherComparison::for_each(pair.comparison, [&](const char* name, double value) { json[name] = value; });
  json["logit_distance"] = json_of(pair.logit_distance);
  return json;
}

}  // namespace

Json to_json(const Inspection& inspection, const DatasetInfo& data) {
  Json classes = Json::array();
  for (std::int64_t i = 0; i < data.classes; ++i) classes.push_back(class_name(data, i));
  return {{"run", inspection.run},
          {"stage", inspection.stage},
          {"split", inspection.split},
          {"samples", inspection.student.samples},
          {"classes", std::move(classes)},
          {"student", json_of(inspection.student, data)},
          {"teacher", inspection.teacher ? json_of(*inspection.teacher, data) : Json()},
          {"comparison", inspection.pair ? json_of(*inspection.pair) : Json()}};
}

}  // namespace retort::inspect

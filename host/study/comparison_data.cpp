#include <retort/param.hpp>

#include "comparison_format.hpp"

namespace retort::study {
namespace {

using Json = nlohmann::ordered_json;

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

std::string field(const std::optional<double>& value) {
  return value ? to_toml(Value(*value)) : "";
}

std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string line(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& one : fields) text += (text.empty() ? "" : ",") + one;
  return text + "\r\n";
}

Json difference_json(const PairedDifference& paired) {
  return {{"pairs", paired.moments.n},
          {"mean", paired.moments.n == 0 ? Json() : Json(paired.moments.mean)},
          {"sd", optional_json(paired.moments.sd)},
          {"low", optional_json(paired.low)},
          {"high", optional_json(paired.high)},
          {"t", optional_json(paired.t)},
          {"p", optional_json(paired.p)}};
}

}  // namespace

std::string to_csv(const Comparison& comparison) {
  std::string text = line({"group", "metric", "n", "mean", "sd", "baseline", "pairs", "difference", "difference_low",
                           "difference_high", "t", "p", "seconds", "published", "source"});
  for (const ComparedGroup& group : comparison.groups) {
    const PairedDifference paired = group.difference.value_or(PairedDifference{});
    const bool has_pairs = paired.moments.n > 0;
    text += line({field(group.name), comparison.metric, std::to_string(group.moments.n), field(group.moments.mean),
                  field(group.moments.sd), field(comparison.baseline),
                  group.difference ? std::to_string(paired.moments.n) : "", has_pairs ? field(paired.moments.mean) : "",
                  field(paired.low), field(paired.high), field(paired.t), field(paired.p), field(group.seconds),
                  group.published ? field(group.published->top1) : "",
                  group.published ? field(group.published->source) : ""});
  }
  return text;
}

Json to_json(const Comparison& comparison) {
  Json json{{"metric", comparison.metric},
            {"baseline", comparison.baseline.empty() ? Json() : Json(comparison.baseline)},
            {"groups", Json::array()},
            {"unfinished", Json::array()},
            {"mismatches", comparison.mismatches},
            {"logit_cache", comparison.logit_cache.json()}};
  for (const ComparedGroup& group : comparison.groups) {
    Json values = Json::array();
    for (const auto& [seed, value] : group.values) values.push_back({{"seed", seed}, {"value", value}});
    Json one{{"name", group.name},         {"n", group.moments.n},
             {"mean", group.moments.mean}, {"sd", optional_json(group.moments.sd)},
             {"seconds", group.seconds},   {"values", std::move(values)}};
    one["difference"] = group.difference ? difference_json(*group.difference) : Json();
    one["published"] =
        group.published ? Json{{"top1", group.published->top1}, {"source", group.published->source}} : Json();
    json["groups"].push_back(std::move(one));
  }
  for (const ComparedRun* run : comparison.unfinished) {
    json["unfinished"].push_back({{"name", run->name}, {"state", run->state}, {"reason", run->reason}});
  }
  return json;
}

}  // namespace retort::study

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "engine/sample_measures.hpp"
#include "engine/split_pass.hpp"
#include "inspect/classes.hpp"
#include "inspect/soften.hpp"
#include "trained_stage.hpp"

namespace retort::app {
namespace {

struct Options {
  TrainedStageOptions stage;
  std::vector<double> logits;
  std::string split = "test";
  std::vector<std::int64_t> samples;
  std::int64_t count = 5;
  std::vector<double> temperatures = {1.0, 2.0, 4.0, 20.0};
  std::int64_t top = 10;
  bool teacher = false;
  bool json = false;
};

// One row of logits and what is known of it.
struct Sample {
  std::optional<std::int64_t> place;  // in the split
  std::optional<std::int64_t> label;
  torch::Tensor logits;  // [classes] double, on the CPU
};

std::string temperature_name(double temperature) {
  return std::isinf(temperature) ? "inf" : fmt::format("{:g}", temperature);
}

void check_temperatures(const std::vector<double>& temperatures) {
  for (const double temperature : temperatures) {
    if (!(temperature >= 0.0)) {
      throw InvalidParameter(fmt::format("--temperature: expected numbers from 0 to inf, found {:g}", temperature));
    }
  }
}

std::vector<std::int64_t> chosen_samples(const Options& options, std::int64_t size) {
  std::vector<std::int64_t> samples = options.samples;
  if (samples.empty()) {
    samples.resize(static_cast<std::size_t>(std::min(options.count, size)));
    std::iota(samples.begin(), samples.end(), 0);
  }
  for (const std::int64_t sample : samples) {
    if (sample >= 0 && sample < size) continue;
    throw InvalidParameter(
        fmt::format("--samples: the {} split has samples 0 to {}, found {}", options.split, size - 1, sample));
  }
  return samples;
}

std::vector<Sample> run_samples(const TrainedStage& stage, const Options& options) {
  const graph::ModelNode* node = options.teacher ? stage.teacher() : &stage.student();
  if (!node) throw InvalidParameter("stage '" + stage.graph().stage + "' has no teacher");
  const auto source = stage.source(options.split == "train" ? Split::Train : Split::Test);
  const auto places = chosen_samples(options, source->size());
  std::vector<Sample> samples;
  const torch::Tensor indices = torch::tensor(places, torch::kInt64);
  engine::for_samples(*node, *source, indices, stage.type(), {"logits"},
                      [&](const data::Batch& batch, const auto& taps) {
                        const torch::Tensor logits = taps.at("logits").cpu().to(torch::kDouble);
                        const torch::Tensor labels = batch.target.cpu();
                        for (std::size_t i = 0; i < places.size(); ++i) {
                          const auto row = static_cast<std::int64_t>(i);
                          samples.push_back({places[i], labels[row].template item<std::int64_t>(), logits[row]});
                        }
                      });
  return samples;
}

// The classes of a sample, the most likely first.
std::vector<std::int64_t> ranked(const Sample& sample, std::int64_t top) {
  const torch::Tensor order = std::get<1>(sample.logits.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  const std::int64_t* first = order.data_ptr<std::int64_t>();
  return {first, first + std::min(top, order.numel())};
}

std::string heading(const Sample& sample, const Options& options, const DatasetInfo& data) {
  if (!sample.place) return "";
  const std::int64_t predicted = sample.logits.argmax().item<std::int64_t>();
  return fmt::format("{} sample {}: true class {}, {} says {}\n", options.split, *sample.place,
                     inspect::class_name(data, *sample.label), options.teacher ? "the teacher" : "the student",
                     inspect::class_name(data, predicted));
}

std::string table(const Sample& sample, const Options& options, const DatasetInfo& data) {
  const auto classes = ranked(sample, options.top);
  std::size_t width = 7;
  for (const std::int64_t index : classes) width = std::max(width, inspect::class_name(data, index).size());
  std::string text = heading(sample, options, data) + fmt::format("{:<{}}{:>10}", "class", width, "logit");
  for (const double temperature : options.temperatures) {
    text += fmt::format("{:>11}", "T=" + temperature_name(temperature));
  }
  text += "\n";
  std::vector<torch::Tensor> softened;
  for (const double temperature : options.temperatures) {
    softened.push_back(inspect::soften(sample.logits, temperature));
  }
  for (const std::int64_t index : classes) {
    text +=
        fmt::format("{:<{}}{:>10.4g}", inspect::class_name(data, index), width, sample.logits[index].item<double>());
    for (const torch::Tensor& probabilities : softened) {
      text += fmt::format("{:>11.6f}", probabilities[index].item<double>());
    }
    text += "\n";
  }
  text += fmt::format("{:<{}}{:>10}", "entropy", width, "");
  for (const torch::Tensor& probabilities : softened) {
    text += fmt::format("{:>11.6f}", engine::entropy(probabilities.log().unsqueeze(0)).item<double>());
  }
  return text + "\n";
}

nlohmann::ordered_json sample_json(const Sample& sample, const Options& options, const DatasetInfo& data) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (sample.place) json = {{"sample", *sample.place}, {"class", *sample.label}};
  json["classes"] = nlohmann::ordered_json::array();
  std::vector<torch::Tensor> softened;
  for (const double temperature : options.temperatures) {
    softened.push_back(inspect::soften(sample.logits, temperature));
  }
  for (const std::int64_t index : ranked(sample, options.top)) {
    nlohmann::ordered_json probabilities = nlohmann::ordered_json::array();
    for (const torch::Tensor& row : softened) probabilities.push_back(row[index].item<double>());
    json["classes"].push_back({{"class", index},
                               {"name", inspect::class_name(data, index)},
                               {"logit", sample.logits[index].item<double>()},
                               {"probabilities", std::move(probabilities)}});
  }
  return json;
}

void print(const std::vector<Sample>& samples, const Options& options, const DatasetInfo& data) {
  if (!options.json) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      std::printf("%s%s", i ? "\n" : "", table(samples[i], options, data).c_str());
    }
    return;
  }
  // JSON has no infinity: the temperatures are named as in the table.
  nlohmann::ordered_json json{{"temperatures", nlohmann::ordered_json::array()},
                              {"samples", nlohmann::ordered_json::array()}};
  for (const double temperature : options.temperatures) {
    json["temperatures"].push_back(temperature_name(temperature));
  }
  for (const Sample& sample : samples) json["samples"].push_back(sample_json(sample, options, data));
  std::printf("%s\n", json.dump().c_str());
}

int execute(const Options& options) {
  check_temperatures(options.temperatures);
  if (options.stage.target.empty() == options.logits.empty()) {
    throw InvalidParameter("soften needs either the directory of a run or --logits");
  }
  if (!options.logits.empty()) {
    for (const double logit : options.logits) {
      if (!std::isfinite(logit))
        throw InvalidParameter(fmt::format("--logits: expected finite numbers, found {:g}", logit));
    }
    if (options.teacher) throw InvalidParameter("--teacher needs the directory of a run");
    print({{.logits = torch::tensor(options.logits, torch::kDouble)}}, options, {});
    return kDone;
  }
  const TrainedStage stage(options.stage);
  print(run_samples(stage, options), options, stage.graph().data);
  return kDone;
}

}  // namespace

Action add_soften(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("RUN", options->stage.target, "The directory of a run")->check(CLI::ExistingDirectory);
  app.add_option("--logits", options->logits, "Logits to soften instead of a model's: --logits 6,3,1")
      ->delimiter(',')
      ->type_name("Z,Z");
  app.add_option("--temperature", options->temperatures, "Temperatures from 0 to inf (default: 1,2,4,20)")
      ->delimiter(',')
      ->type_name("T,T");
  app.add_option("--split", options->split, "Which images: train or test (default: test)")
      ->check(CLI::IsMember({"train", "test"}))
      ->type_name("SPLIT");
  CLI::Option* samples = app.add_option("--samples", options->samples, "Their places in the split: --samples 0,5,17")
                             ->delimiter(',')
                             ->type_name("N,N");
  app.add_option("--count", options->count, "The first images of the split (default: 5)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->excludes(samples);
  app.add_option("--top", options->top, "Show the K most likely classes (default: 10)")
      ->check(CLI::Range(1, 1000000))
      ->type_name("K");
  app.add_flag("--teacher", options->teacher, "The teacher's logits instead of the student's");
  options->stage.add_to(app);
  app.add_flag("--json", options->json, "Print for programs");
  app.footer(
      "Softened probabilities are softmax(logits / T) (Hinton et al., 2015). At T=0 all lies on the largest logit, at\n"
      "T=inf on all classes alike. The entropy, in nats, is that of all classes.");
  return [options] { return execute(*options); };
}

}  // namespace retort::app

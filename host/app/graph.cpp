#include <cstdio>
#include <map>

#include "command.hpp"
#include "component_options.hpp"
#include "graph/outline.hpp"
#include "run/preparation.hpp"

namespace retort::app {
namespace {

enum class Format { Text, Mermaid, Dot, Json };

struct Options {
  ExperimentOptions experiment;
  Format format = Format::Text;
  std::string stage;
};

int draw(const Options& options) {
  auto registry = options.experiment.plugins.scan();
  const auto experiment = options.experiment.read(registry);
  PlainServices services;
  config::Diagnostics diagnostics;
  auto graphs = run::assemble_stages(experiment, registry, services, diagnostics);
  std::fprintf(stderr, "%s", diagnostics.text().c_str());
  std::vector<graph::Outline> outlines;
  if (!options.stage.empty()) {
    outlines.push_back(graph::outline_of(run::find_stage(graphs, options.stage)));
  } else {
    for (const graph::TrainingGraph& graph : graphs) outlines.push_back(graph::outline_of(graph));
  }
  if (options.format == Format::Json) {
    std::printf("%s", graph::draw_json(outlines).c_str());
    return kDone;
  }
  for (std::size_t i = 0; i < outlines.size(); ++i) {
    if (i > 0) std::printf("\n");
    switch (options.format) {
      case Format::Mermaid:
        std::printf("%s", graph::draw_mermaid(outlines[i]).c_str());
        break;
      case Format::Dot:
        std::printf("%s", graph::draw_dot(outlines[i]).c_str());
        break;
      default:
        std::printf("%s", graph::draw_text(outlines[i]).c_str());
        break;
    }
  }
  return kDone;
}

}  // namespace

Action add_graph(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app);
  const std::map<std::string, Format> formats{
      {"text", Format::Text}, {"mermaid", Format::Mermaid}, {"dot", Format::Dot}, {"json", Format::Json}};
  app.add_option("--format", options->format, "text (default), mermaid, dot or json")
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(formats).description(""));
  app.add_flag_callback(
      "--json", [options] { options->format = Format::Json; }, "The same as --format json");
  app.add_option("--stage", options->stage, "Only this stage")->type_name("STAGE");
  app.footer("Assembled from what the data set declares; no data file is opened.");
  return [options] { return draw(*options); };
}

}  // namespace retort::app

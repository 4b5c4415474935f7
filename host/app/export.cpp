#include <cstdio>

#include <retort/error.hpp>

#include "command.hpp"
#include "run/trained_student.hpp"
#include "weights/safetensors.hpp"

namespace retort::app {
namespace {

struct Options {
  std::filesystem::path run;
  std::filesystem::path out;
  run::StudentChoice choice;
};

int export_student(const Options& options) {
  const auto student = run::find_student(run::RunDirectory::open(options.run), options.choice);
  if (std::filesystem::exists(options.out)) {
    throw InvalidParameter(options.out.string() + " exists; nothing is overwritten");
  }
  const auto weights = weights::load_tensors(student.file);
  weights::save_tensors(options.out, weights);
  std::printf("%s: %s of stage %s, %zu tensors\n", options.out.c_str(), weights.metadata.at("model").c_str(),
              student.stage.c_str(), weights.tensors.size());
  return kDone;
}

}  // namespace

Action add_export(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("RUN", options->run, "The directory of a run")->required();
  app.add_option("--out", options->out, "The safetensors file to write; must not exist")->required()->type_name("FILE");
  app.add_option("--stage", options->choice.stage, "The stage whose student is meant (default: the last)")
      ->type_name("STAGE");
  app.add_flag("--best", options->choice.best, "The student of the best evaluation instead of the last");
  app.footer("The tensors have the names of the published models, so that load_state_dict takes them.");
  return [options] { return export_student(*options); };
}

}  // namespace retort::app

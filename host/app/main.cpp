#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <c10/util/Exception.h>

#include <retort/nearest.hpp>
#include <retort/version.hpp>

#include "allocator.hpp"
#include "command.hpp"
#include "config/diagnostics.hpp"
#include "registry/guard.hpp"

namespace retort::app {
namespace {

struct Command {
  CLI::App* app;
  Action action;
};

std::vector<Command> add_commands(CLI::App& app) {
  std::vector<Command> commands;
  const auto add = [&](const char* name, const char* summary, Action (*add_command)(CLI::App&)) {
    CLI::App* command = app.add_subcommand(name, summary);
    commands.push_back({command, add_command(*command)});
  };
  add("run", "train an experiment, or resume a stopped one", add_run);
  add("study", "run many variations of an experiment", add_study);
  add("compare", "compare runs: means over seeds, differences from a baseline", add_compare);
  add("report", "write a run or a study as one HTML page of figures and tables", add_report);
  add("check", "validate an experiment and assemble its training graph without training", add_check);
  add("graph", "print the training graph as text, Mermaid, DOT or JSON", add_graph);
  add("config", "print the resolved experiment, or the reference of all keys", add_config);
  add("plugins", "list the components that can be used, or describe one", add_plugins);
  add("schema", "print the JSON Schema of experiments, for editors", add_schema);
  add("loss", "evaluate one loss on tensors from files", add_loss);
  add("model", "describe a model, or run it on an input from a file", add_model);
  add("eval", "evaluate a trained student on its test split", add_eval);
  add("inspect", "look at a trained student beside its teacher, sample by sample", add_inspect);
  add("soften", "show what temperature does to a model's predictions", add_soften);
  add("export", "write a trained student's weights as safetensors", add_export);
  add("bench", "measure where the time of a training step goes", add_bench);
  return commands;
}

// CLI11 says that an argument was not expected; for a misspelt command more can be said.
std::string unknown_command(const std::vector<Command>& commands, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.app->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return "";
  return "there is no command '" + std::string(argv[1]) + "'" + did_you_mean(argv[1], names) +
         " (commands: " + join(names) + ")";
}

int fail(const std::string& message, int code) {
  std::fprintf(stderr, "retort: error: %s\n", message.c_str());
  return code;
}

int run_action(const Action& action) {
  try {
    return action();
  } catch (const config::Rejected& rejected) {
    std::fprintf(stderr, "%s", rejected.what());
    return rejected.exit_code();
  } catch (const registry::ComponentError& error) {
    return fail(error.origin().text() + ": " + error.what(), error.users_fault() ? kUsage : kPluginFailed);
  } catch (const InvalidParameter& error) {
    return fail(error.what(), kUsage);
  } catch (const DataError& error) {
    return fail(error.what(), kUsage);
  } catch (const c10::Error& error) {
    return fail(error.what_without_backtrace(), kFailed);
  } catch (const std::exception& error) {
    return fail(error.what(), kFailed);
  }
}

int run_command_line(int argc, char** argv) {
  CLI::App app("Retort: knowledge distillation from a TOML file and a set of plugins.", "retort");
  app.set_version_flag("--version", RETORT_VERSION_STRING);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
      "Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 3 a plugin could not be used, 75 stopped and "
      "resumable.");
  const std::vector<Command> commands = add_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& request) {
    return app.exit(request);
  } catch (const CLI::CallForVersion& request) {
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_command(commands, argc, argv);
    const std::string hint =
        argc > 1 && unknown.empty() ? "; see 'retort " + std::string(argv[1]) + " --help'" : "; see 'retort --help'";
    return fail((unknown.empty() ? error.what() : unknown) + hint, kUsage);
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return run_action(command.action);
  }
  return kUsage;
}

}  // namespace
}  // namespace retort::app

int main(int argc, char** argv) {
  retort::app::keep_freed_memory();
  return retort::app::run_command_line(argc, argv);
}

#pragma once

#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

namespace retort::app {

// 0 done, 1 the run failed, 2 the user's input is wrong, 3 a plugin could not be used, 75 stopped and resumable
// (EX_TEMPFAIL of sysexits.h).
enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kPluginFailed = 3, kStopped = 75 };

// Each adds one command to the command line and says what running it does; the result is the exit code.
using Action = std::function<int()>;
Action add_run(CLI::App& app);
Action add_study(CLI::App& app);
Action add_compare(CLI::App& app);
Action add_report(CLI::App& app);
Action add_check(CLI::App& app);
Action add_graph(CLI::App& app);
Action add_config(CLI::App& app);
Action add_plugins(CLI::App& app);
Action add_schema(CLI::App& app);
Action add_loss(CLI::App& app);
Action add_model(CLI::App& app);
Action add_eval(CLI::App& app);
Action add_inspect(CLI::App& app);
Action add_soften(CLI::App& app);
Action add_export(CLI::App& app);
Action add_bench(CLI::App& app);

}  // namespace retort::app

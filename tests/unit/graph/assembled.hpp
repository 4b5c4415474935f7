#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <ATen/CPUGeneratorImpl.h>

#include "config/document.hpp"
#include "config/experiment_reader.hpp"
#include "graph/assembly.hpp"

namespace retort::graph {

class SilentServices final : public registry::Services {
 public:
  void log(registry::LogLevel, std::string_view, std::string_view) override {}
  void report(std::string_view, std::string_view, const at::Tensor&) override {}
  at::Generator generator() override { return at::detail::getDefaultCPUGenerator(); }
};

// Reads an experiment from its text and assembles its last stage from the plugins of the build tree.
class Assembled {
 public:
  explicit Assembled(const std::string& toml, std::int64_t seed = 1)
      : registry_(std::vector<std::filesystem::path>{RETORT_PLUGIN_FOLDER}) {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');  // of a parameter
    const auto file = std::filesystem::path(testing::TempDir()) / (name + ".toml");
    std::ofstream(file) << toml;
    const config::Node document = config::load_document(file, {}, diagnostics);
    const auto experiment = config::read_experiment(document, registry_, diagnostics);
    if (!experiment) return;
    graph = assemble(experiment->stages.back(), {registry_, services_, static_cast<std::uint64_t>(seed)}, diagnostics);
  }

  config::Diagnostics diagnostics;

 private:
  SilentServices services_;
  registry::Registry registry_;

 public:
  std::optional<TrainingGraph> graph;  // gone before the registry
};

}  // namespace retort::graph

#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../temporary_folder.hpp"
#include "config/document.hpp"
#include "config/experiment_reader.hpp"
#include "config/toml_reader.hpp"
#include "fake_catalog.hpp"

namespace retort::config {

// Works in an empty folder of its own, so that every origin in a message is a bare file name.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() { std::filesystem::current_path(folder_); }
  ~ConfigTest() override { std::filesystem::current_path(before_); }

  static void write(const std::filesystem::path& file, const std::string& text) {
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }

  // Loads what is expected to be right.
  static Node load(const std::filesystem::path& file, const Overrides& overrides = {}) {
    Diagnostics diagnostics;
    Node document = load_document(file, overrides, diagnostics);
    EXPECT_EQ(diagnostics.text(), "");
    return document;
  }

  // What is said about a file that is wrong.
  static std::string load_problems(const std::filesystem::path& file, const Overrides& overrides = {}) {
    Diagnostics diagnostics;
    load_document(file, overrides, diagnostics);
    return diagnostics.text();
  }

  // Loads and reads what is expected to be right; warnings are allowed.
  static ExperimentSpec read(const std::filesystem::path& file, const Overrides& overrides = {}) {
    Diagnostics diagnostics;
    auto spec = read_experiment(load(file, overrides), FakeCatalog(), diagnostics);
    EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
    return spec.value_or(ExperimentSpec());
  }

  // What is said about an experiment, warnings included.
  static std::string read_problems(const std::filesystem::path& file, const Overrides& overrides = {}) {
    Diagnostics diagnostics;
    const auto spec = read_experiment(load(file, overrides), FakeCatalog(), diagnostics);
    EXPECT_EQ(spec.has_value(), !diagnostics.failed());
    return diagnostics.text();
  }

  static std::filesystem::path fixture(const std::string& name) {
    return std::filesystem::path(RETORT_CONFIG_FIXTURES) / name;
  }

  const TemporaryFolder holder_;
  const std::filesystem::path folder_ = holder_.path();

 private:
  const std::filesystem::path before_ = std::filesystem::current_path();
};

// A table from text.
inline Node toml(const std::string& text, const std::string& source = "text.toml") {
  Diagnostics diagnostics;
  Node node = read_toml(text, source, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  return node;
}

}  // namespace retort::config

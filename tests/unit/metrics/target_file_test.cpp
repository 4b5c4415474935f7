#include "metrics/target_file.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../temporary_folder.hpp"

namespace retort::metrics {
namespace {

TEST(TargetFile, ListsTheRunWhileItLives) {
  const TemporaryFolder folder;
  const auto path = folder / "targets" / "run.json";
  {
    const TargetFile target(path, "http://[::1]:9464/metrics");
    EXPECT_EQ(nlohmann::json::parse(file_text(path)), nlohmann::json::parse(R"([{"targets": ["[::1]:9464"]}])"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace retort::metrics

#include "registry/registry.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "registry/abi_stamp.hpp"

namespace retort::registry {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const fs::path kPlugins = RETORT_PLUGIN_FOLDER;

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  // Puts a copy of a built plugin into the test's folder.
  fs::path copy(const std::string& plugin, const std::string& subfolder = "") {
    fs::create_directories(folder_ / subfolder);
    for (const char* ending : {".so", ".plugin.toml"}) {
      const std::string file = fs::path(plugin).filename().string() + ending;
      fs::copy_file(kPlugins / (plugin + ending), folder_ / subfolder / file, fs::copy_options::overwrite_existing);
    }
    return folder_ / subfolder / (fs::path(plugin).filename().string() + ".so");
  }
  static config::ComponentSpec loss(const std::string& name) {
    return {.kind = Kind::Loss, .key = "loss.test", .use = {name, {"test.toml", 3, 7}}};
  }

  fs::path folder_;
};

TEST_F(RegistryTest, FindsComponentsByTheirManifestsWithoutLoading) {
  const Registry registry(std::vector{kPlugins});
  config::Diagnostics diagnostics;
  const Descriptor* descriptor = registry.find(loss("kl_divergence"), diagnostics);
  ASSERT_NE(descriptor, nullptr) << diagnostics.text();
  const ParamSpec& temperature = descriptor->params.at(0);
  EXPECT_EQ(temperature.name, "temperature");
  EXPECT_TRUE(temperature.scheduled);
  EXPECT_TRUE(temperature.range.infinite);
  EXPECT_EQ(temperature.range.min, 0);
  EXPECT_FALSE(descriptor->params.at(1).scheduled);
  EXPECT_TRUE(registry.loaded().empty());
}

TEST_F(RegistryTest, SuggestsTheNearestNameAtItsPlace) {
  const Registry registry(std::vector{kPlugins});
  config::Diagnostics diagnostics;
  EXPECT_EQ(registry.find(loss("kl_divergance"), diagnostics), nullptr);
  EXPECT_THAT(diagnostics.text(), HasSubstr("test.toml:3:7"));
  EXPECT_THAT(diagnostics.text(), HasSubstr("did you mean 'kl_divergence'?"));
  EXPECT_EQ(diagnostics.exit_code(), 2);
}

TEST_F(RegistryTest, TwoPluginsWithOneNameAreNamedBoth) {
  copy("losses/mse_logits", "a");
  copy("losses/mse_logits", "b");
  const Registry registry(std::vector{folder_});
  config::Diagnostics diagnostics;
  EXPECT_EQ(registry.find(loss("mse_logits"), diagnostics), nullptr);
  EXPECT_THAT(diagnostics.text(), HasSubstr((folder_ / "a" / "mse_logits.so").string()));
  EXPECT_THAT(diagnostics.text(), HasSubstr((folder_ / "b" / "mse_logits.so").string()));
  EXPECT_EQ(diagnostics.exit_code(), 3);
}

TEST_F(RegistryTest, OverlappingFoldersAreNoDuplicates) {
  copy("losses/mse_logits", "a");
  const Registry registry(std::vector{folder_, folder_ / "a"});
  config::Diagnostics diagnostics;
  EXPECT_NE(registry.find(loss("mse_logits"), diagnostics), nullptr) << diagnostics.text();
}

TEST_F(RegistryTest, AChangedLibraryIsStale) {
  const fs::path library = copy("losses/mse_logits");
  std::ofstream(library, std::ios::app) << "one byte more";
  const Registry registry(std::vector{folder_});
  config::Diagnostics diagnostics;
  EXPECT_EQ(registry.find(loss("mse_logits"), diagnostics), nullptr);
  EXPECT_THAT(diagnostics.text(), HasSubstr("not the library its manifest describes"));
  EXPECT_EQ(diagnostics.exit_code(), 3);
}

TEST_F(RegistryTest, ALibraryWithoutManifestIsListedWithTheReason) {
  const fs::path library = copy("losses/mse_logits");
  fs::remove(folder_ / "mse_logits.plugin.toml");
  const Registry registry(std::vector{folder_});
  ASSERT_EQ(registry.plugins().size(), 1u);
  EXPECT_THAT(registry.check(registry.plugins()[0]), HasSubstr("has no manifest"));
}

TEST_F(RegistryTest, ABrokenManifestIsListedWithTheReason) {
  copy("losses/mse_logits");
  std::ofstream(folder_ / "mse_logits.plugin.toml") << "format = 99\n";
  const Registry registry(std::vector{folder_});
  ASSERT_EQ(registry.plugins().size(), 1u);
  EXPECT_THAT(registry.check(registry.plugins()[0]), HasSubstr("format 99"));
}

TEST_F(RegistryTest, AnObjectOutlivesTheRegistryThatMadeIt) {
  class NoServices final : public Services {
   public:
    void log(LogLevel, std::string_view, std::string_view) override {}
    void report(std::string_view, std::string_view, const at::Tensor&) override {}
    at::Generator generator() override { return {}; }
  } services;
  std::shared_ptr<Loss> object;
  torch::Tensor value;
  const torch::Tensor student = torch::randn({4, 3}).requires_grad_();
  {
    Registry registry(std::vector{kPlugins});
    object = registry.make_loss(loss("kl_divergence"), services);
    EXPECT_EQ(registry.loaded().size(), 1u);
    EXPECT_EQ(registry.created().at(0).name, "kl_divergence");
  }
  value = object->forward({.student = Features({student}), .teacher = Features({torch::randn({4, 3})})});
  object.reset();
  value.backward();  // the autograd graph may still point into the plugin
  EXPECT_TRUE(student.grad().defined());
}

TEST_F(RegistryTest, NamedLibraryIsLookedIntoAlone) {
  const fs::path library = copy("losses/mse_logits");
  const Registry registry(std::vector<fs::path>{});
  config::Diagnostics diagnostics;
  config::ComponentSpec spec = loss("mse_logits");
  spec.library = {{library, {"test.toml", 4, 1}}};
  EXPECT_NE(registry.find(spec, diagnostics), nullptr) << diagnostics.text();
  spec.use.value = "kl_divergence";
  EXPECT_EQ(registry.find(spec, diagnostics), nullptr);
  EXPECT_THAT(diagnostics.text(), HasSubstr("available: mse_logits"));
}

}  // namespace
}  // namespace retort::registry

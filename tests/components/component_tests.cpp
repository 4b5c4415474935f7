#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <retort/testing.hpp>

namespace {

using retort::Kind;
using retort::testing::Failures;

// A component without its function does not compile.
static_assert(std::is_abstract_v<retort::Loss> && std::is_abstract_v<retort::Projector> &&
              std::is_abstract_v<retort::Normalization> && std::is_abstract_v<retort::Model> &&
              std::is_abstract_v<retort::Dataset>);

struct Case {
  std::filesystem::path library;
  Kind kind = Kind::Loss;
  std::string component;
  std::string problem;  // of a library that could not be loaded
};

std::string name_of(const Case& c) {
  return c.component.empty() ? c.library.stem().string() : std::string(retort::kind_name(c.kind)) + "_" + c.component;
}

void PrintTo(const Case& c, std::ostream* out) {
  *out << name_of(c);
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = name_of(info.param);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

std::vector<Case> cases() {
  std::vector<Case> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(RETORT_PLUGINS)) {
    // NAME.cuda.so holds kernels of a plugin.
    if (entry.path().extension() != ".so" || entry.path().stem().extension() == ".cuda") continue;
    try {
      const retort::testing::Plugin plugin(entry.path());
      for (const auto& component : plugin.manifest().components) {
        found.push_back({entry.path(), component.descriptor.kind, component.descriptor.name, ""});
      }
    } catch (const std::exception& error) {
      found.push_back({.library = entry.path(), .problem = error.what()});
    }
  }
  std::sort(found.begin(), found.end(), [](const Case& a, const Case& b) { return a.library < b.library; });
  return found;
}

Failures check(const retort::testing::Plugin& plugin, Kind kind, const std::string& name) {
  switch (kind) {
    case Kind::Loss:
      return retort::testing::check_loss(plugin, name);
    case Kind::Projector:
      return retort::testing::check_projector(plugin, name);
    case Kind::Normalization:
      return retort::testing::check_normalization(plugin, name);
    case Kind::Model:
      return retort::testing::check_model(plugin, name);
    case Kind::Dataset:
      return retort::testing::check_dataset(plugin, name);
  }
  return {"unknown kind"};
}

class EveryComponent : public ::testing::TestWithParam<Case> {};

TEST_P(EveryComponent, KeepsItsContract) {
  ASSERT_EQ(GetParam().problem, "");
  const retort::testing::Plugin plugin(GetParam().library);
  EXPECT_THAT(check(plugin, GetParam().kind, GetParam().component), ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, EveryComponent, ::testing::ValuesIn(cases()), case_name);

TEST(AllComponents, AreDocumented) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(name_of(c));
    ASSERT_EQ(c.problem, "");
    const retort::testing::Plugin plugin(c.library);
    const auto& descriptor = plugin.component(c.kind, c.component).descriptor;
    EXPECT_TRUE(descriptor.summary.ends_with('.')) << descriptor.summary;
    EXPECT_THAT(descriptor.version, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
    for (const retort::ParamSpec& param : descriptor.params) {
      EXPECT_TRUE(param.doc.ends_with('.')) << param.name << ": " << param.doc;
    }
  }
}

}  // namespace

#include "run/bench_variants.hpp"

#include <gmock/gmock.h>

namespace retort::run {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ParamSpec boolean(const std::string& name, bool fallback) {
  return {.name = name, .type = ParamType::Boolean, .fallback = Value(fallback)};
}

std::vector<ParamSpec> engine_keys(std::vector<ParamSpec> fields) {
  return {{.name = "run", .type = ParamType::Table, .fields = {boolean("resumable", true)}},
          {.name = "engine", .type = ParamType::Table, .fields = std::move(fields)}};
}

config::Node table(std::vector<std::pair<std::string, config::Node>> content) {
  config::Node::Entries entries;
  for (auto& [key, node] : content) entries.push_back({key, {}, std::move(node)});
  return {std::move(entries), {}};
}

std::vector<std::string> names(const std::vector<BenchVariant>& variants) {
  std::vector<std::string> result;
  for (const BenchVariant& variant : variants) result.push_back(variant.name);
  return result;
}

TEST(PassVariants, SwitchEachPassOffThenAll) {
  const auto variants = pass_variants(engine_keys({boolean("fold", true), boolean("layout", true)}), table({}));
  ASSERT_THAT(names(variants), ElementsAre("all", "without fold", "without layout", "none"));
  EXPECT_THAT(variants[0].set, IsEmpty());
  EXPECT_THAT(variants[1].set, ElementsAre("engine.fold=false"));
  EXPECT_THAT(variants[3].set, ElementsAre("engine.fold=false", "engine.layout=false"));
}

TEST(PassVariants, LeaveAloneWhatIsOffOrNoSwitch) {
  const auto keys = engine_keys({boolean("fold", true),
                                 boolean("layout", true),
                                 boolean("cache", false),
                                 {.name = "threads", .type = ParamType::Integer, .fallback = Value(1)}});
  const auto experiment = table({{"engine", table({{"fold", config::Node(Value(false), {})}})}});
  EXPECT_THAT(names(pass_variants(keys, experiment)), ElementsAre("all", "without layout"));
}

TEST(PassVariants, AreJustAllWhereThereAreNoPasses) {
  EXPECT_THAT(names(pass_variants({}, table({}))), ElementsAre("all"));
  EXPECT_THAT(names(pass_variants(engine_keys({}), table({}))), ElementsAre("all"));
}

}  // namespace
}  // namespace retort::run

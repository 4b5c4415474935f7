#include "config/schema.hpp"

#include <gtest/gtest.h>

#include "config/keys.hpp"
#include "fake_catalog.hpp"

namespace retort::config {
namespace {

using nlohmann::json;

json schema() {
  return experiment_schema(FakeCatalog().components());
}

// The form of a component's table that `use` names.
json form(const json& definition, const std::string& use) {
  for (const json& candidate : definition["anyOf"]) {
    const json named = {use};
    if (candidate["properties"].contains("use") && candidate["properties"]["use"].value("enum", json()) == named) {
      return candidate;
    }
  }
  return nullptr;
}

TEST(Schema, DescribesTheHostsTables) {
  const json root = schema();
  EXPECT_EQ(root["$schema"], "http://json-schema.org/draft-04/schema#");
  EXPECT_EQ(root["additionalProperties"], false);
  const json& seed = root["properties"]["run"]["properties"]["seed"];
  EXPECT_EQ(seed["type"], "integer");
  EXPECT_EQ(seed["minimum"], 0);
  EXPECT_EQ(seed["default"], 1);
  EXPECT_EQ(seed["description"], "Seed of every generator of the run.");
  EXPECT_EQ(root["properties"]["run"]["properties"]["precision"]["enum"], json({"float32", "bfloat16"}));
  const json& momentum = root["properties"]["optimizer"]["properties"]["momentum"];
  EXPECT_EQ(momentum["maximum"], 1);
  EXPECT_EQ(momentum["exclusiveMaximum"], true);
  EXPECT_EQ(root["properties"]["extends"]["anyOf"].size(), 2u);
}

TEST(Schema, HasEveryTopLevelKeyOfTheHost) {
  const json root = schema();
  std::set<std::string> expected{"extends", "unset"};
  for (const ParamSpec& spec : experiment_keys()) expected.insert(spec.name);
  std::set<std::string> found;
  for (const auto& [key, value] : root["properties"].items()) found.insert(key);
  EXPECT_EQ(found, expected);
}

TEST(Schema, ComponentsAreToldApartByUse) {
  const json root = schema();
  EXPECT_EQ(root["properties"]["student"]["$ref"], "#/definitions/student");
  EXPECT_EQ(root["properties"]["loss"]["additionalProperties"]["$ref"], "#/definitions/loss");
  const json& loss = root["definitions"]["loss"];
  const json kl = form(loss, "kl_divergence");
  EXPECT_EQ(kl["properties"]["temperature"]["minimum"], 0);
  EXPECT_EQ(kl["properties"]["temperature"]["exclusiveMinimum"], true);
  EXPECT_EQ(kl["properties"]["temperature"]["default"], 4.0);
  EXPECT_TRUE(kl["properties"].contains("weight"));
  EXPECT_EQ(kl["additionalProperties"], false);
  EXPECT_EQ(kl["required"], json({"use"}));
  EXPECT_EQ(form(loss, "linear"), nullptr);
  EXPECT_TRUE(form(root["definitions"]["projector"], "linear")["properties"].contains("bias"));
  EXPECT_FALSE(form(root["definitions"]["student"], "mlp")["properties"].contains("training"));
  EXPECT_TRUE(form(root["definitions"]["teacher"], "mlp")["properties"].contains("training"));
}

TEST(Schema, EveryReferenceLeadsToADefinition) {
  const json root = schema();
  int references = 0;
  const auto visit = [&](const auto& self, const json& node) -> void {
    if (node.is_object() && node.contains("$ref")) {
      ++references;
      const std::string target = node["$ref"];
      EXPECT_TRUE(root["definitions"].contains(target.substr(std::string("#/definitions/").size()))) << target;
    }
    if (node.is_structured()) {
      for (const json& child : node) self(self, child);
    }
  };
  visit(visit, root);
  EXPECT_GT(references, 10);
}

}  // namespace
}  // namespace retort::config

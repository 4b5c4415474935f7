#include "study/spared_work.hpp"

#include <gmock/gmock.h>

namespace retort::study {
namespace {

using Json = nlohmann::ordered_json;

TEST(SparedWork, IsTheSumOverStages) {
  SparedWork work;
  work.add(Json::parse(R"([{"stage": "a", "logit_cache": null}, {"stage": "b"},
                           {"stage": "c", "logit_cache": {"hits": 20, "misses": 10, "spared": 0.667}}])"));
  work.add(Json::parse(R"([{"stage": "c", "logit_cache": {"hits": 10, "misses": 0, "spared": 1.0}}])"));
  EXPECT_TRUE(work.any());
  EXPECT_EQ(work.sentence(), "the logit cache spared 30 of 40 teacher forward passes (75.0 %)");
  EXPECT_EQ(work.json(), (Json{{"hits", 30}, {"misses", 10}, {"spared", 0.75}}));
}

TEST(SparedWork, WithoutACacheThereIsNone) {
  SparedWork work;
  work.add(Json::parse(R"([{"stage": "a", "logit_cache": null}])"));
  work.add(Json::array());
  EXPECT_FALSE(work.any());
  EXPECT_TRUE(work.json().is_null());
}

}  // namespace
}  // namespace retort::study

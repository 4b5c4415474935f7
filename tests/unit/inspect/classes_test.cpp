#include "inspect/classes.hpp"

#include <gmock/gmock.h>

#include <retort/error.hpp>

namespace retort::inspect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const DatasetInfo kNamed{.classes = 4, .names = {"apple", "aquarium fish", "baby", "bear"}};
const DatasetInfo kUnnamed{.classes = 30};
// As digits could be named: a name wins over a number.
const DatasetInfo kShifted{.classes = 3, .names = {"1", "2", "3"}};

std::string error_of(const DatasetInfo& data, const std::vector<std::string>& words) {
  try {
    find_three_classes(data, words);
  } catch (const InvalidParameter& error) {
    return error.what();
  }
  return "";
}

TEST(Classes, AreFoundByNameOrNumber) {
  EXPECT_THAT(find_three_classes(kNamed, {"baby", "aquarium fish", "0"}), ElementsAre(2, 1, 0));
  EXPECT_THAT(find_three_classes(kUnnamed, {"29", "0", "7"}), ElementsAre(29, 0, 7));
  EXPECT_THAT(find_three_classes(kShifted, {"1", "2", "3"}), ElementsAre(0, 1, 2));
  EXPECT_EQ(class_name(kNamed, 1), "aquarium fish");
  EXPECT_EQ(class_name(kUnnamed, 1), "1");
}

TEST(Classes, UnknownOnesAreRefusedWithTheNearestName) {
  EXPECT_THAT(error_of(kNamed, {"appel", "baby", "bear"}), HasSubstr("no class \"appel\"; did you mean 'apple'?"));
  EXPECT_THAT(error_of(kNamed, {"4", "0", "1"}),
              HasSubstr("expected a number from 0 to 3, or a name: apple, aquarium fish, baby, bear"));
  for (const char* word : {"-1", "30", "7x", "", "1.0"}) {
    EXPECT_THAT(error_of(kUnnamed, {word, "0", "1"}), HasSubstr("there is no class")) << word;
  }
}

TEST(Classes, ThreeDifferentOnesAreNeeded) {
  EXPECT_THAT(error_of(kNamed, {"apple", "baby"}), HasSubstr("three classes span a plane, found 2: apple, baby"));
  EXPECT_THAT(error_of(kNamed, {"0", "1", "2", "3"}), HasSubstr("found 4"));
  EXPECT_THAT(error_of(kNamed, {"apple", "baby", "0"}), HasSubstr("three different classes"));
}

}  // namespace
}  // namespace retort::inspect

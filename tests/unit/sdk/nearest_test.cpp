#include <gtest/gtest.h>
#include <retort/nearest.hpp>

namespace retort {
namespace {

const std::vector<std::string> kNames{"temperature", "scale_by_t2", "alpha", "eps"};

TEST(Nearest, FindsOneEdit) {
  EXPECT_EQ(nearest("temprature", kNames), "temperature");    // missing
  EXPECT_EQ(nearest("temperatuure", kNames), "temperature");  // doubled
  EXPECT_EQ(nearest("alpga", kNames), "alpha");               // replaced
  EXPECT_EQ(nearest("aplha", kNames), "alpha");               // swapped
}

TEST(Nearest, AllowsAThirdOfTheLength) {
  EXPECT_EQ(nearest("temperaxxx", kNames), "");
  EXPECT_EQ(nearest("tempratuer", kNames), "temperature");
  EXPECT_EQ(nearest("weight", kNames), "");
}

TEST(Nearest, AllowsOneEditInShortWords) {
  EXPECT_EQ(nearest("ep", kNames), "eps");
  EXPECT_EQ(nearest("e", kNames), "");
}

TEST(Nearest, PrefersTheNearer) {
  EXPECT_EQ(nearest("aaac", std::vector<std::string>{"aabb", "aaab"}), "aaab");
}

TEST(Nearest, GivesNothingForNothing) {
  EXPECT_EQ(nearest("alpha", {}), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest(std::string(1000, 'a'), std::vector{std::string(1000, 'a')}), "");  // too long to compare
}

TEST(DidYouMean, EndsAMessage) {
  EXPECT_EQ(did_you_mean("alfa", std::vector<std::string>{"alfb"}), "; did you mean 'alfb'?");
  EXPECT_EQ(did_you_mean("weight", kNames), "");
}

TEST(Join, PutsSeparatorsBetween) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(join(std::vector<std::string>{"a", "b"}), "a, b");
  EXPECT_EQ(join(std::vector<std::string>{"a", "b"}, " or "), "a or b");
}

}  // namespace
}  // namespace retort

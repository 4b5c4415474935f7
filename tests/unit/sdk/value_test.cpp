#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <retort/param.hpp>

namespace retort {
namespace {

TEST(Value, HoldsWhatItWasMadeFrom) {
  EXPECT_TRUE(Value(true).is<bool>());
  EXPECT_TRUE(Value(3).is<std::int64_t>());
  EXPECT_TRUE(Value(3.0).is<double>());
  EXPECT_TRUE(Value("three").is<std::string>());
  EXPECT_TRUE(Value(List{}).is<List>());
  EXPECT_TRUE(Value(Table{}).is<Table>());
  EXPECT_THROW(Value(3).as<double>(), std::bad_variant_access);
}

TEST(Value, IsANumberWhenIntegerOrDouble) {
  EXPECT_EQ(Value(3).number(), 3.0);
  EXPECT_EQ(Value(0.5).number(), 0.5);
  EXPECT_FALSE(Value(true).is_number());
}

TEST(Value, DistinguishesIntegersFromDoubles) {
  EXPECT_EQ(Value(3), Value(3));
  EXPECT_FALSE(Value(3) == Value(3.0));
}

TEST(ToToml, WritesNumbersAsTheirShortestText) {
  EXPECT_EQ(to_toml(0.1), "0.1");
  EXPECT_EQ(to_toml(4.0), "4.0");
  EXPECT_EQ(to_toml(1e-5), "1e-05");
  EXPECT_EQ(to_toml(-7), "-7");
  EXPECT_EQ(to_toml(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(to_toml(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(to_toml(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(to_toml(std::nan("")), "nan");
}

TEST(ToToml, EscapesStrings) {
  EXPECT_EQ(to_toml("a \"b\" \\ c"), R"("a \"b\" \\ c")");
  EXPECT_EQ(to_toml("line\nnext\ttab"), R"("line\nnext\ttab")");
  EXPECT_EQ(to_toml(std::string("\x01\x7f")), R"("\u0001\u007F")");
  EXPECT_EQ(to_toml("µ"), "\"µ\"");
}

TEST(ToToml, NestsListsAndTables) {
  EXPECT_EQ(to_toml(List{1, "a", List{}}), "[1, \"a\", []]");
  EXPECT_EQ(to_toml(Table{}), "{}");
  EXPECT_EQ(to_toml(Table{{"plain-key_1", true}, {"a key", Table{{"x", 1.5}}}}),
            "{ \"a key\" = { x = 1.5 }, plain-key_1 = true }");
}

}  // namespace
}  // namespace retort

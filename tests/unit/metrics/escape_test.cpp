#include "metrics/escape.hpp"

#include <gtest/gtest.h>

namespace retort::metrics {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(ValidUtf8, KeepsValidText) {
  for (const std::string text :
       {"", "loss", "a\nb\"c\\d", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(ValidUtf8, ReplacesEveryByteThatIsNotPartOfACharacter) {
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a" + kReplacement + "b");
  EXPECT_EQ(valid_utf8("\x80"), kReplacement) << "a lone continuation byte";
  EXPECT_EQ(valid_utf8("\xE2\x82"), kReplacement + kReplacement) << "a character cut off";
  EXPECT_EQ(valid_utf8("\xC0\xAF"), kReplacement + kReplacement) << "an overlong slash";
  EXPECT_EQ(valid_utf8("\xE0\x80\xAF"), kReplacement + kReplacement + kReplacement) << "an overlong slash";
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), kReplacement + kReplacement + kReplacement) << "a surrogate";
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), kReplacement + kReplacement + kReplacement + kReplacement)
      << "beyond U+10FFFF";
  EXPECT_EQ(valid_utf8("\xE2"
                       "a"),
            kReplacement + "a");
  EXPECT_EQ(valid_utf8(std::string("a\0b", 3)), "a" + kReplacement + "b");
}

TEST(EscapedHelp, CannotBeginANewLine) {
  EXPECT_EQ(escaped_help("one\ntwo \\ three\xFF"), "one\\ntwo \\\\ three" + kReplacement);
}

}  // namespace
}  // namespace retort::metrics

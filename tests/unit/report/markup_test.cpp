#include "report/markup.hpp"

#include <gtest/gtest.h>

#include "report/drawing.hpp"
#include "report/pieces.hpp"

namespace retort::report {
namespace {

TEST(Markup, NothingOfAUserBecomesMarkup) {
  EXPECT_EQ(escaped("<script>alert(\"a\" & 'b')</script>"),
            "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;");
}

TEST(Markup, WhatNoPageMayContainIsReplaced) {
  EXPECT_EQ(escaped("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(escaped("a\x01\x1B[0m"), "a\xEF\xBF\xBD\xEF\xBF\xBD[0m");
  EXPECT_EQ(escaped("line\n\tnext ü"), "line\n\tnext ü");
}

TEST(Markup, AttributesAreEscaped) {
  EXPECT_EQ(element("a", {{"title", "\"><b>"}}, "text"), "<a title=\"&quot;&gt;&lt;b&gt;\">text</a>");
  EXPECT_EQ(element("rect", {{"x", "1"}}), "<rect x=\"1\"/>");
}

TEST(Markup, CoordinatesAreShort) {
  EXPECT_EQ(coordinate(1.0), "1");
  EXPECT_EQ(coordinate(1.26), "1.3");
  EXPECT_EQ(coordinate(-0.01), "0");
}

TEST(Drawing, LongNamesAreCutBetweenCharacters) {
  const std::string cut = elided("äöüäöüäöüäöü", 60.0);
  EXPECT_EQ(cut, "äöüä…äöü");
  EXPECT_LE(text_width(cut), 60.0);
  EXPECT_EQ(escaped(cut), cut);  // valid UTF-8
  EXPECT_EQ(elided("short", 60.0), "short");
  EXPECT_EQ(elided("anything", 0.0), "…");
}

TEST(Pieces, WhatIsEmptyIsLeftOut) {
  EXPECT_EQ(figure("title", ""), "");
  EXPECT_EQ(gallery({"", ""}), "");
  EXPECT_EQ(table({.heads = {"a"}}), "");
  EXPECT_EQ(facts({{"name", ""}}), "");
}

TEST(Pieces, CellsAreTextUnlessTheySayOtherwise) {
  EXPECT_NE(table({.heads = {"a"}, .rows = {{"<b>"}}}).find("&lt;b&gt;"), std::string::npos);
  EXPECT_NE(table({.heads = {"a"}, .rows = {{"<b>"}}, .cells_are_markup = true}).find("><b><"), std::string::npos);
}

}  // namespace
}  // namespace retort::report

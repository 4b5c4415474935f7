#include "config/node.hpp"

#include <retort/error.hpp>

#include "config/key_path.hpp"
#include "config_test.hpp"

namespace retort::config {
namespace {

TEST(Node, IsFoundByPath) {
  const Node node = toml("a.b = 1\nlist = [1, { x = 'y' }]\n'dotted.key'.z = true\n");
  EXPECT_EQ(node.at_path("a.b")->scalar(), Value(1));
  EXPECT_EQ(node.at_path("list[1].x")->scalar(), Value("y"));
  EXPECT_EQ(node.at_path("\"dotted.key\".z")->scalar(), Value(true));
  EXPECT_EQ(node.at_path("'dotted.key'.z")->scalar(), Value(true));
  for (const char* missing : {"b", "a.c", "a.b.c", "a[0]", "list[2]", "list.x"}) {
    EXPECT_EQ(node.at_path(missing), nullptr) << missing;
  }
}

TEST(Node, ReplacesInPlaceAndAddsAtTheEnd) {
  Node node = toml("a = 1\nb = 2\n");
  node.set("a", {"here"}, Node(Value(3), {"here"}));
  node.set("c", {"here"}, Node(Value(4), {"here"}));
  EXPECT_EQ(node.entries()[0].key_origin.text(), "here");
  EXPECT_EQ(node.entries()[2].key, "c");
  EXPECT_EQ(node.value(), Value(Table{{"a", 3}, {"b", 2}, {"c", 4}}));
  EXPECT_TRUE(node.erase("b"));
  EXPECT_FALSE(node.erase("b"));
  EXPECT_EQ(node.value(), Value(Table{{"a", 3}, {"c", 4}}));
}

TEST(KeyPath, ReadsQuotedPartsAndIndices) {
  EXPECT_EQ(parse_key_path(R"(a."b.\"c"[10].'d e')"), (KeyPath{"a", "b.\"c", std::size_t{10}, "d e"}));
}

TEST(KeyPath, SaysWhereItIsMalformed) {
  const auto problem = [](const std::string& path) -> std::string {
    try {
      parse_key_path(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(problem(""), "expected a key at character 1 of the key");
  EXPECT_EQ(problem("a..b"), "expected a key at character 3 of the key");
  EXPECT_EQ(problem("a b"), "expected '.', '[' or the end at character 2 of the key");
  EXPECT_EQ(problem("a[x]"), "expected an index at character 3 of the key");
  EXPECT_EQ(problem("a[-1]"), "expected an index at character 3 of the key");
  EXPECT_EQ(problem("a[99999999999999999999]"), "expected an index at character 3 of the key");
  EXPECT_EQ(problem("a[1"), "expected ']' at character 4 of the key");
  EXPECT_EQ(problem("a.\"b"), "expected a closing \" at character 5 of the key");
  EXPECT_EQ(problem("a.\"\""), "expected a key that is not empty at character 5 of the key");
}

TEST(KeyPath, HasALimitedDepth) {
  std::string path = "a";
  for (int i = 1; i < 64; ++i) path += ".a";
  EXPECT_EQ(parse_key_path(path).size(), 64u);
  EXPECT_THROW(parse_key_path(path + ".a"), Error);
  EXPECT_THROW(parse_key_path(path + "[0]"), Error);
}

TEST(KeyPath, EndsAtTheFirstEqualsOutsideQuotes) {
  EXPECT_EQ(path_before_equals("a.b=c=d"), "a.b");
  EXPECT_EQ(path_before_equals(R"(a."x=\"=y".'='=1)"), R"(a."x=\"=y".'=')");
  EXPECT_EQ(path_before_equals("a.b"), "a.b");
}

}  // namespace
}  // namespace retort::config

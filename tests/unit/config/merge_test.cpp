#include "config/merge.hpp"

#include <random>

#include "config_test.hpp"

namespace retort::config {
namespace {

std::string keys(const Node& table) {
  std::string text;
  for (const Node::Entry& entry : table.entries()) text += entry.key + " ";
  return text;
}

TEST(Merge, LaysTablesOverEachOtherAndReplacesTheRest) {
  const Node base = toml("[t]\na = 1\nlist = [1, 2]\n[t.deep]\nx = 1\n[only_base]\n", "base.toml");
  const Node over = toml("[new]\n[t]\nlist = [3]\nb = 2\ndeep = { y = 2 }\n", "over.toml");
  const Node merged = merge(base, over);
  EXPECT_EQ(merged.value(),
            toml("[t]\na = 1\nlist = [3]\nb = 2\ndeep = { x = 1, y = 2 }\n[only_base]\n[new]\n").value());
  EXPECT_EQ(keys(merged), "t only_base new ");
  EXPECT_EQ(merged.at_path("t.a")->origin().text(), "base.toml:2:5");
  EXPECT_EQ(merged.at_path("t.list")->origin().text(), "over.toml:3:8");
  EXPECT_EQ(merged.at_path("t")->origin().text(), "over.toml:2:1");
  EXPECT_EQ(merged.at_path("t.deep.x")->origin().text(), "base.toml:5:5");
}

TEST(Merge, ATableAndAnythingElseReplaceEachOther) {
  EXPECT_EQ(merge(toml("a = 1"), toml("a = { b = 1 }")).value(), toml("a = { b = 1 }").value());
  EXPECT_EQ(merge(toml("a = { b = 1 }"), toml("a = 1")).value(), toml("a = 1").value());
}

// A tree of random shape over few keys, so that trees meet. With `consistent`, a key holds a table in all trees or in
// none.
Node random_table(std::mt19937& generator, int depth, bool consistent = false) {
  Node table(Node::Entries{}, {"random"});
  for (const std::string key : {"a", "b", "c", "d"}) {
    if (generator() % 4 == 0) continue;
    const bool below = depth > 0 && (consistent ? key < "c" : generator() % 2 == 0);
    const Node number(Value(static_cast<int>(generator() % 100)), {});
    table.set(key, {}, below ? random_table(generator, depth - 1, consistent) : number);
  }
  return table;
}

TEST(Merge, HasANeutralElementAndKeepsLastWordsAndIsIdempotent) {
  std::mt19937 generator(1);
  const Node empty(Node::Entries{}, {});
  for (int i = 0; i < 100; ++i) {
    const Node a = random_table(generator, 3);
    const Node b = random_table(generator, 3);
    EXPECT_EQ(merge(a, empty).value(), a.value());
    EXPECT_EQ(merge(empty, a).value(), a.value());
    EXPECT_EQ(merge(a, a).value(), a.value());
    EXPECT_EQ(merge(merge(a, b), b).value(), merge(a, b).value());
  }
}

// Where a number replaces a table, what the table held is forgotten: only then does the grouping matter.
TEST(Merge, IsAssociativeWhereTablesStayTables) {
  std::mt19937 generator(2);
  for (int i = 0; i < 100; ++i) {
    const Node a = random_table(generator, 2, true);
    const Node b = random_table(generator, 2, true);
    const Node c = random_table(generator, 2, true);
    EXPECT_EQ(merge(merge(a, b), c).value(), merge(a, merge(b, c)).value());
  }
}

TEST(Unset, DropsAKeyOrNamesTheNearest) {
  Node document = toml("[optimizer]\nmomentum = 0.9\nlr = 1\n[a]\nlist = [{ x = 1 }]\n");
  Diagnostics diagnostics;
  unset(document, "optimizer.momentum", {"u1"}, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  EXPECT_EQ(document.at_path("optimizer")->value(), Value(Table{{"lr", 1}}));
  unset(document, "optimiser.lr", {"u2"}, diagnostics);
  unset(document, "optimizer.lrr", {"u3"}, diagnostics);
  unset(document, "optimizer.lr.x", {"u4"}, diagnostics);
  unset(document, "a.list[0].x", {"u5"}, diagnostics);
  unset(document, "a..b", {"u6"}, diagnostics);
  EXPECT_EQ(diagnostics.text(),
            "u2: error: cannot unset optimiser.lr: there is no key 'optimiser'; did you mean 'optimizer'?\n"
            "u3: error: cannot unset optimizer.lrr: there is no key 'lrr' in optimizer; did you mean 'lr'?\n"
            "u4: error: cannot unset optimizer.lr.x: there is no key 'x' in optimizer.lr\n"
            "u5: error: cannot unset a.list[0].x: an item of a list cannot be dropped\n"
            "u6: error: cannot unset 'a..b': expected a key at character 3 of the key\n");
}

}  // namespace
}  // namespace retort::config

#include "config/toml_text.hpp"

#include <random>

#include "config_test.hpp"

namespace retort::config {
namespace {

using TomlText = ConfigTest;

TEST_F(TomlText, WritesSectionsAndInlineTablesInLists) {
  const Node node = toml(
      "b = { x = 1, deep = { y = 0.1 } }\na = 5e-4\nlist = [{ k = 'v', 'odd key' = [] }, 1.0]\n[empty]\n[c.d.e]\nz = "
      "true\n");
  EXPECT_EQ(toml_text(node),
            "a = 5e-04\n"
            "list = [{ k = \"v\", \"odd key\" = [] }, 1.0]\n"
            "\n[b]\n"
            "x = 1\n"
            "\n[b.deep]\n"
            "y = 0.1\n"
            "\n[empty]\n"
            "\n[c.d.e]\n"
            "z = true\n");
}

TEST_F(TomlText, ShowsWhereValuesComeFrom) {
  write("a.toml", "[run]\nseed = 1\nname = 'x'\n");
  EXPECT_EQ(toml_text(load("a.toml", {.set = {"run.name=longer"}}), {.origins = true}),
            "[run]\n"
            "seed = 1         # a.toml:2:8\n"
            "name = \"longer\"  # --set #1\n");
}

// Same values, and tables in the same order.
void expect_same(const Node& a, const Node& b) {
  EXPECT_EQ(a.value(), b.value());
  const auto tables = [](const Node& table) {
    std::vector<std::string> names;
    for (const Node::Entry& entry : table.entries()) {
      if (entry.value.is_table()) names.push_back(entry.key);
    }
    return names;
  };
  ASSERT_EQ(tables(a), tables(b));
  for (const std::string& name : tables(a)) expect_same(*a.find(name), *b.find(name));
}

TEST_F(TomlText, ParsesBackToTheSame) {
  for (const char* name : {"minimal.toml", "full.toml", "chain.toml", "teacher_training.toml"}) {
    const Node node = load(fixture(name));
    expect_same(node, toml(toml_text(node, {.values = true})));
    expect_same(node, toml(toml_text(node, {.origins = true, .values = true})));
  }
}

Node random_node(std::mt19937& generator, int depth);

Value random_scalar(std::mt19937& generator) {
  static const std::string pieces[] = {"a", "é", "\"", "\\", "\n", "\t", "#", "'", "\x7f", "=", "${", "\r", "]"};
  switch (generator() % 4) {
    case 0:
      return generator() % 2 == 0;
    case 1:
      return static_cast<std::int64_t>((std::uint64_t{generator()} << 32) | generator());
    case 2:
      return std::ldexp(static_cast<double>(generator()) - 2e9, static_cast<int>(generator() % 200) - 100);
    default: {
      std::string text;
      for (auto n = generator() % 6; n > 0; --n) text += pieces[generator() % std::size(pieces)];
      return text;
    }
  }
}

Node random_table(std::mt19937& generator, int depth) {
  static const char* const keys[] = {"a", "b-c", "with space", "dotted.key", "ü", "\"q\"", "1", "line\nbreak"};
  Node table(Node::Entries{}, {"random"});
  for (auto n = generator() % 5; n > 0; --n) {
    table.set(keys[generator() % std::size(keys)], {}, random_node(generator, depth - 1));
  }
  return table;
}

Node random_node(std::mt19937& generator, int depth) {
  const auto kind = generator() % 4;
  if (depth > 0 && kind < 2) return random_table(generator, depth);
  if (depth > 0 && kind == 2) {
    Node::Items items;
    for (auto n = generator() % 4; n > 0; --n) items.push_back(random_node(generator, depth - 1));
    return Node(std::move(items), {"random"});
  }
  return Node(random_scalar(generator), {"random"});
}

TEST_F(TomlText, ParsesBackToTheSameForAnyTree) {
  std::mt19937 generator(3);
  for (int i = 0; i < 500; ++i) {
    const Node node = random_table(generator, 4);
    const std::string text = toml_text(node, {.origins = i % 2 == 0});
    expect_same(node, toml(text));
    if (HasFailure()) FAIL() << text;
  }
}

}  // namespace
}  // namespace retort::config

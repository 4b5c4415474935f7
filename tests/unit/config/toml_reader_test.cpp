#include "config/toml_reader.hpp"

#include <limits>

#include "config/toml_text.hpp"
#include "config_test.hpp"

namespace retort::config {
namespace {

std::string problems(const std::string& text) {
  Diagnostics diagnostics;
  read_toml(text, "x.toml", diagnostics);
  return diagnostics.text();
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(TomlReader, KeepsTheOrderOfTheFile) {
  const Node node = toml("z = 1\n[m.inner]\nb = 1\na = 2\n[c]\n[b]\n[m.second]\n");
  std::string order;
  for (const Node::Entry& entry : node.entries()) order += entry.key + " ";
  for (const Node::Entry& entry : node.find("m")->entries()) order += entry.key + " ";
  for (const Node::Entry& entry : node.at_path("m.inner")->entries()) order += entry.key + " ";
  EXPECT_EQ(order, "z m c b inner second b a ");
}

TEST(TomlReader, KnowsWhereKeysAndValuesStand) {
  const Node node = toml("'é'.x  = 1\n  [a.b]\nk = [1,\n  { q = 'v' }]\n", "f.toml");
  EXPECT_EQ(node.at_path("'é'.x")->origin().text(), "f.toml:1:10");
  EXPECT_EQ(node.find("é")->entries()[0].key_origin.text(), "f.toml:1:5");
  EXPECT_EQ(node.at_path("a.b")->origin().text(), "f.toml:2:3");
  EXPECT_EQ(node.at_path("a.b.k[0]")->origin().text(), "f.toml:3:6");
  EXPECT_EQ(node.at_path("a.b.k[1].q")->origin().text(), "f.toml:4:9");
}

TEST(TomlReader, ReadsEveryType) {
  const Node node = toml("b = true\ni = -3\nd = 1e-5\ns = \"x\\ty\"\nl = [1, 2.5]\nt = {}\n");
  const Value expected(Table{{"b", true}, {"i", -3}, {"d", 1e-5}, {"s", "x\ty"}, {"l", List{1, 2.5}}, {"t", Table{}}});
  EXPECT_EQ(node.value(), expected);
}

TEST(TomlReader, LocatesSyntaxErrors) {
  EXPECT_THAT(problems("a = 1\nb = \n"), testing::StartsWith("x.toml:2:5: error: Error while parsing"));
  EXPECT_THAT(problems("a = 1\na = 2\n"), testing::StartsWith("x.toml:2:"));
  EXPECT_THAT(problems("[[[x]]]"), testing::StartsWith("x.toml:1:3: error: Error while parsing key"));
  EXPECT_THAT(problems("ok = 1\nbad = \"\xff\"\n"),
              testing::StartsWith("x.toml:2:7: error: Encountered invalid utf-8"));
  EXPECT_THAT(problems("a = 99999999999999999999"), testing::HasSubstr("not representable in 64 bits"));
  EXPECT_THAT(problems(std::string("a = 1\0b", 7)), testing::StartsWith("x.toml:1:6: error: "));
}

TEST(TomlReader, RefusesWhatAnExperimentCannotHold) {
  EXPECT_EQ(problems("a = 1\nb = [nan, 1, inf]\n\"\" = 1\n[t]\nday = 2024-01-01\n"),
            "x.toml:2:6: error: expected a number, found nan\n"
            "x.toml:3:1: error: a key must not be empty\n"
            "x.toml:5:7: error: dates and times have no meaning in an experiment; quote the value to make it a "
            "string\n");
}

TEST(TomlReader, LeavesInfinityToWhoeverReadsIt) {
  const Node node = toml("a = inf\nb = -inf\n");
  EXPECT_EQ(node.find("a")->scalar(), Value(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(node.find("b")->scalar(), Value(-std::numeric_limits<double>::infinity()));
  EXPECT_EQ(toml_text(node), "a = inf\nb = -inf\n");
}

TEST(TomlReader, RefusesDeepKeysBeforeTheParserMeetsThem) {
  const std::string deep = " deep\n";
  EXPECT_THAT(problems("a" + repeated(".b", 20000) + " = 1"),
              testing::AllOf(testing::StartsWith("x.toml:1:130: error: keys"), testing::HasSubstr("64 deep")));
  EXPECT_THAT(problems("x = 1\n[a" + repeated(" . b", 200) + "]"), testing::EndsWith(deep));
  EXPECT_THAT(problems("x = " + repeated("[", 70) + repeated("]", 70)), testing::StartsWith("x.toml:1:69: error: "));
  EXPECT_THAT(problems("x = " + repeated("{ a = ", 70) + "1" + repeated("}", 70)), testing::EndsWith(deep));
  EXPECT_THAT(problems("x = " + repeated("{ a.b.c.d.e = ", 20) + "1" + repeated("}", 20)), testing::EndsWith(deep));
  EXPECT_THAT(problems("x = [" + repeated("\n[", 70)), testing::EndsWith(deep));
}

TEST(TomlReader, AcceptsWhatOnlyLooksDeep) {
  const std::string dots = repeated(".", 100) + repeated("[", 100);
  EXPECT_EQ(problems("a = \"" + dots + "\"\nb = '" + dots + "'\n# " + dots + "\n"), "");
  EXPECT_EQ(problems("a = \"\"\"\n" + dots + "\\\"\"\" still\n\"\"\"\nb = '''\n" + dots + "'' \n'''\n"), "");
  EXPECT_EQ(problems("a = [" + repeated("1.5, ", 200) + "]\n"), "");
  EXPECT_EQ(problems("a" + repeated(".b", 60) + " = { c = [1.5] }"), "");
  EXPECT_EQ(problems(repeated("[t]\n", 1) + "\"key.with." + repeated("x.", 100) + "\" = 1"), "");
}

TEST(TomlReader, UnfinishedTextIsTheParsersToReport) {
  for (const char* text : {"a = \"", "a = '", "a = \"\"\"", "a = '''x\n", "a = \"\\", "]]]]", "a = }"}) {
    EXPECT_THAT(problems(text), testing::StartsWith("x.toml:")) << text;
  }
}

}  // namespace
}  // namespace retort::config

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <retort/param.hpp>

namespace retort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

enum class Colour { Red, Green };

struct Layer {
  std::int64_t width = 8;
  bool bias = true;
};

struct Options {
  bool flag = false;
  std::int64_t count = 3;
  double rate = 0.5;
  std::string text = "abc";
  std::vector<double> rates{0.1, 0.2};
  std::vector<std::string> names;
  std::vector<std::vector<std::int64_t>> grid{{1, 2}, {3}};
  std::optional<double> eps;
  std::optional<std::int64_t> depth = 2;
  std::optional<std::vector<std::int64_t>> hidden;
  Colour colour = Colour::Green;
  Layer layer;
  std::vector<Layer> layers;
};

Fields<Layer> layer_fields() {
  return Fields<Layer>()
      .param(&Layer::width, "width", "Width.", Range::at_least(1))
      .param(&Layer::bias, "bias", "Bias.");
}

Fields<Options> fields() {
  return Fields<Options>()
      .param(&Options::flag, "flag", "A flag.")
      .param(&Options::count, "count", "A count.", Range{0, 10})
      .param(&Options::rate, "rate", "A rate.", Range{0, 1, true, true})
      .param(&Options::text, "text", "A text.")
      .param(&Options::rates, "rates", "Rates.", Range::at_least(0))
      .param(&Options::names, "names", "Names.")
      .param(&Options::grid, "grid", "A grid.")
      .param(&Options::eps, "eps", "An eps.", Range::greater_than(0))
      .param(&Options::depth, "depth", "A depth.")
      .param(&Options::hidden, "hidden", "Widths.", Range::at_least(1))
      .param(&Options::colour, "colour", "A colour.", {{"red", Colour::Red}, {"green", Colour::Green}})
      .table(&Options::layer, "layer", "A layer.", layer_fields())
      .tables(&Options::layers, "layers", "Layers.", layer_fields());
}

const ParamSpec& spec(const std::vector<ParamSpec>& specs, const std::string& name) {
  for (const ParamSpec& candidate : specs) {
    if (candidate.name == name) return candidate;
  }
  throw Error("no parameter " + name);
}

// The problems as "path: message".
std::vector<std::string> problems(const Table& table) {
  std::vector<std::string> texts;
  for (const ParamProblem& problem : validate(fields().specs(), table))
    texts.push_back(problem.path + ": " + problem.message);
  return texts;
}

TEST(Fields, TakeDefaultsFromTheStruct) {
  const auto all = fields();
  const auto& specs = all.specs();
  EXPECT_EQ(spec(specs, "flag").fallback, Value(false));
  EXPECT_EQ(spec(specs, "count").fallback, Value(3));
  EXPECT_EQ(spec(specs, "rate").fallback, Value(0.5));
  EXPECT_EQ(spec(specs, "text").fallback, Value("abc"));
  EXPECT_EQ(spec(specs, "rates").fallback, Value(List{0.1, 0.2}));
  EXPECT_EQ(spec(specs, "grid").fallback, Value(List{List{1, 2}, List{Value(3)}}));
  EXPECT_EQ(spec(specs, "eps").fallback, std::nullopt);
  EXPECT_EQ(spec(specs, "depth").fallback, Value(2));
  EXPECT_EQ(spec(specs, "hidden").fallback, std::nullopt);
  EXPECT_EQ(spec(specs, "colour").fallback, Value("green"));
  EXPECT_THAT(spec(specs, "colour").choices, ElementsAre("red", "green"));
}

TEST(Fields, DescribeTypesAndElements) {
  const auto all = fields();
  const auto& specs = all.specs();
  EXPECT_EQ(spec(specs, "count").type, ParamType::Integer);
  EXPECT_EQ(spec(specs, "eps").type, ParamType::Number);
  EXPECT_EQ(spec(specs, "hidden").type, ParamType::List);
  EXPECT_EQ(spec(specs, "rates").element.at(0).type, ParamType::Number);
  EXPECT_EQ(spec(specs, "rates").element.at(0).range.min, 0);
  EXPECT_EQ(spec(specs, "grid").element.at(0).element.at(0).type, ParamType::Integer);
  EXPECT_EQ(spec(specs, "layer").fields.at(0).name, "width");
  EXPECT_EQ(spec(specs, "layers").element.at(0).fields.at(1).name, "bias");
}

TEST(Fields, ReadAnEmptyTableAsTheDefaults) {
  const Options options = fields().read({});
  EXPECT_EQ(options.count, 3);
  EXPECT_THAT(options.rates, ElementsAre(0.1, 0.2));
  EXPECT_EQ(options.eps, std::nullopt);
  EXPECT_EQ(options.depth, 2);
  EXPECT_EQ(options.colour, Colour::Green);
  EXPECT_EQ(options.layer.width, 8);
}

TEST(Fields, ReadEveryMember) {
  const Options options = fields().read({{"flag", true},
                                         {"count", 7},
                                         {"rate", 0.25},
                                         {"text", "x"},
                                         {"rates", List{1, 2.5}},
                                         {"names", List{"a", "b"}},
                                         {"grid", List{List{4, 5}, List{}}},
                                         {"eps", 1},
                                         {"depth", 9},
                                         {"hidden", List{16, 32}},
                                         {"colour", "red"},
                                         {"layer", Table{{"width", 64}}},
                                         {"layers", List{Table{{"bias", false}}, Table{}}}});
  EXPECT_TRUE(options.flag);
  EXPECT_EQ(options.count, 7);
  EXPECT_EQ(options.rate, 0.25);
  EXPECT_EQ(options.text, "x");
  EXPECT_THAT(options.rates, ElementsAre(1.0, 2.5));
  EXPECT_THAT(options.names, ElementsAre("a", "b"));
  EXPECT_THAT(options.grid, ElementsAre(ElementsAre(4, 5), IsEmpty()));
  EXPECT_EQ(options.eps, 1.0);
  EXPECT_EQ(options.depth, 9);
  EXPECT_THAT(*options.hidden, ElementsAre(16, 32));
  EXPECT_EQ(options.colour, Colour::Red);
  EXPECT_EQ(options.layer.width, 64);
  EXPECT_TRUE(options.layer.bias);
  ASSERT_THAT(options.layers, SizeIs(2));
  EXPECT_FALSE(options.layers[0].bias);
  EXPECT_EQ(options.layers[1].width, 8);
}

TEST(Fields, ReadThrowsWithEveryProblem) {
  try {
    fields().read({{"count", 11}, {"rate", "high"}});
    FAIL() << "accepted";
  } catch (const InvalidParameter& error) {
    EXPECT_STREQ(error.what(),
                 "count: expected an integer in [0, 10], found 11; "
                 "rate: expected a number in (0, 1), found a string: \"high\"");
  }
}

TEST(Validate, NamesTheNearestKeyAndAllAccepted) {
  const auto found = validate(layer_fields().specs(), {{"witdh", 3}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].path, "witdh");
  EXPECT_EQ(found[0].message, "unknown key 'witdh'; did you mean 'width'? (accepted: width, bias)");
  EXPECT_TRUE(found[0].on_key);
  EXPECT_THAT(validate({}, {{"a", 1}})[0].message, HasSubstr("it takes no parameters"));
}

TEST(Validate, LeadsToNestedValues) {
  EXPECT_THAT(problems({{"layer", Table{{"width", 0}}}}),
              ElementsAre("layer.width: expected an integer of at least 1, found 0"));
  EXPECT_THAT(problems({{"layers", List{Table{}, Table{{"colour", "red"}}}}}),
              ElementsAre(HasSubstr("layers[1].colour: unknown key 'colour'")));
  EXPECT_THAT(problems({{"grid", List{List{1}, List{2, true}}}}),
              ElementsAre("grid[1][1]: expected an integer, found a boolean: true"));
  EXPECT_THAT(problems({{"rates", List{0.1, -1}}}), ElementsAre("rates[1]: expected a number of at least 0, found -1"));
}

TEST(Validate, RefusesWrongTypes) {
  EXPECT_THAT(problems({{"flag", 1}}), ElementsAre("flag: expected true or false, found an integer: 1"));
  EXPECT_THAT(problems({{"count", 3.0}}), ElementsAre("count: expected an integer in [0, 10], found a number: 3.0"));
  EXPECT_THAT(problems({{"text", List{}}}), ElementsAre("text: expected a string, found a list: []"));
  EXPECT_THAT(problems({{"layer", 3}}), ElementsAre("layer: expected a table, found an integer: 3"));
}

TEST(Validate, AcceptsIntegersForNumbers) {
  EXPECT_THAT(problems({{"eps", 3}, {"rates", List{1, 2}}}), IsEmpty());
}

TEST(Validate, KeepsToTheBounds) {
  EXPECT_THAT(problems({{"count", 0}}), IsEmpty());
  EXPECT_THAT(problems({{"count", 10}}), IsEmpty());
  EXPECT_THAT(problems({{"count", -1}}), SizeIs(1));
  EXPECT_THAT(problems({{"rate", 0.0}}), SizeIs(1));
  EXPECT_THAT(problems({{"rate", 1.0}}), SizeIs(1));
  EXPECT_THAT(problems({{"eps", 0}}), ElementsAre("eps: expected a number greater than 0, found 0"));
}

TEST(Validate, TakesInfinityWhereTheRangeSaysSoAndNeverNan) {
  const double inf = std::numeric_limits<double>::infinity();
  const Range with_inf = Range::at_least(0).or_infinite();
  EXPECT_TRUE(with_inf.contains(inf));
  EXPECT_TRUE(with_inf.contains(0));
  EXPECT_FALSE(with_inf.contains(-inf));
  EXPECT_FALSE(with_inf.contains(std::nan("")));
  EXPECT_TRUE(Range{}.or_infinite().contains(inf));
  EXPECT_FALSE(Range{}.or_infinite().contains(-inf));
  EXPECT_FALSE(Range{}.contains(inf));
  EXPECT_EQ(expectation({.name = "t", .type = ParamType::Number, .range = with_inf}),
            "a number of at least 0 (or inf)");
  EXPECT_THAT(problems({{"eps", inf}}), ElementsAre("eps: expected a number greater than 0, found inf"));
  EXPECT_THAT(problems({{"eps", -inf}}), ElementsAre("eps: expected a number greater than 0, found -inf"));
  EXPECT_THAT(problems({{"rate", inf}}), SizeIs(1));
  EXPECT_THAT(problems({{"eps", std::nan("")}}), ElementsAre("eps: expected a number greater than 0, found nan"));
  EXPECT_FALSE(Range{}.contains(std::nan("")));
}

TEST(Validate, NamesTheNearestChoice) {
  EXPECT_THAT(problems({{"colour", "gren"}}),
              ElementsAre("colour: expected one of \"red\", \"green\", found \"gren\"; did you mean 'green'?"));
}

TEST(Validate, AsksForWhatIsRequired) {
  auto required = layer_fields();
  required.required();  // bias
  EXPECT_EQ(required.specs()[1].fallback, std::nullopt);
  const auto found = validate(required.specs(), {});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].path, "bias");
  EXPECT_EQ(found[0].message, "missing; expected true or false");
  EXPECT_FALSE(found[0].on_key);
}

TEST(Validate, ChecksEveryValueOfAnOpenTable) {
  ParamSpec weights{.name = "weights", .type = ParamType::Table, .open = true};
  weights.element.push_back({.type = ParamType::Number});
  EXPECT_THAT(validate({weights}, {{"weights", Table{{"any", 1}, {"other", 2.5}}}}), IsEmpty());
  const auto found = validate({weights}, {{"weights", Table{{"any", "x"}}}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].path, "weights.any");
}

TEST(Validate, TakesTheAlternativeOfFittingType) {
  ParamSpec weight{.name = "weight", .type = ParamType::OneOf};
  weight.alternatives.push_back({.type = ParamType::Number, .range = Range::at_least(0)});
  weight.alternatives.push_back({.type = ParamType::Table, .fields = layer_fields().specs()});
  EXPECT_THAT(validate({weight}, {{"weight", 0.5}}), IsEmpty());
  EXPECT_THAT(validate({weight}, {{"weight", Table{{"width", 2}}}}), IsEmpty());
  EXPECT_EQ(validate({weight}, {{"weight", -1}}).at(0).message, "expected a number of at least 0, found -1");
  EXPECT_EQ(validate({weight}, {{"weight", "x"}}).at(0).message,
            "expected a number of at least 0 or a table, found a string: \"x\"");
}

}  // namespace
}  // namespace retort

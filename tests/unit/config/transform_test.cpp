#include "config/transform_reader.hpp"

#include "config_test.hpp"

namespace retort::config {
namespace {

class Transforms : public ConfigTest {
 protected:
  static std::string text(const std::string& list) {
    return "[dataset]\nuse = 'cifar100'\ntransforms = " + list +
           "\n[student]\nuse = 'wrn_16_2'\n[loss.label]\nuse = 'cross_entropy'\n";
  }
  static std::vector<TransformSpec> transforms(const std::string& list) {
    write("a.toml", text(list));
    return read("a.toml").stages.at(0).dataset.transforms;
  }
  static std::string problem(const std::string& list) {
    write("a.toml", text(list));
    return read_problems("a.toml");
  }
};

TEST_F(Transforms, BothFormsMeanTheSame) {
  const Table expected{{"size", 32}, {"padding", 4}};
  for (const char* form :
       {"'random_crop(32, padding=4)'", "'random_crop(32, 4)'", "' random_crop ( size = 32,padding = 4 ) '",
        "'random_crop(padding=4, size=32)'", "{ use = 'random_crop', size = 32, padding = 4 }"}) {
    const auto specs = transforms("[" + std::string(form) + "]");
    ASSERT_EQ(specs.size(), 1u) << form;
    EXPECT_EQ(specs[0].use, "random_crop");
    EXPECT_EQ(specs[0].params, expected) << form;
    EXPECT_EQ(specs[0].origin.text(), "a.toml:3:15");
  }
}

TEST_F(Transforms, HaveDefaultsAndKeepTheirOrder) {
  const auto specs = transforms("['random_flip', 'random_crop(8)', { use = 'random_flip', probability = 1 }]");
  ASSERT_EQ(specs.size(), 3u);
  EXPECT_EQ(specs[0].params, (Table{{"probability", 0.5}}));
  EXPECT_EQ(specs[1].params, (Table{{"size", 8}, {"padding", 0}}));
  EXPECT_EQ(specs[2].params.at("probability").number(), 1.0);
  EXPECT_TRUE(transforms("[]").empty());
}

TEST_F(Transforms, AreCheckedAndLocated) {
  EXPECT_EQ(problem("['random_flop']"),
            "a.toml:3:15: error: dataset.transforms[0]: unknown transform 'random_flop'; did you mean 'random_flip'? "
            "(accepted: random_crop, random_flip)\n");
  EXPECT_EQ(problem("['random_flip',\n  { use = 'crop' }]"),
            "a.toml:4:11: error: dataset.transforms[1]: unknown transform 'crop' (accepted: random_crop, "
            "random_flip)\n");
  EXPECT_EQ(problem("['random_crop']"),
            "a.toml:3:15: error: dataset.transforms[0].size: missing; expected an integer of at least 1\n");
  EXPECT_EQ(problem("['random_crop(0)', { use = 'random_crop', size = 8, paddin = -1 }]"),
            "a.toml:3:15: error: dataset.transforms[0].size: expected an integer of at least 1, found 0\n"
            "a.toml:3:66: error: dataset.transforms[1].paddin: unknown key 'paddin'; did you mean 'padding'? "
            "(accepted: use, size, padding)\n");
  EXPECT_EQ(problem("[{ use = 'random_flip', probability = 1.5 }]"),
            "a.toml:3:52: error: dataset.transforms[0].probability: expected a number in [0, 1], found 1.5\n");
  EXPECT_EQ(problem("[{ size = 3 }]"), "a.toml:3:15: error: dataset.transforms[0]: the transform has no 'use'\n");
  EXPECT_EQ(problem("[3]"),
            "a.toml:3:15: error: dataset.transforms[0]: expected a string or a table, found an integer: 3\n");
}

TEST_F(Transforms, ShortFormsMustBeWellFormed) {
  const std::string at = "a.toml:3:15: error: dataset.transforms[0]";
  EXPECT_EQ(problem("['random_crop(32']"),
            at + ": expected a form such as \"random_crop(...)\", found \"random_crop(32\"\n");
  EXPECT_EQ(problem("['random_crop(32, 4, 5)']"), at + ": random_crop takes at most 2 arguments\n");
  EXPECT_EQ(problem("['random_crop(size=32, 4)']"), at + ": '4' follows a named argument and needs a name too\n");
  EXPECT_EQ(problem("['random_crop(32, size=4)']"), at + ": 'size' is given twice\n");
  EXPECT_EQ(problem("['random_crop(32, pad=4)']"), at + ".pad: unknown key 'pad' (accepted: use, size, padding)\n");
  EXPECT_EQ(problem("['random_crop(32.5)']"), at + ".size: expected an integer of at least 1, found a number: 32.5\n");
  EXPECT_THAT(problem("['random_crop(32,)']"), testing::StartsWith("a.toml:3:15: error: the value is not TOML"));
}

}  // namespace
}  // namespace retort::config

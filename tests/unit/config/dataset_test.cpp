#include "config_test.hpp"

namespace retort::config {
namespace {

using testing::HasSubstr;
using Datasets = ConfigTest;

std::string experiment(const std::string& dataset) {
  return "[student]\nuse = 'wrn_16_2'\n[loss.label]\nuse = 'cross_entropy'\n[dataset]\nuse = 'cifar100'\n" + dataset;
}

TEST_F(Datasets, SayWhichImagesAndLabelsAreUsed) {
  write("a.toml",
        experiment("subset = { fraction = 0.1, classes = ['cat', 3], seed = 4 }\n"
                   "label_noise = { kind = 'asymmetric', rate = 0.4, seed = 7, map = { cat = 'dog', 5 = 6 } }\n"
                   "withheld_labels = { fraction = 0.5 }\n"
                   "unlabelled = { use = 'cifar100', root = 'more' }\n"));
  const DatasetSpec spec = read("a.toml").stages.at(0).dataset;
  EXPECT_EQ(spec.subset->fraction, 0.1);
  EXPECT_EQ(spec.subset->seed, 4);
  ASSERT_EQ(spec.subset->classes->size(), 2u);
  EXPECT_EQ(spec.subset->classes->at(0).value, Value("cat"));
  EXPECT_EQ(spec.subset->classes->at(1).value, Value(3));
  EXPECT_EQ(spec.label_noise->kind, LabelNoiseSpec::Kind::Asymmetric);
  EXPECT_EQ(spec.label_noise->rate, 0.4);
  EXPECT_EQ(spec.label_noise->seed, 7);
  ASSERT_EQ(spec.label_noise->map.size(), 2u);
  for (const auto& [from, to] : spec.label_noise->map) {
    EXPECT_EQ(to.value, from.value == Value("cat") ? Value("dog") : Value(6));
  }
  EXPECT_EQ(spec.withheld_labels->fraction, 0.5);
  EXPECT_EQ(spec.unlabelled->use.value, "cifar100");
  EXPECT_EQ(spec.unlabelled->params, (Table{{"root", "more"}}));
}

TEST_F(Datasets, NoiseOfAFileIsRelativeToTheExperiment) {
  write("noise/label_noise.csv", "index,label,clean_label\n");
  write("noise/a.toml", experiment("label_noise = { kind = 'file', file = 'label_noise.csv' }\n"));
  const DatasetSpec spec = read("noise/a.toml").stages.at(0).dataset;
  EXPECT_EQ(spec.label_noise->kind, LabelNoiseSpec::Kind::File);
  EXPECT_TRUE(std::filesystem::equivalent(spec.label_noise->file, "noise/label_noise.csv"));
}

TEST_F(Datasets, EachKindOfNoiseTakesItsOwnKeys) {
  const auto said = [&](const std::string& noise) {
    write("a.toml", experiment("label_noise = " + noise + "\n"));
    return read_problems("a.toml");
  };
  EXPECT_THAT(said("{ kind = 'symmetric' }"),
              HasSubstr("a.toml:7:15: error: dataset.label_noise.rate: missing; kind = \"symmetric\" needs it"));
  EXPECT_THAT(said("{ kind = 'asymmetric', rate = 0.1 }"), HasSubstr("dataset.label_noise.map: missing"));
  EXPECT_THAT(
      said("{ kind = 'pair_flip', rate = 0.1, map = { a = 'b' } }"),
      HasSubstr("a.toml:7:49: error: dataset.label_noise.map: goes with kind = \"asymmetric\", found with kind = "
                "\"pair_flip\""));
  EXPECT_THAT(said("{ kind = 'file', file = 'x.csv' }"), HasSubstr("there is no file"));
  EXPECT_THAT(said("{ kind = 'symetric', rate = 0.1 }"), HasSubstr("found \"symetric\""));
  EXPECT_THAT(said("{ rate = 0.1 }"), HasSubstr("dataset.label_noise.kind: missing"));
  for (const char* rate : {"1.5", "-0.1", "inf"}) {
    EXPECT_THAT(said(std::string("{ kind = 'symmetric', rate = ") + rate + " }"), HasSubstr("error")) << rate;
  }
}

TEST_F(Datasets, SubsetsMustLeaveSomething) {
  write("a.toml", experiment("subset = { fraction = 0 }\n"));
  EXPECT_THAT(read_problems("a.toml"),
              HasSubstr("a.toml:7:23: error: dataset.subset.fraction: expected a number in (0, 1]"));
  write("a.toml", experiment("subset = { classes = [] }\n"));
  EXPECT_THAT(read_problems("a.toml"), HasSubstr("dataset.subset.classes: expected at least one"));
}

}  // namespace
}  // namespace retort::config

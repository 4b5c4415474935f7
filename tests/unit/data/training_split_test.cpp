#include "data/training_split.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <retort/error.hpp>

#include "data/source.hpp"

namespace retort::data {
namespace {

using ::testing::HasSubstr;
using NoiseKind = config::LabelNoiseSpec::Kind;

constexpr std::int64_t kSize = 20000;

const DatasetInfo kInfo{.image = {1, 1, 1}, .classes = 4, .names = {"cat", "dog", "deer", "frog"}};

// As many images of each class, in turns; an image's one pixel is its position modulo 251.
ResidentSplit whole(std::int64_t size = kSize) {
  const at::Tensor index = torch::arange(size, torch::kInt64);
  return {index.remainder(251).to(torch::kUInt8).view({-1, 1, 1, 1}), index.remainder(4)};
}

config::DatasetSpec noise(NoiseKind kind, double rate, std::int64_t seed = 0) {
  return {.label_noise = config::LabelNoiseSpec{.kind = kind, .rate = rate, .seed = seed}};
}

TrainingSplit made(const config::DatasetSpec& spec, const ResidentSplit& data = whole()) {
  config::Diagnostics diagnostics;
  const TrainingPlan plan(spec, kInfo, diagnostics);
  EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
  return training_split(data, plan, nullptr);
}

std::string refused(const config::DatasetSpec& spec) {
  config::Diagnostics diagnostics;
  const TrainingPlan plan(spec, kInfo, diagnostics);
  return diagnostics.text();
}

// How many images of class `from` are told to be of class `to`.
double told(const TrainingSplit& split, std::int64_t from, std::int64_t to) {
  const at::Tensor clean = whole().labels;
  return clean.eq(from).logical_and(split.data.labels.eq(to)).sum().item<double>();
}

TEST(TrainingSplit, IsTheDataSetsOwnUnlessToldOtherwise) {
  const TrainingSplit split = made({});
  EXPECT_TRUE(split.data.images.equal(whole().images));
  EXPECT_TRUE(split.data.labels.equal(whole().labels));
  EXPECT_FALSE(split.withholds);
  EXPECT_FALSE(split.changes);
}

// The counts are binomial: 5000 images of each class at rate 0.3; five standard deviations are 162.
TEST(LabelNoise, SymmetricHitsAtTheRateAndSpreadsOverTheOtherClasses) {
  const TrainingSplit split = made(noise(NoiseKind::Symmetric, 0.3, 5));
  for (std::int64_t from = 0; from < 4; ++from) {
    EXPECT_NEAR(told(split, from, from), 3500, 162);
    for (std::int64_t to = 0; to < 4; ++to) {
      if (to != from) EXPECT_NEAR(told(split, from, to), 500, 107) << from << " -> " << to;
    }
  }
}

TEST(LabelNoise, AtRate1NoLabelIsRightAndAtRate0Each) {
  EXPECT_FALSE(made(noise(NoiseKind::Symmetric, 1.0)).data.labels.eq(whole().labels).any().item<bool>());
  EXPECT_TRUE(made(noise(NoiseKind::Symmetric, 0.0)).data.labels.equal(whole().labels));
}

TEST(LabelNoise, PairFlipGivesTheNextClass) {
  const TrainingSplit split = made(noise(NoiseKind::PairFlip, 0.3));
  for (std::int64_t from = 0; from < 4; ++from) EXPECT_NEAR(told(split, from, (from + 1) % 4), 1500, 162);
  EXPECT_EQ(told(split, 0, 2) + told(split, 0, 3) + told(split, 3, 1), 0);
}

TEST(LabelNoise, AsymmetricFollowsTheMapByNameAndNumber) {
  config::DatasetSpec spec = noise(NoiseKind::Asymmetric, 0.4);
  spec.label_noise->map = {{{"cat", {}}, {"frog", {}}}, {{"2", {}}, {1, {}}}};
  const TrainingSplit split = made(spec);
  EXPECT_NEAR(told(split, 0, 3), 2000, 173);
  EXPECT_NEAR(told(split, 2, 1), 2000, 173);
  EXPECT_EQ(told(split, 1, 1), 5000);
  EXPECT_EQ(told(split, 3, 3), 5000);
}

TEST(LabelNoise, FollowsFromItsSeedAlone) {
  const auto labels = [](std::int64_t seed) { return made(noise(NoiseKind::Symmetric, 0.3, seed)).data.labels; };
  EXPECT_TRUE(labels(1).equal(labels(1)));
  EXPECT_FALSE(labels(1).equal(labels(2)));
}

TEST(LabelNoise, OfASubsetIsTheSameAsOfTheWhole) {
  config::DatasetSpec spec = noise(NoiseKind::Symmetric, 0.5);
  const TrainingSplit all = made(spec);
  spec.subset = config::SubsetSpec{.fraction = 0.25, .seed = 3};
  const TrainingSplit some = made(spec);
  ASSERT_EQ(some.data.labels.size(0), kSize / 4);
  EXPECT_LT(some.changes->size(), all.changes->size());
  // Every change of the subset is one of the whole.
  const at::Tensor place = torch::searchsorted(all.changes->index, some.changes->index);
  EXPECT_TRUE(all.changes->index.index_select(0, place).equal(some.changes->index));
  EXPECT_TRUE(all.changes->label.index_select(0, place).equal(some.changes->label));
}

TEST(LabelNoise, ThatWasSavedCanBeUsedAgain) {
  const TrainingSplit first = made(noise(NoiseKind::Symmetric, 0.2, 9), whole(100));
  const std::string file = testing::TempDir() + "label_noise.csv";
  std::ofstream(file) << to_csv(*first.changes);
  config::DatasetSpec spec = noise(NoiseKind::File, 0);
  spec.label_noise->file = file;
  const TrainingSplit second = made(spec, whole(100));
  EXPECT_TRUE(first.data.labels.equal(second.data.labels));
  EXPECT_TRUE(*first.changes == *second.changes);

  ResidentSplit other = whole(100);
  other.labels = (other.labels + 1).remainder(4);
  EXPECT_THROW(made(spec, other), DataError);
  EXPECT_THROW(made(spec, whole(10)), DataError);
}

std::string unreadable(const std::string& text) {
  const std::string file = testing::TempDir() + "broken.csv";
  std::ofstream(file) << text;
  try {
    read_label_changes(file);
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(LabelNoise, OfABrokenFileIsRefusedWithTheLine) {
  EXPECT_THAT(unreadable("index,label\n"), HasSubstr("broken.csv:1: expected the header"));
  const std::string header = "index,label,clean_label\n";
  EXPECT_EQ(unreadable(header + "1,2,3\n"), "accepted");
  EXPECT_THAT(unreadable(header + "1,2,3\n2,x,3\n"),
              HasSubstr("broken.csv:3: expected three whole numbers, found \"2,x,3\""));
  EXPECT_THAT(unreadable(header + "1,2\n"), HasSubstr("broken.csv:2"));
  EXPECT_THAT(unreadable(header + "1,2,3,4\n"), HasSubstr("broken.csv:2"));
  EXPECT_THAT(unreadable(header + "1,-2,3\n"), HasSubstr("broken.csv:2"));
  EXPECT_THAT(unreadable(header + "5,2,3\n4,2,3\n"), HasSubstr("broken.csv:3: expected a greater index"));
}

TEST(Subset, KeepsAShareOfEachClassInOrder) {
  const TrainingSplit split = made({.subset = config::SubsetSpec{.fraction = 0.1, .seed = 1}});
  ASSERT_EQ(split.data.labels.size(0), kSize / 10);
  for (std::int64_t label = 0; label < 4; ++label) {
    EXPECT_EQ(split.data.labels.eq(label).sum().item<std::int64_t>(), kSize / 40);
  }
  const TrainingSplit other = made({.subset = config::SubsetSpec{.fraction = 0.1, .seed = 2}});
  EXPECT_FALSE(split.data.images.equal(other.data.images));
}

TEST(Subset, OfClassesKeepsTheImagesOfThese) {
  const TrainingSplit split = made({.subset = config::SubsetSpec{.classes = {{{"dog", {}}, {3, {}}}}}});
  const at::Tensor clean = whole().labels;
  const at::Tensor expected = clean.eq(1).logical_or(clean.eq(3)).nonzero().flatten();
  EXPECT_TRUE(split.data.labels.equal(clean.index_select(0, expected)));
  EXPECT_TRUE(split.data.images.equal(whole().images.index_select(0, expected)));
}

TEST(WithheldLabels, AreAShareOfEachClass) {
  const TrainingSplit split = made({.withheld_labels = config::WithheldLabelsSpec{.fraction = 0.9}});
  EXPECT_TRUE(split.withholds);
  const at::Tensor withheld = split.data.labels.eq(kWithheldLabel);
  EXPECT_EQ(withheld.sum().item<std::int64_t>(), kSize * 9 / 10);
  EXPECT_TRUE(split.data.labels.where(~withheld, whole().labels).equal(whole().labels));
}

TEST(Unlabelled, ImagesAreAddedWithoutLabels) {
  config::Diagnostics diagnostics;
  const TrainingPlan plan({}, kInfo, diagnostics);
  const ResidentSplit more = whole(10);
  const TrainingSplit split = training_split(whole(6), plan, &more);
  EXPECT_TRUE(split.withholds);
  EXPECT_TRUE(split.data.images.equal(torch::cat({whole(6).images, more.images})));
  EXPECT_TRUE(split.data.labels.slice(0, 0, 6).equal(whole(6).labels));
  EXPECT_TRUE(split.data.labels.slice(0, 6).eq(kWithheldLabel).all().item<bool>());
}

TEST(TrainingPlan, NamesClassesThatTheDataSetHasNot) {
  const config::Origin origin{"a.toml", 3, 7};
  config::DatasetSpec spec = noise(NoiseKind::Asymmetric, 0.1);
  spec.label_noise->map = {{{"cat", {}}, {"dogg", origin}}};
  EXPECT_THAT(refused(spec),
              HasSubstr("a.toml:3:7: error: dataset.label_noise.map: there is no class \"dogg\"; did "
                        "you mean 'dog'? (expected a number from 0 to 3, or a name: cat, dog, deer, frog)"));
  spec.label_noise->map = {{{"cat", {}}, {4, origin}}};
  EXPECT_THAT(refused(spec), HasSubstr("there is no class 4"));
  spec.label_noise->map = {{{"cat", {}}, {"cat", origin}}};
  EXPECT_THAT(refused(spec), HasSubstr("class \"cat\" becomes itself"));
  spec.label_noise->map = {{{"cat", {}}, {"dog", {}}}, {{"0", origin}, {"deer", {}}}};
  EXPECT_THAT(refused(spec), HasSubstr("class \"0\" is given twice"));
  EXPECT_THAT(refused({.subset = config::SubsetSpec{.classes = {{{-1, origin}}}}}), HasSubstr("there is no class -1"));
}

}  // namespace
}  // namespace retort::data

#include "study/identity.hpp"

#include "experiment_text.hpp"

namespace retort::study {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Identity, NeitherOrderNorPlaceCount) {
  const auto one = parse("[run]\nseed = 1\nname = \"a\"\nthreads = 2\n[optimizer]\nlr = 0.1\nmomentum = 0.9\n");
  const auto other =
      parse("[optimizer]\nmomentum = 0.9\nlr = 0.1\n[run]\ndirectory = \"x\"\nseed = 1\n[metrics]\nserve = false\n");
  EXPECT_EQ(essence_hash(one), essence_hash(other));
  EXPECT_THAT(differences(one, other), IsEmpty());
}

TEST(Identity, APublishedFigureDoesNotCount) {
  const auto without = parse("[optimizer]\nlr = 0.1\n");
  const auto with = parse("[optimizer]\nlr = 0.1\n[published]\ntop1 = 0.7\nsource = \"a\"\n");
  EXPECT_EQ(essence_hash(with), essence_hash(without));
  EXPECT_THAT(differences(without, with), IsEmpty());
}

TEST(Identity, EveryOtherValueCounts) {
  const auto before = parse("[run]\nseed = 1\n[optimizer]\nlr = 0.1\nmomentum = 0.9\n[loss.soft]\nuse = \"a.b\"\n");
  const auto after = parse("[run]\nseed = 1\n[optimizer]\nlr = 0.2\n[loss.soft]\nuse = \"a.b\"\nweight = 1\n");
  EXPECT_NE(essence_hash(before), essence_hash(after));
  EXPECT_THAT(differences(before, after), ElementsAre("optimizer.lr: 0.1 -> 0.2", "optimizer.momentum: 0.9 -> (none)",
                                                      "loss.soft.weight: (none) -> 1"));
}

TEST(Identity, IsTheSha256OfTheSortedValues) {
  // printf 'a.b = 1\nc = "x"\n' | sha256sum
  EXPECT_EQ(essence_hash(parse("c = \"x\"\n[a]\nb = 1\n")),
            "0e1c84324bee2e707a5d9ce5a6fd08c0863a2f44ddc7250ee5b874d6db21ba55");
}

}  // namespace
}  // namespace retort::study

#include "study/companions.hpp"

#include "experiment_text.hpp"
#include "fake_catalog.hpp"

namespace retort::study {
namespace {

using testing::ElementsAre;

using Groups = std::vector<std::vector<std::string>>;

Groups groups(const std::string& study) {
  config::Diagnostics diagnostics;
  const auto plan = plan_study(parse(kExperiment + study), "/out", config::FakeCatalog(), diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  Groups names;
  if (!plan) return names;
  for (const std::vector<std::size_t>& group : companions(*plan)) {
    names.emplace_back();
    for (const std::size_t member : group) names.back().push_back(plan->members[member].member.name);
  }
  return names;
}

TEST(Companions, DifferInTheirLossesAndTheSeedOfTheStudent) {
  EXPECT_THAT(groups("[study.axes]\n\"loss.soft.temperature\" = [1, 2]\n\"student.seed\" = [1, 2]\n"),
              ElementsAre(ElementsAre("temperature=1,seed=1", "temperature=1,seed=2", "temperature=2,seed=1",
                                      "temperature=2,seed=2")));
}

TEST(Companions, HaveOneStreamOfBatches) {
  EXPECT_THAT(groups("[study.axes]\n\"loss.soft.temperature\" = [1, 2]\nseed = [1, 2]\n"),
              ElementsAre(ElementsAre("temperature=1,seed=1", "temperature=2,seed=1"),
                          ElementsAre("temperature=1,seed=2", "temperature=2,seed=2")));
  EXPECT_THAT(groups("[study.axes]\n\"schedule.batch_size\" = [16, 32]\n"),
              ElementsAre(ElementsAre("batch_size=16"), ElementsAre("batch_size=32")));
}

TEST(Companions, LearnFromOneTeacher) {
  EXPECT_THAT(groups("[study.variants.kd]\n[study.variants.soft]\nloss.soft.weight = 0.5\n"
                     "[study.variants.late]\nteacher.training.schedule.epochs = 7\n"),
              ElementsAre(ElementsAre("kd", "soft"), ElementsAre("late")));
}

}  // namespace
}  // namespace retort::study

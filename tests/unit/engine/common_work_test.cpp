#include "engine/common_work.hpp"

#include <gmock/gmock.h>

#include "engine/trainer.hpp"
#include "synthetic_stage.hpp"
#include "weights/state.hpp"

namespace retort::engine {
namespace {

// Counts its forward passes; its operators cannot be recorded, so that every pass is one.
class Counting final : public Model {
 public:
  explicit Counting(std::shared_ptr<Model> model) : model_(register_module("model", std::move(model))) {}

  std::vector<TapInfo> taps() const override { return model_->taps(); }
  InputSpec input() const override { return model_->input(); }
  Taps forward(const ModelInput& input, const TapRequest& request) override {
    ++passes;
    last = request.names();
    return model_->forward(input, request);
  }

  int passes = 0;
  std::vector<std::string> last;

 private:
  std::shared_ptr<Model> model_;
};

class Ignored final : public StageObserver {
 public:
  void read(const Reading&) override {}
  void evaluated(const Position&, const Evaluation&) override {}
  void save_point(const Position&, bool) override {}
};

// Trains stages in turns, a step each, from data and a teacher that are the first one's.
class Together {
 public:
  explicit Together(const std::vector<std::string>& stages) {
    for (const std::string& toml : stages) stages_.push_back(std::make_unique<SyntheticStage>(toml));
    teacher = std::make_shared<Counting>(stages_.front()->graph().teacher->model);
    for (const auto& stage : stages_) {
      stage->graph().teacher->model = teacher;
      stage->graph().teacher->recordable = false;
    }
  }

  // `between` hears of the number of steps of each trainer that are done.
  void train(const std::function<void(std::int64_t)>& between = [](std::int64_t) {}) {
    const SyntheticStage& first = *stages_.front();
    for (const auto& stage : stages_) {
      trainers_.push_back(std::make_unique<StageTrainer>(
          stage->graph(), *first.train, *first.test, values_,
          StageTrainer::Options{.read_every = 3, .common = &work, .teacher_name = "the teacher"}, observer_));
    }
    for (const auto& trainer : trainers_) trainer->evaluate_teacher();
    evaluation_passes = std::exchange(teacher->passes, 0);
    for (bool more = true; more;) {
      more = false;
      for (const auto& trainer : trainers_) {
        if (trainer->finished()) continue;
        trainer->advance();
        more = true;
      }
      between(trainers_.front()->position().step);
    }
  }

  std::string student(std::size_t i) { return weights::state_hash(*stages_[i]->graph().student.model); }

  CommonWork work;
  std::shared_ptr<Counting> teacher;
  int evaluation_passes = 0;

 private:
  StepValues values_{[](registry::LogLevel, std::string_view, std::string_view) {}};
  Ignored observer_;
  std::vector<std::unique_ptr<SyntheticStage>> stages_;
  std::vector<std::unique_ptr<StageTrainer>> trainers_;
};

std::string trained_alone(const std::string& toml) {
  SyntheticStage stage(toml);
  StepValues values([](registry::LogLevel, std::string_view, std::string_view) {});
  Ignored observer;
  StageTrainer trainer(stage.graph(), *stage.train, *stage.test, values, {.read_every = 3}, observer);
  const std::atomic<bool> stop{false};
  trainer.run(stop);
  return weights::state_hash(*stage.graph().student.model);
}

TEST(CommonWork, TheTeacherSeesEachBatchOnceForAll) {
  Together stages({kSyntheticStage + kSoftTerm, kSyntheticStage + kHintTerm, kSyntheticStage + kSoftTerm + kHintTerm});
  stages.train();
  // 50 images in batches of 16, three epochs; each trainer compares its own teacher with the common one on the first
  // batch of each of the two sizes.
  EXPECT_EQ(stages.teacher->passes, 4 * 3 + 2 * 3);
  EXPECT_THAT(stages.teacher->last, testing::ElementsAre("logits", "penultimate"));
  EXPECT_EQ(stages.evaluation_passes, 1);
}

TEST(CommonWork, ChangesNoBit) {
  const std::vector<std::string> stages{kSyntheticStage + kSoftTerm, kSyntheticStage + kHintTerm};
  Together together(stages);
  together.train();
  EXPECT_EQ(together.student(0), trained_alone(stages[0]));
  EXPECT_EQ(together.student(1), trained_alone(stages[1]));
}

// Somebody who joins later asks for a tap that nobody had asked for: what the teacher makes is compared anew.
TEST(CommonWork, MoreTapsAreComparedAnew) {
  Together stages({kSyntheticStage + kSoftTerm});
  SyntheticStage late(kSyntheticStage + kHintTerm);
  late.graph().teacher->model = stages.teacher;
  late.graph().teacher->recordable = false;
  std::shared_ptr<CommonWork::Teacher> joined;
  stages.train([&](std::int64_t step) {
    if (step == 6) joined = stages.work.join("the teacher", *late.graph().teacher, c10::kCPU, torch::kFloat, {});
  });
  EXPECT_EQ(CommonWork::tap_count(*joined), 2u);
  // 12 batches; twice, for each number of taps, both sizes of batch are computed a second time.
  EXPECT_EQ(stages.teacher->passes, 12 + 2 + 2);
}

TEST(CommonWork, KnowsWhoSharesABatch) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  const data::Normalize normalize({0.5}, {0.5}, c10::kCPU);
  int made = 0;
  const auto make = [&] {
    ++made;
    return torch::full({1}, made);
  };
  const auto images = [&](CommonWork& work, c10::ScalarType type = torch::kFloat) {
    return work.images(normalize, type, at::MemoryFormat::Contiguous, make).item<int>();
  };
  CommonWork work;
  work.begin_batch(*stage.train, torch::tensor({1, 2}), 0);
  EXPECT_EQ(images(work), 1);
  work.begin_batch(*stage.train, torch::tensor({1, 2}), 0);
  EXPECT_EQ(images(work), 1);
  EXPECT_EQ(images(work, torch::kBFloat16), 2);
  work.begin_batch(*stage.train, torch::tensor({1, 2}), 1);
  EXPECT_EQ(images(work), 3);
  work.begin_batch(*stage.train, torch::tensor({1, 3}), 1);
  EXPECT_EQ(images(work), 4);
  work.begin_batch(*stage.test, torch::tensor({1, 3}), 1);
  EXPECT_EQ(images(work), 5);
}

TEST(CommonWork, TellsASourceOfABatchOnce) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  CommonWork work;
  EXPECT_TRUE(work.first_to_announce(*stage.train, "a", 0));
  EXPECT_TRUE(work.first_to_announce(*stage.train, "a", 1));
  EXPECT_FALSE(work.first_to_announce(*stage.train, "a", 1));
  EXPECT_FALSE(work.first_to_announce(*stage.train, "a", 0));
  EXPECT_TRUE(work.first_to_announce(*stage.train, "b", 0));
}

}  // namespace
}  // namespace retort::engine

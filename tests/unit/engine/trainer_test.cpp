#include "engine/trainer.hpp"

#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <torch/optim/sgd.h>

#include "graph/forward.hpp"
#include "synthetic_stage.hpp"
#include "weights/state.hpp"

namespace retort::engine {
namespace {

using testing::HasSubstr;

// Remembers what it is told; can ask for a stop after some steps' readings.
class Recorder final : public StageObserver {
 public:
  void read(const Reading& reading) override {
    readings.push_back(reading);
    if (stop_after > 0 && reading.position.step >= stop_after) stop = true;
  }
  void evaluated(const Position&, const Evaluation& evaluation) override { evaluations.push_back(evaluation); }
  void save_point(const Position& position, bool stopping) override { saves.emplace_back(position, stopping); }

  std::vector<Reading> readings;
  std::vector<Evaluation> evaluations;
  std::vector<std::pair<Position, bool>> saves;
  std::int64_t stop_after = 0;
  std::atomic<bool> stop{false};
};

StepValues silent() {
  return StepValues([](registry::LogLevel, std::string_view, std::string_view) {});
}

class TrainerTest : public testing::Test {
 protected:
  StageTrainer trainer(SyntheticStage& stage, std::int64_t read_every = 3) {
    return StageTrainer(stage.graph(), *stage.train, *stage.test, values_, {.read_every = read_every}, recorder_);
  }

  StepValues values_ = silent();
  Recorder recorder_;
};

// The loop that anybody would write by hand, with LibTorch's own optimizer.
std::string train_by_hand(SyntheticStage& stage) {
  graph::TrainingGraph& graph = stage.graph();
  auto& student = *graph.student.model;
  auto& teacher = *graph.teacher->model;
  student.train();
  teacher.eval();
  torch::optim::SGD optimizer(student.parameters(), torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(5e-4));
  data::EpochSampler sampler(stage.train->size(), 16, 1, false);
  const data::Normalize normalize(graph.data.mean, graph.data.deviation, c10::kCPU);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    for (std::int64_t i = 0; i < sampler.batches_per_epoch(); ++i) {
      const data::Draw draw = stage.train->draw(sampler.indices(epoch, i), epoch);
      const data::Batch batch = stage.train->batch(draw);
      const torch::Tensor images = stage.train->images(draw, normalize, torch::kFloat, at::MemoryFormat::Contiguous);
      torch::Tensor target_logits;
      {
        torch::NoGradGuard no_grad;
        target_logits = teacher.forward({images, {}}, {"logits"}).at("logits");
      }
      const torch::Tensor logits = student.forward({images, batch.target}, {"logits"}).at("logits");
      const torch::Tensor label = torch::cross_entropy_loss(logits, batch.target);
      const torch::Tensor soft = torch::kl_div(torch::log_softmax(logits / 2.0, 1),
                                               torch::softmax(target_logits / 2.0, 1), at::Reduction::Sum) /
                                 logits.size(0) * 4.0;
      optimizer.zero_grad();
      (0.3 * label + 0.7 * soft).backward();
      optimizer.step();
    }
  }
  return weights::state_hash(student);
}

TEST_F(TrainerTest, LearnsWhatALoopByHandLearns) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm), reference(kSyntheticStage + kSoftTerm);
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  const auto result = trainer(stage).run(recorder_.stop);
  EXPECT_TRUE(result.finished);
  train_by_hand(reference);
  const auto ours = weights::state_dict(*stage.graph().student.model);
  for (const auto& [name, tensor] : weights::state_dict(*reference.graph().student.model)) {
    EXPECT_TRUE(torch::allclose(ours.at(name), tensor, 1e-4, 1e-6)) << name;
  }
}

TEST_F(TrainerTest, ReadsEveryFewStepsAndAtTheEndOfAnEpoch) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  trainer(stage).run(recorder_.stop);
  std::vector<std::int64_t> steps;
  std::int64_t samples = 0;
  for (const Reading& reading : recorder_.readings) {
    steps.push_back(reading.position.step);
    samples += reading.samples;
    EXPECT_NEAR(reading.recent.loss, 0.3 * reading.recent.terms[0] + 0.7 * reading.recent.terms[1], 1e-5);
  }
  EXPECT_THAT(steps, testing::ElementsAre(3, 4, 6, 8, 9, 12));
  EXPECT_EQ(samples, 150);
  EXPECT_EQ(recorder_.evaluations.size(), 3u);
  EXPECT_TRUE(recorder_.evaluations[0].agreement.has_value());
}

TEST_F(TrainerTest, GoesOnToTheSameBitsFromASnapshot) {
  const std::string toml = kSyntheticStage + kSoftTerm + kHintTerm;
  SyntheticStage undisturbed(toml), stopped(toml), resumed(toml);
  trainer(undisturbed).run(recorder_.stop);

  recorder_.stop_after = 6;
  weights::TensorFile state;
  {
    StageTrainer first = trainer(stopped);
    EXPECT_FALSE(first.run(recorder_.stop).finished);
    EXPECT_EQ(first.position().step, 6);
    state = first.snapshot();
    for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
  }
  EXPECT_TRUE(recorder_.saves.back().second);

  recorder_.stop_after = 0;
  recorder_.stop = false;
  StageTrainer second = trainer(resumed);
  second.restore(state);
  EXPECT_TRUE(second.run(recorder_.stop).finished);
  EXPECT_EQ(weights::state_hash(*resumed.graph().student.model),
            weights::state_hash(*undisturbed.graph().student.model));
  EXPECT_EQ(weights::state_hash(*resumed.graph().projectors()[0].module),
            weights::state_hash(*undisturbed.graph().projectors()[0].module));
}

std::string with_temperature(const std::string& temperature) {
  return kSyntheticStage + "[loss.soft]\nuse = \"kl_divergence\"\nweight = 0.7\ntemperature = " + temperature + "\n";
}

TEST_F(TrainerTest, AConstantScheduleOfAParameterChangesNoBit) {
  SyntheticStage plain(with_temperature("2.0")), table(with_temperature("{ value = 2.0 }"));
  trainer(plain).run(recorder_.stop);
  trainer(table).run(recorder_.stop);
  EXPECT_EQ(weights::state_hash(*plain.graph().student.model), weights::state_hash(*table.graph().student.model));
}

// Four steps an epoch; 4 for one epoch, then 2.
TEST_F(TrainerTest, AScheduledParameterHasItsValueInEveryStep) {
  SyntheticStage scheduled(with_temperature("{ value = 4, use = \"multistep\", milestones = [1], gamma = 0.5 }"));
  StageTrainer subject = trainer(scheduled, /*read_every=*/1);
  SyntheticStage by_hand(with_temperature("4"));
  StageTrainer reference = trainer(by_hand);
  for (int step = 0; step < 8; ++step) {
    if (step == 4) graph::set_parameter(by_hand.graph().terms[1], "temperature", 2.0);
    reference.step();
    recorder_.readings.clear();
    subject.step();
    ASSERT_EQ(recorder_.readings.size(), 1u);
    const auto& parameters = recorder_.readings[0].parameters;
    ASSERT_EQ(parameters.size(), 1u);
    EXPECT_EQ(parameters[0].term, 1u);
    EXPECT_EQ(parameters[0].parameter, "temperature");
    EXPECT_EQ(parameters[0].value, step < 3 ? 4.0 : 2.0);
  }
  EXPECT_EQ(weights::state_hash(*scheduled.graph().student.model), weights::state_hash(*by_hand.graph().student.model));
}

TEST_F(TrainerTest, AScheduledParameterGoesOnFromASnapshot) {
  const std::string toml = with_temperature("{ value = 8, use = \"linear\", final = 1 }");
  SyntheticStage undisturbed(toml), stopped(toml), resumed(toml);
  trainer(undisturbed).run(recorder_.stop);
  StageTrainer first = trainer(stopped);
  for (int step = 0; step < 5; ++step) first.step();
  weights::TensorFile state = first.snapshot();
  StageTrainer second = trainer(resumed);
  second.restore(state);
  EXPECT_TRUE(second.run(recorder_.stop).finished);
  EXPECT_EQ(weights::state_hash(*resumed.graph().student.model),
            weights::state_hash(*undisturbed.graph().student.model));
}

TEST_F(TrainerTest, ASnapshotOfAnotherStageIsRefused) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  StageTrainer subject = trainer(stage);
  weights::TensorFile state = subject.snapshot();
  state.metadata["stage"] = "other";
  EXPECT_THROW(subject.restore(state), Error);
  state = subject.snapshot();
  state.tensors.erase("generator");
  EXPECT_THROW(subject.restore(state), Error);
}

TEST_F(TrainerTest, MaxStepsEndsAStageEarly) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  stage.graph().training.max_steps = 5;
  StageTrainer subject = trainer(stage);
  EXPECT_TRUE(subject.run(recorder_.stop).finished);
  EXPECT_EQ(subject.position().step, 5);
}

TEST_F(TrainerTest, AProjectorThatDoesNotMoveFailsTheStage) {
  SyntheticStage stage(kSyntheticStage + kHintTerm);
  stage.graph().optimizer.weight_decay = 0.0;
  stage.graph().training.lr.value = 0.0;
  try {
    trainer(stage).run(recorder_.stop);
    FAIL() << "an idle projector went unnoticed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("loss.hint.student.projector did not move"));
  }
}

TEST_F(TrainerTest, ATeacherThatChangesFailsTheStage) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  StageTrainer subject = trainer(stage);
  {
    torch::NoGradGuard no_grad;
    stage.graph().teacher->model->parameters()[0].add_(1e-3);
  }
  try {
    subject.run(recorder_.stop);
    FAIL() << "a changed teacher went unnoticed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("teacher of stage 'student' changed"));
  }
}

TEST_F(TrainerTest, AnObjectiveThatIsNotFiniteStopsTheStageAndNamesTheTerm) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  {
    torch::NoGradGuard no_grad;
    stage.graph().teacher->model->parameters()[0].fill_(std::numeric_limits<float>::quiet_NaN());
  }
  try {
    trainer(stage, /*read_every=*/1).run(recorder_.stop);
    FAIL() << "NaN went unnoticed";
  } catch (const Diverged& error) {
    EXPECT_THAT(error.what(), HasSubstr("step 1 (loss.soft)"));
  }
}

// On a device without graphs of its own: a replay does the work again, on the tensors of the capture.
class Repetition final : public DeviceGraph {
 public:
  void warm_up(const std::function<void()>& work) override { work(); }
  void capture(const std::function<void()>& work) override { work_ = work; }
  void replay() override {
    ++replays;
    work_();
  }
  inline static int replays = 0;

 private:
  std::function<void()> work_;
};

TEST_F(TrainerTest, ReplayedStepsLearnWhatStepsLearn) {
  const std::string toml = kSyntheticStage + kSoftTerm + kHintTerm;
  SyntheticStage plain(toml), replayed(toml);
  trainer(plain).run(recorder_.stop);
  Repetition::replays = 0;
  StageTrainer subject(replayed.graph(), *replayed.train, *replayed.test, values_,
                       {.read_every = 3, .capture = [] { return std::make_unique<Repetition>(); }}, recorder_);
  EXPECT_TRUE(subject.run(recorder_.stop).finished);
  // 12 steps; three to warm up for each kind of step: of 16 and of 2 images, read or not.
  EXPECT_GE(Repetition::replays, 2);
  EXPECT_EQ(weights::state_hash(*plain.graph().student.model), weights::state_hash(*replayed.graph().student.model));
}

// A loss whose value is not a number in some steps.
class Stumbling final : public Loss {
 public:
  Stumbling(std::shared_ptr<Loss> loss, std::set<std::int64_t> steps)
      : loss_(std::move(loss)), steps_(std::move(steps)) {}

  torch::Tensor forward(const LossInputs& in) override {
    const torch::Tensor value = loss_->forward(in);
    return steps_.contains(in.step) ? value * std::numeric_limits<double>::quiet_NaN() : value;
  }

 private:
  std::shared_ptr<Loss> loss_;
  std::set<std::int64_t> steps_;
};

struct StumblingStage : SyntheticStage {
  StumblingStage(std::set<std::int64_t> steps, std::int64_t skip) : SyntheticStage(kConvStage + kSoftTerm + kHintTerm) {
    graph().training.skip_limit = skip;
    auto& loss = graph().terms[0].loss;
    loss = std::make_shared<Stumbling>(loss, std::move(steps));
  }
  // With batch norms, whose statistics a step changes before it fails.
  static inline const std::string kConvStage =
      synthetic_stage("[1, 8, 8]", "use = \"convnet\"\nchannels = [8]", "use = \"convnet\"\nchannels = [4]");
};

std::map<std::string, torch::Tensor> learnt(const StageTrainer& trainer) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, tensor] : trainer.snapshot().tensors) {
    if (name.starts_with("module.") || name.starts_with("optimizer.")) tensors[name] = tensor.clone();
  }
  return tensors;
}

TEST_F(TrainerTest, AStepThatIsNotFiniteCanBeLeftOut) {
  for (const bool adamw : {false, true}) {
    StumblingStage stage({5}, 1);
    if (adamw) stage.graph().optimizer.kind = config::OptimizerSpec::Kind::AdamW;
    recorder_.readings.clear();
    StageTrainer subject = trainer(stage, /*read_every=*/1);
    for (int step = 0; step < 5; ++step) subject.step();
    const auto before = learnt(subject);
    subject.step();
    for (const auto& [name, tensor] : learnt(subject)) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
    EXPECT_EQ(recorder_.readings.back().skipped, 1);
    while (subject.position().step < subject.total_steps()) subject.step();
    for (const auto& [name, tensor] : learnt(subject)) EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
    EXPECT_FALSE(learnt(subject).at("module.student/fc.weight").equal(before.at("module.student/fc.weight")));
    // The epoch's means are of the steps that count.
    EXPECT_TRUE(std::isfinite(recorder_.readings[7].epoch.loss));
    EXPECT_EQ(recorder_.readings[6].skipped, 0);
  }
}

TEST_F(TrainerTest, AnUpdateThatIsNotFiniteIsLeftOutToo) {
  StumblingStage stage({}, 100);
  stage.graph().training.lr.value = 1e38;
  StageTrainer subject = trainer(stage, /*read_every=*/1);
  const auto before = learnt(subject);
  subject.step();
  EXPECT_EQ(recorder_.readings.back().skipped, 1);
  EXPECT_TRUE(std::isnan(recorder_.readings.back().recent.loss));
  for (const auto& [name, tensor] : learnt(subject)) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
}

TEST_F(TrainerTest, WithoutSuchAStepThePolicyChangesNoBit) {
  StumblingStage watched({}, 1), plain({}, 1);
  plain.graph().training.skip_limit.reset();
  trainer(watched).run(recorder_.stop);
  trainer(plain).run(recorder_.stop);
  EXPECT_EQ(weights::state_hash(*watched.graph().student.model), weights::state_hash(*plain.graph().student.model));
}

TEST_F(TrainerTest, AStateWithSpoiltWeightsIsNotSaved) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  StageTrainer subject = trainer(stage);
  for (int step = 0; step < 3; ++step) subject.step();
  {
    const torch::NoGradGuard no_grad;
    stage.graph().student.model->parameters()[0][0][0].fill_(std::numeric_limits<float>::infinity());
  }
  recorder_.stop = true;
  EXPECT_THROW(subject.run(recorder_.stop), Diverged);
  EXPECT_TRUE(recorder_.saves.empty());
}

TEST_F(TrainerTest, MoreSuchStepsThanAllowedFailTheStage) {
  StumblingStage stage({2, 6, 9}, 2);
  try {
    trainer(stage, /*read_every=*/1).run(recorder_.stop);
    FAIL() << "a third step was left out";
  } catch (const Diverged& error) {
    EXPECT_THAT(error.what(), HasSubstr("up to step 10, 3 steps were not finite; schedule.on_divergence allows 2"));
  }
}

TEST_F(TrainerTest, StepsLeftOutAreCountedThroughASnapshot) {
  StumblingStage first_stage({2, 9}, 1), second_stage({2, 9}, 1);
  StageTrainer first = trainer(first_stage, /*read_every=*/1);
  for (int step = 0; step < 6; ++step) first.step();
  StageTrainer second = trainer(second_stage, /*read_every=*/1);
  second.restore(first.snapshot());
  EXPECT_THROW(second.run(recorder_.stop), Diverged);
  EXPECT_EQ(second.position().step, 10);
}

TEST_F(TrainerTest, TrainsInBfloat16WithFloat32Weights) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  StageTrainer subject(stage.graph(), *stage.train, *stage.test, values_, {.type = torch::kBFloat16}, recorder_);
  EXPECT_TRUE(subject.run(recorder_.stop).finished);
  EXPECT_LT(recorder_.readings.back().epoch.loss, recorder_.readings.front().epoch.loss);
  for (const auto& parameter : stage.graph().student.model->parameters()) {
    EXPECT_EQ(parameter.scalar_type(), torch::kFloat);
  }
}

}  // namespace
}  // namespace retort::engine

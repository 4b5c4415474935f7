#include "config/experiment.hpp"

#include "config/toml_text.hpp"
#include "config_test.hpp"

namespace retort::config {
namespace {

using Experiment = ConfigTest;

TEST_F(Experiment, AMinimalOneHasDefaults) {
  const ExperimentSpec spec = read(fixture("minimal.toml"));
  EXPECT_EQ(spec.run.name, "minimal");
  EXPECT_EQ(spec.run.seed, 1);
  EXPECT_EQ(spec.run.device.value, "auto");
  EXPECT_EQ(spec.run.precision.value, "float32");
  EXPECT_EQ(spec.run.directory, folder_ / "runs");
  EXPECT_EQ(spec.metrics.port.value, 0);
  ASSERT_EQ(spec.stages.size(), 1u);
  const StageSpec& stage = spec.stages[0];
  EXPECT_EQ(stage.name, "student");
  EXPECT_FALSE(stage.teacher);
  EXPECT_EQ(stage.student.model.use.value, "wrn_16_2");
  EXPECT_EQ(stage.student.model.kind, Kind::Model);
  ASSERT_EQ(stage.terms.size(), 1u);
  EXPECT_EQ(stage.terms[0].name, "label");
  EXPECT_EQ(stage.terms[0].weight.kind, ScheduleSpec::Kind::Constant);
  EXPECT_EQ(stage.terms[0].weight.value, 1.0);
  EXPECT_EQ(stage.optimizer.kind, OptimizerSpec::Kind::Sgd);
  EXPECT_EQ(stage.training.lr.value, stage.optimizer.lr);
  EXPECT_EQ(stage.training.epochs, 1);
}

TEST_F(Experiment, ReadsRunDataAndModels) {
  const ExperimentSpec spec = read(fixture("full.toml"));
  EXPECT_EQ(spec.run.name, "wrn_40_2-wrn_16_2/all");
  EXPECT_EQ(spec.run.seed, 7);
  EXPECT_EQ(spec.run.device.value, "cuda:1");
  EXPECT_EQ(spec.run.precision.value, "bfloat16");
  EXPECT_EQ(spec.run.threads, 4);
  EXPECT_EQ(spec.run.checkpoint_every, 10);
  EXPECT_EQ(spec.run.keep_checkpoints, 5);
  EXPECT_FALSE(spec.metrics.serve);
  EXPECT_EQ(spec.metrics.address.value, "0.0.0.0");
  EXPECT_EQ(spec.metrics.port.value, 9100);
  EXPECT_EQ(spec.metrics.every, 5);
  EXPECT_EQ(spec.metrics.diagnostics_every, 500);
  ASSERT_TRUE(spec.engine.logit_cache);
  EXPECT_EQ(spec.engine.logit_cache->folder, "/var/cache/logits");
  EXPECT_EQ(spec.engine.logit_cache->type, "float32");
  EXPECT_EQ(spec.engine.readers, 3);

  ASSERT_EQ(spec.stages.size(), 1u);
  const StageSpec& stage = spec.stages[0];
  EXPECT_EQ(stage.dataset.dataset.params, (Table{{"root", "data"}}));
  ASSERT_EQ(stage.dataset.transforms.size(), 2u);
  EXPECT_EQ(stage.dataset.transforms[1].params, (Table{{"probability", 0.25}}));

  ASSERT_TRUE(stage.teacher);
  EXPECT_EQ(stage.teacher->model.use.value, "wrn_40_2");
  EXPECT_EQ(stage.teacher->weights->value, std::filesystem::canonical(fixture("teacher.safetensors")));
  EXPECT_EQ(stage.teacher->expect_accuracy->value, 0.7561);
  EXPECT_EQ(stage.teacher->accuracy_tolerance, 0.01);
  EXPECT_EQ(stage.teacher->mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(stage.teacher->deviation, (std::vector<double>{0.25, 0.25, 0.25}));
  EXPECT_EQ(stage.teacher->model.params, Table{});
  EXPECT_EQ(stage.student.model.params, (Table{{"hidden", List{128, 64}}}));
}

TEST_F(Experiment, ReadsTheObjective) {
  const ExperimentSpec spec = read(fixture("full.toml"));
  const std::vector<TermSpec>& terms = spec.stages.at(0).terms;
  ASSERT_EQ(terms.size(), 3u);
  EXPECT_EQ(terms[0].weight.value, 0.1);
  EXPECT_TRUE(terms[0].student.empty());

  const ScheduleSpec& weight = terms[1].weight;
  EXPECT_EQ(terms[1].loss.params, (Table{{"temperature", 8}}));
  EXPECT_EQ(weight.kind, ScheduleSpec::Kind::Cosine);
  EXPECT_EQ(weight.value, 0.9);
  EXPECT_EQ(weight.final_value, 0.1);
  EXPECT_EQ(weight.warmup_epochs, 5.0);
  EXPECT_EQ(weight.warmup_start, 0.5);

  const TermSpec& term = terms[2];
  EXPECT_EQ(term.name, "with a space");
  EXPECT_EQ(term.loss.key, "loss.\"with a space\"");
  ASSERT_EQ(term.student.size(), 1u);
  EXPECT_EQ(term.student[0].tap.value, "penultimate");
  EXPECT_EQ(term.student[0].projector->use.value, "linear");
  EXPECT_EQ(term.student[0].projector->kind, Kind::Projector);
  EXPECT_EQ(term.student[0].projector->key, "loss.\"with a space\".student.projector");
  EXPECT_EQ(term.student[0].projector->params, (Table{{"bias", false}}));
  EXPECT_EQ(term.student[0].normalization->kind, Kind::Normalization);
  ASSERT_EQ(term.teacher.size(), 2u);
  EXPECT_EQ(term.teacher[0].tap.value, "penultimate");
  EXPECT_FALSE(term.teacher[0].normalization);
  EXPECT_EQ(term.teacher[1].tap.value, "");
  EXPECT_EQ(term.teacher[1].normalization->params, (Table{{"affine", true}}));
}

TEST_F(Experiment, AParameterTakesANumberOrASchedule) {
  const std::string rest =
      "[student]\nuse = 'mlp'\n[dataset]\nuse = 'cifar100'\n[loss.soft]\nuse = 'soft_targets'\n"
      "[teacher]\nuse = 'mlp'\nweights = 'w.safetensors'\n";
  write("w.safetensors", "");
  write("a.toml", rest);
  const auto term = [](const Overrides& overrides) { return read("a.toml", overrides).stages.at(0).terms.at(0); };
  EXPECT_EQ(term({}).loss.params, Table{});
  EXPECT_EQ(term({.set = {"loss.soft.temperature=3"}}).loss.params, (Table{{"temperature", 3}}));
  EXPECT_TRUE(term({.set = {"loss.soft.temperature=3"}}).schedules.empty());
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(term({.set = {"loss.soft.temperature=inf"}}).loss.params, (Table{{"temperature", inf}}));

  const TermSpec falling = term({.set = {"loss.soft.temperature={value = 8, use = 'linear', final = 1}"}});
  EXPECT_EQ(falling.loss.params, (Table{{"temperature", 8.0}}));
  ASSERT_EQ(falling.schedules.size(), 1u);
  EXPECT_EQ(falling.schedules[0].parameter, "temperature");
  EXPECT_EQ(falling.schedules[0].schedule.kind, ScheduleSpec::Kind::Linear);
  EXPECT_EQ(falling.schedules[0].schedule.value, 8.0);
  EXPECT_EQ(falling.schedules[0].schedule.final_value, 1.0);

  const TermSpec steps = term({.set = {"loss.soft.temperature={use = 'multistep', milestones = [3], gamma = 0.5}"}});
  EXPECT_EQ(steps.loss.params, (Table{{"temperature", 4.0}}));  // the declared default
  EXPECT_EQ(steps.schedules.at(0).schedule.value, 4.0);
}

TEST_F(Experiment, ReadsOptimizerAndSchedule) {
  const ExperimentSpec spec = read(fixture("full.toml"));
  const OptimizerSpec& optimizer = spec.stages.at(0).optimizer;
  EXPECT_EQ(optimizer.lr, 0.05);
  EXPECT_EQ(optimizer.momentum, 0.9);
  EXPECT_FALSE(optimizer.nesterov);
  EXPECT_EQ(optimizer.weight_decay, 5e-4);
  EXPECT_FALSE(optimizer.decay_1d);
  EXPECT_EQ(optimizer.clip_norm, 1.0);
  const TrainingSpec& training = spec.stages.at(0).training;
  EXPECT_EQ(training.epochs, 240);
  EXPECT_EQ(training.batch_size, 64);
  EXPECT_TRUE(training.drop_last);
  EXPECT_EQ(training.max_steps, 100);
  EXPECT_EQ(training.evaluate_every, 5);
  EXPECT_EQ(training.lr.kind, ScheduleSpec::Kind::Multistep);
  EXPECT_EQ(training.lr.value, 0.05);
  EXPECT_EQ(training.lr.milestones, (std::vector<std::int64_t>{150, 180, 210}));
  EXPECT_EQ(training.lr.gamma, 0.1);
}

TEST_F(Experiment, ParametersKnowWhereTheyWereWritten) {
  write("base.toml", "[student]\nuse = 'mlp'\nhidden = [1,\n 2]\n");
  write("a.toml", "extends = 'base.toml'\n[dataset]\nuse = 'cifar100'\n[loss.l]\nuse = 'cross_entropy'\n");
  const ExperimentSpec spec = read("a.toml", {.set = {"dataset.root=x"}});
  const ComponentSpec& model = spec.stages.at(0).student.model;
  EXPECT_EQ(model.origin_of("hidden[1]").text(), "base.toml:4:2");
  EXPECT_EQ(model.origin_of("hidden", true).text(), "base.toml:3:1");
  EXPECT_EQ(model.origin_of("hidden[7]").text(), "base.toml:3:10");
  EXPECT_EQ(model.origin_of("unwritten").text(), "base.toml:2:7");
  EXPECT_EQ(spec.stages.at(0).dataset.dataset.origin_of("root").text(), "--set #1");
}

TEST_F(Experiment, PathsStartAtTheFileThatHoldsThem) {
  write("parts/base.toml",
        "[student]\nuse = 'mlp'\nlibrary = '../lib/mine.so'\nweights = '${env:RETORT_TEST_W:-w}.safetensors'\n");
  write("parts/w.safetensors", "");
  write("here.safetensors", "");
  write("a.toml", "extends = 'parts/base.toml'\n[dataset]\nuse = 'cifar100'\n[loss.l]\nuse = 'cross_entropy'\n");
  const ExperimentSpec spec = read("a.toml");
  const ModelSpec& student = spec.stages.at(0).student;
  EXPECT_EQ(student.weights->value, folder_ / "parts/w.safetensors");
  EXPECT_EQ(student.model.library->value, folder_ / "lib/mine.so");
  EXPECT_EQ(student.model.params, Table{});

  const ExperimentSpec other = read("a.toml", {.set = {"student.weights=here.safetensors"}});
  EXPECT_EQ(other.stages.at(0).student.weights->value, folder_ / "here.safetensors");
}

TEST_F(Experiment, TheResolvedTextReadsTheSameElsewhere) {
  write("parts/base.toml", "[student]\nuse = 'mlp'\nweights = '${env:RETORT_TEST_W:-w}.safetensors'\n");
  write("parts/w.safetensors", "");
  write("a.toml", "extends = 'parts/base.toml'\n[dataset]\nuse = 'cifar100'\n[loss.l]\nuse = 'cross_entropy'\n");
  const ExperimentSpec spec = read("a.toml");
  write("runs/elsewhere/experiment.toml", toml_text(spec.resolved));
  const ExperimentSpec again = read("runs/elsewhere/experiment.toml");
  EXPECT_EQ(again.run.name, "a");
  EXPECT_EQ(again.stages.at(0).student.weights->value, folder_ / "parts/w.safetensors");
  EXPECT_EQ(again.resolved.value(), spec.resolved.value());
  EXPECT_EQ(toml_text(again.resolved), toml_text(spec.resolved));
}

}  // namespace
}  // namespace retort::config

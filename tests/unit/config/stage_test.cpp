#include "config/stage_plan.hpp"

#include "config_test.hpp"

namespace retort::config {
namespace {

using Stages = ConfigTest;

constexpr const char* kRoot =
    "[dataset]\nuse = 'cifar100'\n[student]\nuse = 'wrn_16_2'\n[loss.label]\nuse = 'cross_entropy'\n";

std::string names(const ExperimentSpec& spec) {
  std::string text;
  for (const StageSpec& stage : spec.stages) text += stage.name + " ";
  return text;
}

TEST_F(Stages, ATeacherWithoutWeightsIsTrainedFirst) {
  const ExperimentSpec spec = read(fixture("teacher_training.toml"));
  ASSERT_EQ(names(spec), "teacher student ");
  const StageSpec& first = spec.stages[0];
  EXPECT_FALSE(first.teacher);
  EXPECT_EQ(first.student.model.use.value, "wrn_40_2");
  EXPECT_EQ(first.student.model.key, "teacher");
  EXPECT_FALSE(first.student.expect_accuracy);
  EXPECT_EQ(first.dataset.dataset.use.value, "cifar100");
  ASSERT_EQ(first.terms.size(), 1u);
  EXPECT_EQ(first.terms[0].name, "label");
  EXPECT_EQ(first.terms[0].loss.use.value, "cross_entropy");
  EXPECT_EQ(first.terms[0].weight.value, 1.0);
  EXPECT_EQ(first.optimizer.lr, 0.1);
  EXPECT_EQ(first.optimizer.weight_decay, 1e-4);
  EXPECT_EQ(first.training.epochs, 200);
  EXPECT_EQ(first.training.batch_size, 32);
  EXPECT_EQ(first.training.lr.kind, ScheduleSpec::Kind::Cosine);
  EXPECT_EQ(first.training.lr.value, 0.1);

  const StageSpec& second = spec.stages[1];
  EXPECT_EQ(second.teacher->stage->value, "teacher");
  EXPECT_EQ(second.teacher->expect_accuracy->value, 0.7);
  EXPECT_EQ(second.student.model.use.value, "wrn_16_2");
  EXPECT_EQ(second.optimizer.lr, 0.05);
  EXPECT_EQ(second.training.epochs, 240);
  EXPECT_EQ(second.training.lr.kind, ScheduleSpec::Kind::Constant);
}

TEST_F(Stages, ATeachersOwnObjectiveReplacesTheLabels) {
  write("a.toml", std::string(kRoot) +
                      "[loss.soft]\nuse = 'kl_divergence'\n[teacher]\nuse = 'wrn_40_2'\n"
                      "[teacher.training.loss.smooth]\nuse = 'cross_entropy'\nsmoothing = 0.1\n");
  const ExperimentSpec spec = read("a.toml");
  ASSERT_EQ(spec.stages.at(0).terms.size(), 1u);
  EXPECT_EQ(spec.stages[0].terms[0].loss.key, "teacher.training.loss.smooth");
  EXPECT_EQ(spec.stages[0].terms[0].loss.params, (Table{{"smoothing", 0.1}}));
  EXPECT_EQ(spec.stages[1].terms.size(), 2u);
}

TEST_F(Stages, MistakesInATeachersTrainingAreToldOnce) {
  write("a.toml", std::string(kRoot) +
                      "[loss.soft]\nuse = 'kl_divergence'\n[teacher]\nuse = 'wrn_40_2'\nwidth = 3\n"
                      "[teacher.training]\nepochs = 3\noptimizer = { lr = -1, betas = [0.5, 0.5] }\n"
                      "[teacher.training.loss.smooth]\nuse = 'kl_divergence'\nsmooth = 0.1\n");
  EXPECT_EQ(read_problems("a.toml"),
            "a.toml:11:1: error: teacher.width: unknown key 'width' (accepted: use, library, weights, "
            "expect_accuracy, accuracy_tolerance, mean, deviation, stage, training, members, combine)\n"
            "a.toml:13:1: error: teacher.training.epochs: unknown key 'epochs' (accepted: seed, optimizer, schedule, "
            "loss)\n"
            "a.toml:14:20: error: teacher.training.optimizer.lr: expected a number of at least 0, found -1\n"
            "a.toml:14:24: error: optimizer.betas: goes with use = \"adam\" or \"adamw\", found with use = \"sgd\"\n"
            "a.toml:16:7: error: teacher.training.loss.smooth: the loss 'kl_divergence' compares with a teacher, and "
            "the stage 'teacher' has none; expected a table [teacher]\n"
            "a.toml:17:1: error: teacher.training.loss.smooth.smooth: unknown key 'smooth' (accepted: use, library, "
            "weight, student, teacher, temperature)\n");
}

TEST_F(Stages, AreTheExperimentWithTheirTablesLaidOver) {
  const ExperimentSpec spec = read(fixture("chain.toml"));
  ASSERT_EQ(names(spec), "big small ");
  const StageSpec& big = spec.stages[0];
  EXPECT_FALSE(big.teacher);
  EXPECT_EQ(big.terms.size(), 1u);
  EXPECT_EQ(big.training.epochs, 3);
  EXPECT_EQ(big.optimizer.momentum, 0.8);
  EXPECT_EQ(big.dataset.dataset.use.value, "cifar100");
  const StageSpec& small = spec.stages[1];
  EXPECT_EQ(small.after->value, "big");
  EXPECT_EQ(small.teacher->stage->value, "big");
  EXPECT_EQ(small.terms.size(), 2u);
  EXPECT_EQ(small.optimizer.kind, OptimizerSpec::Kind::AdamW);
  EXPECT_EQ(small.optimizer.beta1, 0.8);
  EXPECT_EQ(small.optimizer.beta2, 0.9);
  EXPECT_EQ(small.optimizer.eps, 1e-6);
  EXPECT_EQ(small.training.epochs, 1);
}

TEST_F(Stages, RunByAfterThenAsInTheFile) {
  write("a.toml",
        std::string(kRoot) + "[stage.e]\nafter = 'c'\n[stage.d]\n[stage.c]\nafter = 'b'\n[stage.b]\n[stage.a]\n");
  EXPECT_EQ(names(read("a.toml")), "d b c e a ");
}

TEST_F(Stages, AfterMustNameAStage) {
  write("a.toml", std::string(kRoot) + "[stage.first]\n[stage.second]\nafter = 'frist'\n");
  EXPECT_EQ(read_problems("a.toml"),
            "a.toml:9:9: error: stage.second.after: there is no stage 'frist'; did you mean 'first'? (stages: first, "
            "second)\n");
}

TEST_F(Stages, CyclesAreNamed) {
  write("a.toml", std::string(kRoot) +
                      "[stage.free]\n[stage.x]\nafter = 'a'\n[stage.a]\nafter = 'c'\n[stage.b]\nafter = 'a'\n"
                      "[stage.c]\nafter = 'b'\n");
  EXPECT_EQ(read_problems("a.toml"),
            "a.toml:11:9: error: stage.a.after: the stages wait for each other: a -> c -> b -> a\n");
  write("b.toml", std::string(kRoot) + "[stage.x]\nafter = 'x'\n");
  EXPECT_EQ(read_problems("b.toml"), "b.toml:8:9: error: stage.x.after: the stages wait for each other: x -> x\n");
}

TEST_F(Stages, ATeachersStageMustRunBefore) {
  const std::string soft = "[loss.soft]\nuse = 'kl_divergence'\n";
  write("a.toml", std::string(kRoot) + soft +
                      "[stage.one]\nteacher = { use = 'wrn_40_2', stage = 'two' }\n"
                      "[stage.two]\nteacher = { use = 'wrn_40_2', stage = 'onne' }\n"
                      "[stage.three]\nteacher = { use = 'wrn_40_2', stage = 'three' }\n");
  EXPECT_EQ(read_problems("a.toml"),
            "a.toml:10:39: error: teacher.stage: the stage 'two' does not run before 'one' (before it: no stage runs)\n"
            "a.toml:12:39: error: teacher.stage: there is no stage 'onne'; did you mean 'one'? (before it: one runs)\n"
            "a.toml:14:39: error: teacher.stage: the stage 'three' does not run before 'three' (before it: one, two "
            "run)\n");
  write("b.toml", std::string(kRoot) + soft + "[teacher]\nuse = 'wrn_40_2'\nstage = 'student'\n");
  EXPECT_EQ(read_problems("b.toml"),
            "b.toml:11:9: error: teacher.stage: the stage 'student' does not run before 'student' (before it: no stage "
            "runs)\n");
}

TEST_F(Stages, ATeacherInAChainHasASource) {
  write("w.safetensors", "");
  write("a.toml", std::string(kRoot) +
                      "[loss.soft]\nuse = 'kl_divergence'\n[teacher]\nuse = 'wrn_40_2'\n[stage.one]\n"
                      "[stage.two]\nteacher = { weights = 'w.safetensors', stage = 'one' }\n");
  EXPECT_EQ(read_problems("a.toml"),
            "a.toml:9:1: error: teacher: the stage 'one' needs to know where its teacher comes from; expected "
            "'weights' (a file) or 'stage' (an earlier stage, whose student it is)\n"
            "a.toml:13:48: error: teacher.stage: there are 'weights' too; expected one of the two\n");
}

TEST_F(Stages, UnusedPartsOfATeacherAreWarnedOf) {
  write("w.safetensors", "");
  write("a.toml", std::string(kRoot) +
                      "[teacher]\nuse = 'wrn_40_2'\nweights = 'w.safetensors'\n[teacher.training]\n"
                      "schedule = { epochs = 3 }\n");
  EXPECT_EQ(
      read_problems("a.toml"),
      "a.toml:7:1: warning: the stage 'student' has a teacher that no loss looks at\n"
      "a.toml:10:1: warning: teacher.training: not used, since the teacher is not trained in a stage of its own\n");
}

TEST_F(Stages, MistakesThatStagesInheritAreToldOnce) {
  write("a.toml", std::string(kRoot) + "[optimizer]\nlr = 'fast'\n[stage.one]\n[stage.two]\nlos = 1\nunset = 'x'\n");
  EXPECT_EQ(read_problems("a.toml"),
            "a.toml:8:6: error: optimizer.lr: expected a number of at least 0, found a string: \"fast\"\n"
            "a.toml:11:1: error: stage.two.los: unknown key 'los'; did you mean 'loss'? (accepted: after, unset, seed, "
            "dataset, teacher, student, loss, optimizer, schedule)\n"
            "a.toml:12:9: error: cannot unset x: there is no key 'x'\n");
}

}  // namespace
}  // namespace retort::config

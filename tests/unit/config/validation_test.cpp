#include "config/validation.hpp"

#include "config_test.hpp"

namespace retort::config {
namespace {

class Validation : public ConfigTest {
 protected:
  // Lines 1 to 6 of every text, right in themselves.
  static constexpr const char* kRoot =
      "[dataset]\nuse = 'cifar100'\n[student]\nuse = 'wrn_16_2'\n[loss.label]\nuse = 'cross_entropy'\n";
  static std::string problems(const std::string& text, const Overrides& overrides = {}) {
    write("a.toml", kRoot + text);
    return read_problems("a.toml", overrides);
  }
};

TEST_F(Validation, UnknownKeysAreLocatedAtTheKey) {
  EXPECT_EQ(problems("weigth = 1\n[rum]\n[run]\nseeds = 1\n[schedule]\nlr = { us = 'cosine' }\n"),
            "a.toml:7:1: error: loss.label.weigth: unknown key 'weigth'; did you mean 'weight'? (accepted: use, "
            "library, weight, student, teacher, smoothing)\n"
            "a.toml:8:2: error: rum: unknown key 'rum'; did you mean 'run'? (accepted: run, dataset, teacher, student, "
            "loss, optimizer, schedule, engine, metrics, stage, study, published)\n"
            "a.toml:10:1: error: run.seeds: unknown key 'seeds'; did you mean 'seed'? (accepted: name, seed, device, "
            "precision, directory, threads, checkpoint_every, keep_checkpoints)\n"
            "a.toml:12:8: error: schedule.lr.us: unknown key 'us'; did you mean 'use'? (accepted: use, milestones, "
            "gamma, final, warmup_epochs, warmup_start)\n");
}

TEST_F(Validation, TypesRangesAndChoicesAreLocatedAtTheValue) {
  EXPECT_EQ(problems("[run]\nseed = -1\nprecision = 'bfloat61'\nthreads = 1.5\n[metrics]\nserve = 'yes'\nport = 65536\n"
                     "[schedule]\nepochs = 0\nlr = 3\n[optimizer]\nbetas = [0.9, 'x']\n"),
            "a.toml:8:8: error: run.seed: expected an integer of at least 0, found -1\n"
            "a.toml:9:13: error: run.precision: expected one of \"float32\", \"bfloat16\", found \"bfloat61\"; did you "
            "mean 'bfloat16'?\n"
            "a.toml:10:11: error: run.threads: expected an integer of at least 0, found a number: 1.5\n"
            "a.toml:12:9: error: metrics.serve: expected true or false, found a string: \"yes\"\n"
            "a.toml:13:8: error: metrics.port: expected an integer in [0, 65535], found 65536\n"
            "a.toml:15:10: error: schedule.epochs: expected an integer of at least 1, found 0\n"
            "a.toml:16:6: error: schedule.lr: expected a table, found an integer: 3\n"
            "a.toml:18:1: error: optimizer.betas: goes with use = \"adam\" or \"adamw\", found with use = \"sgd\"\n"
            "a.toml:18:15: error: optimizer.betas[1]: expected a number in [0, 1), found a string: \"x\"\n");
}

TEST_F(Validation, TheRunsNameMayNotLeaveItsFolder) {
  for (const char* name : {"../x", "/x", "", "a/../b", ".", "a/.", "a/"}) {
    EXPECT_EQ(
        problems(std::string("[run]\nname = '") + name + "'\n"),
        std::string("a.toml:8:8: error: run.name: expected a relative path without '..', found \"") + name + "\"\n");
  }
  EXPECT_EQ(problems("[run]\nname = 'a b/c..d'\n"), "");
}

TEST_F(Validation, DevicesAreKnown) {
  for (const char* device : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:12345", "cudas", ""}) {
    EXPECT_EQ(problems(std::string("[run]\ndevice = '") + device + "'\n"),
              std::string("a.toml:8:10: error: run.device: expected \"auto\", \"cpu\", \"cuda\" or \"cuda:N\", found "
                          "\"") +
                  device + "\"\n");
  }
  for (const char* device : {"auto", "cpu", "cuda", "cuda:0", "cuda:15"}) {
    EXPECT_EQ(problems(std::string("[run]\ndevice = '") + device + "'\n"), "");
  }
}

TEST_F(Validation, ComponentsAreLookedUp) {
  EXPECT_EQ(problems("", {.set = {"student.use=wrn_16_3", "loss.label.use=kl_divergance", "dataset.use=3"}}),
            "--set #1: error: student.use: unknown model 'wrn_16_3'; did you mean 'wrn_16_2'?\n"
            "--set #2: error: loss.label.use: unknown loss 'kl_divergance'; did you mean 'kl_divergence'?\n"
            "--set #3: error: dataset.use: expected a string, found an integer: 3\n");
}

TEST_F(Validation, AnUnusablePluginIsNoMistakeOfTheUsers) {
  write("a.toml", std::string(kRoot) + "library = 'broken.so'\n");
  Diagnostics diagnostics;
  read_experiment(load("a.toml"), FakeCatalog(), diagnostics);
  EXPECT_EQ(diagnostics.text(), "a.toml:7:11: error: loss.label: cannot load broken.so\n");
  EXPECT_EQ(diagnostics.exit_code(), 3);
}

TEST_F(Validation, TheHostsKeysAreCheckedEvenWhenTheComponentIsUnknown) {
  EXPECT_EQ(problems("weight = -1\nanything = 1\n", {.set = {"loss.label.use=unheard_of"}}),
            "a.toml:7:10: error: loss.label.weight: expected a number of at least 0, found -1\n"
            "--set #1: error: loss.label.use: unknown loss 'unheard_of'\n");
}

TEST_F(Validation, ParametersOfComponentsAreLocated) {
  EXPECT_EQ(problems("smoothing = 1.0\n[teacher]\nuse = 'mlp'\nweights = 'a.toml'\nhidden = [3,\n 0, 'x']\n"
                     "[loss.soft]\nuse = 'kl_divergence'\ntemperature = 0\ntemprature = 4\n"),
            "a.toml:7:13: error: loss.label.smoothing: expected a number in [0, 1), found 1.0\n"
            "a.toml:12:2: error: teacher.hidden[1]: expected an integer of at least 1, found 0\n"
            "a.toml:12:5: error: teacher.hidden[2]: expected an integer of at least 1, found a string: \"x\"\n"
            "a.toml:15:15: error: loss.soft.temperature: expected a number greater than 0, found 0\n"
            "a.toml:16:1: error: loss.soft.temprature: unknown key 'temprature'; did you mean 'temperature'? "
            "(accepted: use, library, weight, student, teacher, temperature)\n");
}

TEST_F(Validation, BranchesAreChecked) {
  EXPECT_EQ(problems("[teacher]\nuse = 'wrn_40_2'\nweights = 'a.toml'\n[loss.r]\nuse = 'logsum'\n"
                     "student = { tap = 1, projector = { use = 'linear', bia = true }, norm = {} }\n"
                     "teacher = [\n  { projector = { bias = true } },\n  5,\n"
                     "  { normalization = { use = 'batchnorm' }, projector = 'linear' } ]\n"),
            "a.toml:12:19: error: loss.r.student.tap: expected a string, found an integer: 1\n"
            "a.toml:12:52: error: loss.r.student.projector.bia: unknown key 'bia'; did you mean 'bias'? (accepted: "
            "use, library, bias)\n"
            "a.toml:12:66: error: loss.r.student.norm: unknown key 'norm' (accepted: tap, projector, normalization)\n"
            "a.toml:14:17: error: loss.r.teacher[0].projector.use: missing; expected a string\n"
            "a.toml:15:3: error: loss.r.teacher[1]: expected a string or a table, found an integer: 5\n"
            "a.toml:16:29: error: loss.r.teacher[2].normalization.use: unknown normalization 'batchnorm'; did you mean "
            "'batch_norm'?\n"
            "a.toml:16:56: error: loss.r.teacher[2].projector: expected a table, found a string: \"linear\"\n");
}

TEST_F(Validation, ALossAndItsTeacherFit) {
  EXPECT_EQ(problems("teacher = 'logits'\n[loss.soft]\nuse = 'kl_divergence'\n"),
            "a.toml:7:11: error: loss.label.teacher: the loss 'cross_entropy' looks at no teacher\n"
            "a.toml:9:7: error: loss.soft: the loss 'kl_divergence' compares with a teacher, and the stage 'student' "
            "has none; expected a table [teacher]\n");
}

TEST_F(Validation, WhatAStageNeedsMustBeThere) {
  write("b.toml", "[run]\nseed = 1\n");
  EXPECT_EQ(read_problems("b.toml"),
            "b.toml:1:1: error: the stage 'student' has no table [dataset]\n"
            "b.toml:1:1: error: the stage 'student' has no table [student]\n"
            "b.toml:1:1: error: the stage 'student' has no objective; expected at least one table [loss.<name>]\n");
  write("c.toml", "[dataset]\n[student]\nweights = 'x'\n[loss]\n");
  EXPECT_EQ(read_problems("c.toml"),
            "c.toml:1:1: error: dataset.use: missing; expected a string\n"
            "c.toml:2:1: error: student.use: missing; expected a string\n"
            "c.toml:3:11: error: student.weights: there is no file '" +
                folder_.string() + "/x'\n" +
                "c.toml:4:1: error: the stage 'student' has no objective; expected at least one table [loss.<name>]\n");
  write("d.toml", "dataset = 1\nstudent = 'x'\nloss = { a = 1 }\nrun = []\n");
  EXPECT_EQ(read_problems("d.toml"),
            "d.toml:1:11: error: dataset: expected a table, found an integer: 1\n"
            "d.toml:2:11: error: student: expected a table, found a string: \"x\"\n"
            "d.toml:3:14: error: loss.a: expected a table, found an integer: 1\n"
            "d.toml:4:7: error: run: expected a table, found a list: []\n");
}

TEST_F(Validation, MissingWeightsAreLocatedAndTheNearestNamed) {
  write("teachers/wrn_40_2.safetensors", "");
  EXPECT_EQ(problems("[loss.soft]\nuse = 'kl_divergence'\n[teacher]\nuse = 'wrn_40_2'\n"
                     "weights = 'teachers/wrn_40_1.safetensors'\n"),
            "a.toml:11:11: error: teacher.weights: there is no file '" + folder_.string() +
                "/teachers/wrn_40_1.safetensors'; did you mean 'wrn_40_2.safetensors'?\n");
}

TEST_F(Validation, KeysOfAnotherVariantAreRefused) {
  EXPECT_EQ(
      problems("weight = { value = 1, gamma = 0.5, final = 0 }\n[optimizer]\nuse = 'adamw'\nlr = 1\n"
               "momentum = 0.9\nnesterov = true\n[schedule]\nlr = { use = 'cosine', milestones = [1] }\n"),
      "a.toml:7:23: error: loss.label.weight.gamma: goes with use = \"multistep\", found with use = "
      "\"constant\"\n"
      "a.toml:7:36: error: loss.label.weight.final: goes with use = \"cosine\" or \"linear\", found with use = "
      "\"constant\"\n"
      "a.toml:11:1: error: optimizer.momentum: goes with use = \"sgd\", found with use = \"adamw\"\n"
      "a.toml:12:1: error: optimizer.nesterov: goes with use = \"sgd\", found with use = \"adamw\"\n"
      "a.toml:14:24: error: schedule.lr.milestones: goes with use = \"multistep\", found with use = \"cosine\"\n");
  EXPECT_EQ(problems("[optimizer]\nbetas = [0.9, 0.99]\neps = 1e-8\n"),
            "a.toml:8:1: error: optimizer.betas: goes with use = \"adam\" or \"adamw\", found with use = \"sgd\"\n"
            "a.toml:9:1: error: optimizer.eps: goes with use = \"adam\" or \"adamw\", found with use = \"sgd\"\n");
}

TEST_F(Validation, VariantsNeedWhatTheyCannotDoWithout) {
  EXPECT_EQ(problems("[optimizer]\nuse = 'adamw'\nbetas = [0.9]\n[schedule]\nlr = { use = 'multistep' }\n"),
            "a.toml:7:1: error: optimizer.lr: missing; the default of 0.05 is for \"sgd\"\n"
            "a.toml:9:9: error: optimizer.betas: expected two numbers, found 1\n"
            "a.toml:11:6: error: schedule.lr.milestones: missing; use = \"multistep\" needs a list of epochs\n");
  EXPECT_EQ(problems("[schedule]\nlr = { use = 'multistep', milestones = [5, 9, 9, 2] }\n"),
            "a.toml:8:47: error: schedule.lr.milestones: expected an epoch after 9, found 9\n"
            "a.toml:8:50: error: schedule.lr.milestones: expected an epoch after 9, found 2\n");
}

TEST_F(Validation, InfinityIsForThoseParametersThatTakeIt) {
  EXPECT_EQ(problems("[optimizer]\nlr = inf\nmomentum = -inf\n[schedule]\nepochs = inf\n"),
            "a.toml:8:6: error: optimizer.lr: expected a number of at least 0, found inf\n"
            "a.toml:9:12: error: optimizer.momentum: expected a number in [0, 1), found -inf\n"
            "a.toml:11:10: error: schedule.epochs: expected an integer of at least 1, found a number: inf\n");
  EXPECT_EQ(problems("", {.set = {"loss.label.weight=inf", "student.mean=[inf]"}}),
            "--set #1: error: loss.label.weight: expected a number of at least 0, found inf\n"
            "--set #2: error: student.mean[0]: expected a number, found inf\n");
}

TEST_F(Validation, AParametersScheduleKeepsToItsRange) {
  const auto problems_of = [&](const std::string& temperature) {
    return problems("[teacher]\nuse = 'mlp'\nweights = 'w.safetensors'\n[loss.s]\nuse = 'soft_targets'\n",
                    {.set = {"loss.s.temperature=" + temperature}});
  };
  write("w.safetensors", "");
  EXPECT_EQ(problems_of("{ value = 8, use = 'cosine', final = 1, warmup_epochs = 2, warmup_start = 0.5 }"), "");
  EXPECT_EQ(problems_of("0"),
            "--set #1: error: loss.s.temperature: expected a number greater than 0 (or inf), found 0\n");
  EXPECT_EQ(problems_of("'hot'"),
            "--set #1: error: loss.s.temperature: expected a number greater than 0 (or inf) or a "
            "table, found a string: \"hot\"\n");
  EXPECT_EQ(problems_of("{ value = inf }"),
            "--set #1: error: loss.s.temperature.value: expected a number greater than 0, found inf\n"
            "--set #1: error: loss.s.temperature: expected a number greater than 0 throughout, found inf at first\n");
  EXPECT_EQ(problems_of("{ use = 'linear' }"),
            "--set #1: error: loss.s.temperature.final: missing; a parameter has no "
            "value that it ends at unless told\n"
            "--set #1: error: loss.s.temperature: expected a number greater than 0 "
            "throughout, found 0.0 at the end\n");
  EXPECT_EQ(problems_of("{ value = 8, warmup_epochs = 3, warmup_start = 0 }"),
            "--set #1: error: loss.s.temperature: expected a number greater than 0 throughout, found 0.0 where the "
            "warm-up starts\n");
  EXPECT_EQ(problems_of("{ value = 8, finall = 1 }"),
            "--set #1: error: loss.s.temperature.finall: unknown key 'finall'; did you mean 'final'? (accepted: value, "
            "use, milestones, gamma, final, warmup_epochs, warmup_start)\n");
}

TEST_F(Validation, OnlyDeclaredParametersTakeASchedule) {
  EXPECT_EQ(problems("", {.set = {"loss.label.smoothing={ value = 0.1 }"}}),
            "--set #1: error: loss.label.smoothing: expected a number in [0, 1), found a table: { value = 0.1 }\n");
}

TEST_F(Validation, NesterovNeedsAMomentum) {
  EXPECT_EQ(problems("[optimizer]\nmomentum = 0.0\nnesterov = true\n"),
            "a.toml:9:12: error: optimizer.nesterov: needs a momentum greater than 0, found 0\n");
}

TEST_F(Validation, ChannelsMustAgree) {
  EXPECT_EQ(problems("", {.set = {"student.mean=[0.5, 0.5, 0.5]", "student.deviation=[0.2, 0]"}}),
            "--set #2: error: student.deviation[1]: expected a number greater than 0, found 0\n"
            "--set #2: error: student.deviation: expected as many numbers as in mean (3), found 2\n");
}

TEST_F(Validation, KeysWithDotsAreFound) {
  const Node node = toml("'a.b' = { 'c[0]' = [1, 2], c = 3 }\na = { b = 4 }\n", "x.toml");
  EXPECT_EQ(locate(node, "a.b.c[0][1]", false, {}).text(), "x.toml:1:24");
  EXPECT_EQ(locate(node, "a.b.c", true, {}).text(), "x.toml:1:28");
  EXPECT_EQ(locate(node, "a.b.zz", false, {}).text(), "x.toml:1:9");
  EXPECT_EQ(locate(node, "zz", false, {"root"}).text(), "root");
}

}  // namespace
}  // namespace retort::config

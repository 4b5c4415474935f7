"""retort study: the plan, what it runs and leaves, failures, errors."""

import json
import re
import tomllib

import pytest
from harness import FAILED, USAGE, changed, read_safetensors, tree
from studies import SMALL, TEMPERATURES, VARIANTS, Study, run_study


@pytest.fixture(scope="module")
def grid(shared_retort):
    return run_study(shared_retort, SMALL + TEMPERATURES, "-j", 2)


def test_grid_runs_every_combination(grid):
    done, study = grid
    assert list(study.members) == [f"temperature={t},seed={s}" for t in (1, 4) for s in (1, 2)]
    assert set(study.states().values()) == {"finished"}
    for name, member in study.members.items():
        experiment = tomllib.loads((study.run(name).root / "experiment.toml").read_text())
        assert experiment["loss"]["soft"]["temperature"] == member["settings"]["loss.soft.temperature"]
        assert experiment["run"]["seed"] == member["settings"]["run.seed"] == member["seed"]
        assert study.run(name).summary["stages"] == member["stages"]
        assert member["group"] == name.split(",")[0]
        assert re.search(rf"(?m)^{name} +finished +\d+\.\d\d%", done.stdout)


def test_teachers_are_trained_once_for_each_seed(grid):
    _, study = grid
    assert sorted(teacher["seed"] for teacher in study.teachers.values()) == [1, 2]
    for name, teacher in study.teachers.items():
        assert [int(member.rpartition("=")[2]) for member in teacher["members"]] == [teacher["seed"]] * 2
        for member in teacher["members"]:
            assert study.members[member]["teachers"] == [name]
            assert [stage["stage"] for stage in study.run(member).summary["stages"]] == ["student"]


def test_shared_teacher_changes_no_bit(grid, shared_retort):
    _, study = grid
    file = study.root / "temperature=4,seed=2" / "experiment.toml"
    alone = shared_retort("run", file, "--set", "run.directory=alone").run
    assert [stage["stage"] for stage in alone.summary["stages"]] == ["teacher", "student"]
    member = study.run("temperature=4,seed=2")
    teacher = study.run(study.members["temperature=4,seed=2"]["teachers"][0])
    for stage, run in (("teacher", teacher), ("student", member)):
        ours, theirs = read_safetensors(run.student(stage))[0], read_safetensors(alone.student(stage))[0]
        assert ours == theirs
    assert member.stages["student"]["top1"] == alone.stages["student"]["top1"]


def test_finished_study_runs_nothing_again(grid, shared_retort):
    _, study = grid
    before = {name: tree(study.root / name) for name in study.members}
    done, _ = run_study(shared_retort, SMALL + TEMPERATURES)
    assert {name: tree(study.root / name) for name in study.members} == before
    assert "begins" not in done.stderr
    assert set(study.states().values()) == {"finished"}


def test_more_values_run_alone(retort):
    run_study(retort, SMALL + VARIANTS)
    done, study = run_study(retort, changed(SMALL + VARIANTS, "seed = [1, 2]", "seed = [2, 1, 3]"))
    begun = re.findall(r"\] (\S+): begins", done.stderr)
    assert sorted(name for name in begun if not name.startswith("teacher-")) == ["kd,seed=3", "label,seed=3"]
    assert len(begun) == 3
    assert set(study.states().values()) == {"finished"}


def test_variants_are_laid_over_the_experiment(retort):
    done, study = run_study(retort, SMALL + VARIANTS, "--json")
    assert done.json == study.record
    label = tomllib.loads((study.run("label,seed=1").root / "experiment.toml").read_text())
    assert set(label["loss"]) == {"label"} and "teacher" not in label
    assert study.members["label,seed=1"]["teachers"] == []
    assert len(study.teachers) == 2


def test_teacher_with_a_seed_of_its_own_is_trained_once(retort):
    text = changed(SMALL, "[teacher.training.schedule]", "[teacher.training]\nseed = 9\n[teacher.training.schedule]")
    _, study = run_study(retort, text + "[study.axes]\nseed = [1, 2]\n")
    (teacher,) = study.teachers.values()
    assert teacher["seed"] == 9 and len(teacher["members"]) == 2


# Two stages learn from the first, and the third goes on with the student of the second.
STAGES = """\
[dataset]
use = "synthetic"
classes = 4
image = [1, 8, 8]
train = 256
test = 64

[schedule]
epochs = 1
batch_size = 32

[student]
use = "convnet"
channels = [4]

[stage.large]
seed = 5
student = { use = "convnet", channels = [8] }
loss.label = { use = "cross_entropy" }

[stage.soft]
teacher = { use = "convnet", channels = [8], stage = "large" }
loss.soft = { use = "kl_divergence" }

[stage.ensemble]
student.stage = "soft"
teacher.members.a = { use = "convnet", channels = [8], stage = "large" }
teacher.members.b = { use = "convnet", channels = [4], stage = "soft" }
loss.soft = { use = "kl_divergence" }

[study.axes]
seed = [1, 2]
"""


def test_stage_that_members_train_alike_is_trained_once(retort):
    _, study = run_study(retort, STAGES)
    ((name, teacher),) = study.teachers.items()
    assert teacher["seed"] == 5 and len(teacher["members"]) == 2
    for member in study.members:
        assert list(study.run(member).stages) == ["soft", "ensemble"]
    alone = retort("run", study.root / "seed=2" / "experiment.toml", "--set", "run.directory=alone").run
    assert list(alone.stages) == ["large", "soft", "ensemble"]
    assert read_safetensors(alone.student("large"))[0] == read_safetensors(study.run(name).student("large"))[0]
    for stage in ("soft", "ensemble"):
        ours = read_safetensors(study.run("seed=2").student(stage))[0]
        assert ours == read_safetensors(alone.student(stage))[0]


def test_stage_that_another_waits_for_is_not_shared(retort):
    _, study = run_study(retort, changed(STAGES, "[stage.soft]\n", '[stage.soft]\nafter = "large"\n'))
    assert study.teachers == {}
    assert list(study.run("seed=1").stages) == ["large", "soft", "ensemble"]


def test_members_may_train_their_own_teachers(retort):
    _, study = run_study(retort, SMALL + "[study]\nshare_teacher = false\n[study.axes]\nseed = [1]\n")
    assert study.teachers == {}
    assert list(study.run("seed=1").stages) == ["teacher", "student"]


def test_failure_leaves_the_others_alone(retort):
    axes = '[study.axes]\n"optimizer.lr" = [1e30, 0.05]\n'
    done, study = run_study(retort, SMALL + axes, "--set", "teacher.training.optimizer.lr=0.05", code=FAILED)
    assert study.states() == {"lr=1e+30": "failed", "lr=0.05": "finished"}
    member = study.members["lr=1e+30"]
    assert member["reason"]
    assert f"lr=1e+30 failed: {member['reason']}\n  log: {study.root}/lr=1e+30/log.txt\n" in done.stdout
    assert member["reason"] in (study.root / "lr=1e+30" / "log.txt").read_text()
    # It is told again, but not tried again.
    again, _ = run_study(retort, SMALL + axes, "--set", "teacher.training.optimizer.lr=0.05", code=FAILED)
    assert "begins" not in again.stderr and "goes on" not in again.stderr
    assert "lr=1e+30 failed: " in again.stdout
    tried, _ = run_study(
        retort, SMALL + axes, "--set", "teacher.training.optimizer.lr=0.05", "--retry-failed", code=FAILED
    )
    assert "lr=1e+30: goes on" in tried.stderr


def test_failed_teacher_fails_its_pupils(retort):
    axes = "[study.axes]\nseed = [1]\n"
    _, study = run_study(retort, SMALL + axes, "--set", "teacher.training.optimizer.lr=1e30", code=FAILED)
    (teacher,) = study.teachers.values()
    assert teacher["state"] == "failed"
    assert study.members["seed=1"]["reason"] == f"its teacher {teacher['name']} failed"


def test_dry_run_writes_nothing(retort):
    experiment = retort.write(SMALL + VARIANTS)
    done = retort("study", experiment, "--out", "study", "--dry-run")
    assert not (retort.folder / "study").exists()
    for name in ("kd,seed=1", "kd,seed=2", "label,seed=1", "label,seed=2"):
        assert re.search(rf"(?m)^{name} +run\.seed=\d", done.stdout)
    estimate = re.search(r"estimate: \S+ s for 6 runs, (\d+) steps", done.stderr)
    assert int(estimate[1]) == 8 * (2 * 3 + 4)  # 8 batches; two teachers of 3 epochs, four students of one
    assert len(re.findall(r"ms a step", done.stderr)) == 3  # the teacher, with and without it
    plan = retort("study", experiment, "--out", "study", "--dry-run", "--json", "--no-estimate").json
    assert [member["state"] for member in plan["members"]] == ["waiting"] * 4


def test_samples_are_the_same_every_time(retort):
    text = SMALL + (
        "[study.sample]\ncount = 3\n[study.sample.keys]\n"
        '"optimizer.lr" = { log_uniform = [1e-3, 0.1] }\n"loss.soft.temperature" = { integers = [1, 8] }\n'
    )
    words = ("study", retort.write(text), "--out", "study", "--dry-run", "--json", "--no-estimate")
    first, second = retort(*words).json, retort(*words).json
    assert first["members"] == second["members"]
    settings = [member["settings"] for member in first["members"]]
    assert len({json.dumps(one) for one in settings}) == 3
    assert all(1e-3 <= one["optimizer.lr"] <= 0.1 and 1 <= one["loss.soft.temperature"] <= 8 for one in settings)


def test_changed_experiment_is_not_mixed_with_earlier_runs(retort):
    run_study(retort, SMALL + VARIANTS)
    before = tree(retort.folder / "study")
    done, _ = run_study(retort, SMALL + VARIANTS, "--set", "optimizer.lr=0.01", code=USAGE)
    assert "holds runs of other experiments under these names" in done.stderr
    assert "\n  kd,seed=1: optimizer.lr: (none) -> 0.01\n" in done.stderr
    assert tree(retort.folder / "study") == before


def test_other_folders_are_left_alone(retort):
    (retort.folder / "study").mkdir()
    (retort.folder / "study" / "thesis.tex").write_text("")
    done, _ = run_study(retort, SMALL + VARIANTS, code=USAGE)
    assert "is not empty and holds no study" in done.stderr


@pytest.mark.parametrize(
    "study, where, message",
    [
        ('[study.axes]\n"loss.soft.temprature" = [1]\n', "36:1", "unknown key 'temprature'; did you mean 'temperature'?"),
        ('[study.axes]\n"loss.sofft.weight" = [1]\n', "36:1", "no table [loss.sofft]; did you mean 'soft'?"),
        ('[study.axes]\n"schedul.epochs" = [1]\n', "36:1", "no table 'schedul' in an experiment; did you mean 'schedule'?"),
        ("[study.axes]\nseed = []\n", "36:8", "expected at least one value"),
        ("[study.axes]\nseed = [1, 1]\n", "36:12", "the value 1 is there twice"),
        ("[study.axis]\nseed = [1]\n", "35:8", "unknown key 'axis'; did you mean 'axes'?"),
        ("[study.variants.a]\n[study.variants.b]\n", "35:1", "the same experiment as the member a"),
        ('[study.variants.a]\nunset = "loss.sofft"\n', "36:9", "cannot unset loss.sofft"),
        ("[study]\n", "35:1", "it has no members"),
    ],
)
def test_errors_have_places(retort, study, where, message):
    text = SMALL.rstrip("\n") + "\n" + study
    assert text.splitlines().index(study.splitlines()[0]) == SMALL.count("\n")
    line = SMALL.count("\n") + int(where.split(":")[0]) - 34
    done, folder = run_study(retort, text, code=USAGE)
    assert f"small.toml:{line}:{where.split(':')[1]}: error: " in done.stderr
    assert message in done.stderr
    assert not folder.root.exists()


def test_run_ignores_the_study(retort):
    done = retort("run", retort.write(SMALL + VARIANTS))
    assert "warning: study: not used, since 'retort run' trains the experiment itself" in done.stderr
    assert "study" not in tomllib.loads((done.run.root / "experiment.toml").read_text())
    retort("check", "small.toml")
    assert "[study.axes]" in retort("config", "small.toml").stdout

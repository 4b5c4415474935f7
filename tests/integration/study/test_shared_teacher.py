"""Members side by side in one process: to the bits of their separate runs, each with a directory and a fate of its own."""

import json
import os
import signal

import pytest
from harness import DONE, FAILED, STOPPED, USAGE, changed, children_of, read_safetensors, tree
from studies import SMALL, Study, hold_at_member, run_study

# Logits, features by way of a projector and batch norms, and labels alone; augmented, with a smaller last batch.
LOSSES = (
    changed(SMALL, "noise = 2.0", 'noise = 2.0\ntransforms = ["random_crop(8, padding=1)", "random_flip"]').replace(
        "train = 256", "train = 250"
    )
    + """
[study.axes]
"student.seed" = [1, 2]

[study.variants.kd]

[study.variants.mse]
unset = ["loss.soft"]
loss.logits = { use = "mse_logits", weight = 0.1 }

[study.variants.logsum]
unset = ["loss.soft"]

[study.variants.logsum.loss.features]
use = "logsum"
weight = 0.1
student = { tap = "penultimate", projector = { use = "linear" }, normalization = { use = "batch_norm" } }
teacher = { tap = "penultimate", normalization = { use = "batch_norm" } }

[study.variants.label]
unset = ["loss.soft", "teacher"]
"""
)
LONG = changed(LOSSES, "train = 250", "train = 2000").replace("batch_size = 32", "batch_size = 32\nepochs = 6")


def assert_same(ours, theirs):
    assert read_safetensors(ours.student())[0] == read_safetensors(theirs.student())[0]
    assert ours.stages["student"]["top1"] == theirs.stages["student"]["top1"]
    assert ours.stages["student"]["measures"] == theirs.stages["student"]["measures"]


@pytest.fixture(scope="module")
def together(shared_retort):
    return run_study(shared_retort, LOSSES, "--shared-teacher", out="together")


@pytest.fixture(scope="module")
def apart(shared_retort):
    return run_study(shared_retort, LOSSES, out="apart")[1]


@pytest.fixture(scope="module")
def undisturbed(shared_retort):
    return run_study(shared_retort, LONG, out="long")[1]


def test_members_come_to_the_bits_of_separate_runs(together, apart):
    done, study = together
    assert list(study.members) == [f"{v},seed={s}" for v in ("kd", "mse", "logsum", "label") for s in (1, 2)]
    assert set(study.states().values()) == {"finished"}, done.stderr
    for name in study.members:
        assert_same(study.run(name), apart.run(name))


def test_seeds_of_the_student_are_repetitions(together, apart):
    _, study = together
    assert len(study.teachers) == 1
    assert {member["group"]: member["seed"] for member in study.members.values()}.keys() == {
        "kd",
        "mse",
        "logsum",
        "label",
    }
    assert {member["seed"] for member in study.members.values()} == {1, 2}
    first, second = (read_safetensors(study.run(f"kd,seed={seed}").student())[0] for seed in (1, 2))
    assert first != second


def test_members_with_one_teacher_share_a_process(together):
    done, study = together
    commands = {
        name: tuple(json.loads((study.run(name).root / "environment.json").read_text())["command_line"])
        for name in study.members
    }
    taught = {commands[f"{v},seed={s}"] for v in ("kd", "mse", "logsum") for s in (1, 2)}
    untaught = {commands[f"label,seed={s}"] for s in (1, 2)}
    assert len(taught) == len(untaught) == 1 and taught != untaught
    assert "logsum,seed=2: begins, side by side with kd,seed=1" in done.stderr


def test_finished_members_are_not_run_again(together, shared_retort):
    _, study = together
    before = {name: tree(study.root / name) for name in study.members}
    done, _ = run_study(shared_retort, LOSSES, "--shared-teacher", out="together")
    assert "begins" not in done.stderr
    assert {name: tree(study.root / name) for name in study.members} == before


def test_stopped_members_go_on_to_the_same_bits(retort, undisturbed):
    words = ("study", retort.write(LONG), "--out", "study", "--no-estimate", "--shared-teacher")
    with retort.start(*words) as running:
        hold_at_member(running, "logsum,seed=2")
        done = running.end(signal.SIGTERM)
    assert done.code == STOPPED, done.stderr
    study = Study(retort.folder / "study")
    taught = [name for name in study.members if not name.startswith("label")]
    assert {study.states()[name] for name in taught} == {"stopped"}
    assert {study.states()[name] for name in ("label,seed=1", "label,seed=2")} == {"waiting"}
    again = retort(*words)
    assert again.code == DONE, again.stderr
    assert "mse,seed=1: goes on, side by side with kd,seed=1" in again.stderr
    for name in study.members:
        assert_same(study.run(name), undisturbed.run(name))


def test_a_member_that_diverges_leaves_the_others_alone(retort, apart):
    text = LOSSES + "\n[study.variants.wild]\nloss.soft.weight = 1e38\n"
    done, study = run_study(retort, text, "--shared-teacher", code=FAILED)
    states = study.states()
    assert {name for name, state in states.items() if state == "failed"} == {"wild,seed=1", "wild,seed=2"}
    assert set(states.values()) == {"finished", "failed"}
    assert "diverged" in study.members["wild,seed=1"]["reason"]
    assert_same(study.run("kd,seed=2"), apart.run("kd,seed=2"))


def test_members_whose_process_is_killed_run_by_themselves(retort, undisturbed):
    with retort.start("study", retort.write(LONG), "--out", "study", "--no-estimate", "--shared-teacher") as running:
        hold_at_member(running, "logsum,seed=2")
        (child,) = children_of(running.process.pid)
        os.kill(child, signal.SIGKILL)
        done = running.end()
    assert done.code == DONE, done.stderr
    assert "logsum,seed=2: its process ended before it; it will be run by itself" in done.stderr
    study = Study(retort.folder / "study")
    assert set(study.states().values()) == {"finished"}
    for name in study.members:
        assert_same(study.run(name), undisturbed.run(name))


def test_experiments_on_the_command_line_run_side_by_side(retort, apart):
    folder = apart.root
    files = [folder / name / "experiment.toml" for name in ("kd,seed=1", "mse,seed=2")]
    teacher = next(iter(apart.teachers))
    weights = apart.run(teacher).student("teacher")
    done = retort("run", *files, "--set", "run.directory=runs", "--set", f"teacher.weights={weights}", "--json")
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [outcome["state"] for outcome in outcomes] == ["finished", "finished"]
    for outcome, name in zip(outcomes, ("kd,seed=1", "mse,seed=2")):
        assert outcome["stages"][-1]["top1"] == apart.run(name).stages["student"]["top1"]


def test_runs_with_other_threads_cannot_share_a_process(retort):
    other = retort.write(changed(SMALL, "threads = 1", "threads = 2"), "other.toml")
    done = retort("run", retort.write(SMALL), other, code=USAGE)
    assert "run.threads is 2, that of the run beside it 1" in done.stderr
    assert not (retort.folder / "runs").exists()


def test_two_axes_of_seeds_are_an_error(retort):
    text = SMALL + '[study.axes]\nseed = [1, 2]\n"student.seed" = [1, 2]\n'
    done, _ = run_study(retort, text, code=USAGE)
    assert "repetitions differ in one of them" in done.stderr


def test_a_seed_of_initial_weights_that_are_given_is_an_error(retort, apart):
    weights = apart.run("kd,seed=1").student()
    text = changed(SMALL, "[student]\n", f'[student]\nseed = 3\nweights = "{weights}"\n')
    done = retort("run", retort.write(text), code=USAGE)
    assert "student.seed: is that of initial weights, and these come from 'weights'" in done.stderr

"""A study that was stopped or killed goes on, and its students are the same to the last bit."""

import os
import re
import signal

import pytest
from harness import FAILED, STOPPED, changed, children_of, read_safetensors
from studies import SMALL, Study, hold_at_member, run_study

# Each student takes a second or more, so that signals find it at work.
LONG = changed(changed(SMALL, "train = 256", "train = 2048"), "batch_size = 32", "batch_size = 32\nepochs = 12")
STUDY = LONG + "[study.axes]\nseed = [1, 2]\n"


@pytest.fixture(scope="module")
def undisturbed(shared_retort):
    return run_study(shared_retort, STUDY)[1]


def start(retort):
    return retort.start("study", retort.write(STUDY), "--out", "study", "--no-estimate")


def assert_same(study, undisturbed):
    assert set(study.states().values()) == {"finished"}
    for name in undisturbed.members:
        ours = read_safetensors(study.run(name).student())[0]
        assert ours == read_safetensors(undisturbed.run(name).student())[0], name


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_stopped_study_saves_its_runs(retort, undisturbed, name):
    with start(retort) as running:
        hold_at_member(running, "seed=1")
        done = running.end(getattr(signal, name))
    assert done.code == STOPPED, done.stderr
    study = Study(retort.folder / "study")
    assert study.states() == {"seed=1": "stopped", "seed=2": "waiting"}
    assert study.run("seed=1").summary["state"] == "stopped"
    finished, _ = run_study(retort, STUDY)
    assert "seed=1: goes on" in finished.stderr and "seed=2: begins" in finished.stderr
    assert_same(study, undisturbed)


@pytest.mark.parametrize("member", ["seed=1", "seed=2"])
def test_killed_study_goes_on(retort, undisturbed, member):
    with start(retort) as running:
        hold_at_member(running, member)
        assert running.kill().code == -signal.SIGKILL
    # Its run saves itself while the next sitting waits for it.
    finished, study = run_study(retort, STUDY)
    assert f"{member}: goes on" in finished.stderr
    assert_same(study, undisturbed)


def test_killed_member_fails_alone_and_goes_on_when_asked(retort, undisturbed):
    with start(retort) as running:
        hold_at_member(running, "seed=1")
        (child,) = children_of(running.process.pid)
        os.kill(child, signal.SIGKILL)
        done = running.end(timeout=120)
    assert done.code == FAILED
    study = Study(retort.folder / "study")
    assert study.states() == {"seed=1": "failed", "seed=2": "finished"}
    assert re.search("Killed", study.members["seed=1"]["reason"])
    run_study(retort, STUDY)
    assert_same(study, undisturbed)


def test_one_process_at_a_time(retort):
    with start(retort) as running:
        hold_at_member(running, "seed=1")
        refused, _ = run_study(retort, STUDY, code=FAILED)
        assert "is under way in another process" in refused.stderr
        assert running.end(signal.SIGTERM).code == STOPPED

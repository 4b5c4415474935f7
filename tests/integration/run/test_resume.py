"""A run that was stopped or killed goes on to the same bits, and its history has every line once."""

import hashlib
import json
import random
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from harness import (
    FAILED,
    SMALL,
    STOPPED,
    USAGE,
    Retort,
    Run,
    changed,
    metric,
    read_safetensors,
    settings,
    tree,
    wait_until,
)

# Both stages take a second or more, so that signals find them at work.
LONG = changed(changed(SMALL, "epochs = 2", "epochs = 20"), "train = 512", "train = 1024")
STEPS = 20 * 1024 // 32


@pytest.fixture(scope="module")
def undisturbed(shared_retort):
    return shared_retort("run", shared_retort.write(LONG)).run


def without_times(history):
    def kept(record):
        values = {name: value for name, value in record["values"].items() if name != "images_per_second"}
        return record | {"time": 0, "values": values}

    return [kept(record) for record in history]


def places(history):
    return [(record["stage"], record["split"], record["step"]) for record in history]


def assert_same(run, undisturbed):
    for stage in ("teacher", "student"):
        for file in ("student.safetensors", "best.safetensors"):
            path = f"stages/{stage}/{file}"
            assert (run.root / path).read_bytes() == (undisturbed.root / path).read_bytes(), path
    assert places(run.history()) == places(undisturbed.history())
    assert without_times(run.history()) == without_times(undisturbed.history())
    measured = [name for name in undisturbed.stages["student"] if name != "seconds"]
    for stage, outcome in undisturbed.stages.items():
        assert {name: run.stages[stage][name] for name in measured} == {name: outcome[name] for name in measured}
    assert run.summary["state"] == "finished"


@pytest.mark.parametrize(
    "name, stage", [("SIGTERM", "teacher"), ("SIGTERM", "student"), ("SIGINT", "student"), ("SIGUSR1", "teacher")]
)
def test_stopped_run_goes_on_to_the_same_bits(retort, undisturbed, name, stage):
    with retort.start("run", retort.write(LONG)) as running:
        run = running.hold_at_step(stage, STEPS // 3)
        done = running.end(getattr(signal, name))
    assert done.code == STOPPED, done.stderr
    assert f"retort: stopped; go on with: retort run --resume {run.root}\n" in done.stderr
    assert run.summary["state"] == "stopped"
    _, position = read_safetensors(run.checkpoint)
    assert position["stage"] == stage
    assert STEPS // 3 <= int(position["step"]) < STEPS
    finished = retort("run", "--resume", run.root)
    assert f"stage {stage}: goes on after step {position['step']}" in finished.stderr
    assert finished.run.root == run.root
    assert_same(run, undisturbed)
    # The counters are of one process.
    text = (run.root / "metrics.prom").read_text()
    steps = metric(text, "retort_train_steps_total", stage=stage)
    assert steps == STEPS - int(position["step"])
    assert metric(text, "retort_train_samples_total", stage=stage) == 32 * steps


def catches(pid, wanted):
    """Whether the process handles a signal itself."""
    mask = re.search(r"(?m)^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text())[1]
    return bool(int(mask, 16) >> (wanted - 1) & 1)


def test_run_stopped_before_its_first_step_can_be_resumed(retort, undisturbed):
    with retort.start("run", retort.write(LONG)) as running:
        wait_until(lambda: catches(running.process.pid, signal.SIGTERM), "the program to be up")
        stopped = running.end(signal.SIGTERM)
    assert stopped.code == STOPPED
    assert not stopped.run.history()
    retort("run", "--resume", stopped.run.root)
    assert_same(stopped.run, undisturbed)


@pytest.mark.parametrize("seed", [1, 2])
def test_run_killed_at_random_moments_goes_on_to_the_same_bits(retort, undisturbed, seed):
    moments = random.Random(seed)
    with retort.start("run", retort.write(LONG)) as running:
        run = running.directory()
        time.sleep(moments.uniform(0.0, 0.5))
        running.kill()
    words = ["run", "--resume", run.root]
    for _ in range(5):
        with retort.start(*words) as running:
            time.sleep(moments.uniform(0.1, 0.8))  # also while it reads, before it trains
            running.kill()
    retort(*words)
    assert_same(run, undisturbed)


@pytest.mark.parametrize("stage", ["teacher", "student"])
def test_run_killed_in_a_stage_goes_on_to_the_same_bits(retort, undisturbed, stage):
    with retort.start("run", retort.write(LONG)) as running:
        run = running.hold_at_step(stage, STEPS // 2 + 5)
        assert running.kill().code == -signal.SIGKILL
    retort("run", "--resume", run.root)
    assert_same(run, undisturbed)


def test_run_killed_behind_its_last_checkpoint_repeats_no_line(retort, undisturbed):
    # The student is trained and checkpointed, but its result was not written.
    run = Run(shutil.copytree(undisturbed.root, retort.folder / "run", symlinks=True))
    for file in ("stages/student/result.json", "stages/student/student.safetensors", "summary.json"):
        (run.root / file).unlink()
    retort("run", "--resume", run.root)
    assert_same(run, undisturbed)


def test_run_killed_before_its_summary_gets_it(retort, undisturbed):
    run = Run(shutil.copytree(undisturbed.root, retort.folder / "run", symlinks=True))
    (run.root / "summary.json").unlink()
    retort("run", "--resume", run.root)
    assert run.summary["stages"] == undisturbed.summary["stages"]
    assert_same(run, undisturbed)


def test_run_killed_before_a_stages_first_checkpoint_repeats_no_line(retort, undisturbed):
    # The teacher is done, the student has trained a few steps; no checkpoint is of the student.
    words = settings(run__checkpoint_every=1000)
    with retort.start("run", retort.write(LONG), *words) as running:
        run = running.hold_at_step("student", STEPS // 3)
        running.kill()
    assert read_safetensors(run.checkpoint)[1]["stage"] == "teacher"
    retort("run", "--resume", run.root)
    assert_same(run, undisturbed)


def test_stages_that_max_steps_ended_keep_their_history(retort):
    # They end in the middle of an epoch, where no checkpoint is due.
    words = settings(schedule__max_steps=STEPS // 2 + 20, run__checkpoint_every=1000)
    expected = retort("run", retort.write(LONG), *words).run
    with retort.start("run", retort.write(LONG), *words) as running:
        run = running.hold_at_step("student", STEPS // 3)
        running.kill()
    retort("run", "--resume", run.root)
    assert_same(run, expected)


def test_resuming_a_finished_run_does_nothing(retort, undisturbed):
    run = Run(shutil.copytree(undisturbed.root, retort.folder / "run", symlinks=True))
    before = tree(run.root)
    finished = retort("run", "--resume", run.root)
    assert finished.run.root == run.root
    assert tree(run.root) == before


def test_running_directory_is_not_resumed(retort):
    with retort.start("run", retort.write(LONG)) as running:
        run = running.hold_at_step("teacher", 10)
        refused = retort("run", "--resume", run.root, code=FAILED)
        assert f"the run in {run.root} is under way in another process" in refused.stderr
        assert running.end(signal.SIGTERM).code == STOPPED
    retort("run", "--resume", run.root)
    assert [stage["steps"] for stage in run.summary["stages"]] == [STEPS, STEPS]


def test_second_signal_ends_the_run_at_once(retort):
    # One step takes seconds; the first signal waits for its end.
    slow = settings(
        dataset__image="[3, 64, 64]", dataset__transforms="[]", schedule__batch_size=512, teacher__channels="[256, 256]"
    )
    with retort.start("run", retort.write(), *slow) as running:
        running.wait_for(r"stage teacher: trains convnet")
        running.process.send_signal(signal.SIGTERM)
        time.sleep(1.0)  # two that are waiting together are one
        assert running.process.poll() is None
        assert running.end(signal.SIGTERM).code == 128 + signal.SIGTERM


def test_resuming_takes_no_other_experiment(retort, undisturbed):
    experiment = retort.write(LONG)
    assert "leave CONFIG out" in retort("run", experiment, "--resume", undisturbed.root, code=USAGE).stderr
    words = settings(schedule__epochs=30)
    assert "cannot change it" in retort("run", "--resume", undisturbed.root, *words, code=USAGE).stderr


def test_only_a_runs_directory_is_resumed(retort):
    refused = retort("run", "--resume", retort.folder, code=USAGE)
    assert f"{retort.folder} is not the directory of a run: it has no experiment.toml" in refused.stderr


def test_damaged_checkpoint_is_named_and_the_one_before_used(retort, undisturbed):
    with retort.start("run", retort.write(LONG)) as running:
        run = running.hold_at_step("student", STEPS // 2)
        running.kill()
    newest = run.checkpoint.parent.resolve()
    content = bytearray(run.checkpoint.read_bytes())
    content[-1] ^= 1
    run.checkpoint.write_bytes(content)
    before = json.loads((newest.parent / f"{int(newest.name) - 1:06}/manifest.json").read_text())
    resumed = retort("run", "--resume", run.root)
    assert f"warning: the checkpoint {newest} is damaged: state.safetensors is not what was written" in resumed.stderr
    assert f"stage student: goes on after step {before['step']}" in resumed.stderr
    assert newest.with_suffix(".damaged").is_dir()
    assert_same(run, undisturbed)


def test_checkpoints_are_kept_as_told(retort):
    run = retort("run", retort.write(), *settings(schedule__epochs=6, run__keep_checkpoints=3)).run
    folder = run.root / "checkpoints"
    kept = {path.name: json.loads((path / "manifest.json").read_text()) for path in folder.glob("0*")}
    newest = sorted(kept)[-1]
    assert (folder / "last").readlink().name == newest
    best = (folder / "best").readlink().name
    assert set(kept) == set(sorted(kept)[-3:]) | {best} and len(sorted(kept)[-3:]) == 3
    assert kept[best]["top1"] == run.stages["student"]["best_top1"]
    assert (kept[newest]["stage"], kept[newest]["epoch"]) == ("student", 6)
    for name, manifest in kept.items():
        content = (folder / name / "state.safetensors").read_bytes()
        assert manifest["files"]["state.safetensors"] == {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def test_later_sittings_keep_their_own_environment(retort, undisturbed):
    with retort.start("run", retort.write(LONG)) as running:
        run = running.hold_at_step("teacher", STEPS // 3)
        running.end(signal.SIGTERM)
    first = (run.root / "environment.json").read_bytes()
    other = Retort(retort.folder, OMP_NUM_THREADS="2")
    with other.start("run", "--resume", run.root) as running:
        running.wait_for(r"warning: this sitting is not like the run's first, .*threads: 1 -> 2")
        running.end(signal.SIGTERM)
    assert (run.root / "environment.json").read_bytes() == first
    second = json.loads((run.root / "environment-2.json").read_text())
    assert second["threads"] == 2 and second["command_line"][1:3] == ["run", "--resume"]
    assert "not like" not in retort("run", "--resume", run.root).stderr


def test_auto_begins_a_run_and_goes_on_with_it(retort, undisturbed):
    experiment = retort.write(LONG)
    words = ["run", experiment, "--resume=auto", *settings(metrics__every=5)]
    with retort.start(*words) as running:
        run = running.hold_at_step("teacher", STEPS // 3)
        assert retort(*words, code=FAILED).stderr.count("is under way in another process") == 1
        running.end(signal.SIGTERM)
    # Neither of another experiment nor finished: these are not gone on with.
    other = retort("run", experiment, *settings(run__seed=8, schedule__epochs=1, teacher__training__schedule__epochs=1))
    finished = retort(*words)
    assert finished.run.root == run.root != other.run.root
    assert "stage teacher: goes on after step" in finished.stderr
    assert_same(run, undisturbed)
    with retort.start(*words) as running:
        assert running.directory().root not in (run.root, other.run.root)
        running.kill()


def test_auto_needs_an_experiment(retort):
    assert "--resume=auto needs a file" in retort("run", "--resume=auto", code=USAGE).stderr


def test_time_that_is_over_ends_a_run_as_a_signal_does(retort, undisturbed):
    with retort.start("run", retort.write(LONG), "--max-time", "5s", *settings(metrics__every=5)) as running:
        # However fast the machine is, the time passes before the run is over.
        running.wait_for("stage teacher: trains")
        running.hold()
        time.sleep(5)
        done = running.end()
    assert done.code == STOPPED
    (root,) = (retort.folder / "runs/small").iterdir()
    assert f"retort: stopped, --max-time is over; go on with: retort run --resume {root}\n" in done.stderr
    assert Run(root).summary["state"] == "stopped"
    retort("run", "--resume", root, "--max-time", "1h")
    assert_same(Run(root), undisturbed)


def test_time_must_be_one(retort):
    refused = retort("run", retort.write(), "--max-time", "2 hours", code=USAGE)
    assert "--max-time: expected a time such as 90s, 45m, 2h30m or 1d, found '2 hours'" in refused.stderr
    assert not (retort.folder / "runs").exists()


def test_checkpoint_of_version_01_is_refused(retort, undisturbed):
    run = Run(shutil.copytree(undisturbed.root, retort.folder / "run", symlinks=True))
    (run.root / "stages/student/result.json").unlink()
    run.checkpoint.rename(run.root / "checkpoints/last.safetensors")
    assert "checkpoint of an earlier version" in retort("run", "--resume", run.root, code=FAILED).stderr

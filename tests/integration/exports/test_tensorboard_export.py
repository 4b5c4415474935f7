"""tools/python/export_run.py tensorboard: its event files, as TensorBoard reads them."""

import math
import shutil
import signal
import struct
import subprocess
import sys

import pytest
from exporting import ENVIRONMENT, NOT_A_RUN, TOOL, export, history, results
from harness import SMALL, STOPPED, Run, settings, tree, wait_until

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData  # noqa: E402


def float32(value):
    """As TensorBoard keeps it."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def read(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return accumulator.Reload()


def check_scalars(folder, run):
    """Every value of the history and of the summary, and no other."""
    events = read(folder)
    expected, ends = history(run), results(run)
    assert set(events.Tags()["scalars"]) == set(expected) | set(ends)
    for name, points in expected.items():
        found = [(event.step, event.wall_time, event.value) for event in events.Scalars(name)]
        assert repr(found) == repr([(step, time, float32(value)) for step, time, value in points]), name
    for name, (step, value) in ends.items():
        assert [(event.step, event.value) for event in events.Scalars(name)] == [(step, float32(value))], name
    return events


@pytest.fixture(scope="module")
def logs(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("logs") / "run"
    export("tensorboard", run.root, "--out", out)
    return out


def test_every_value_is_there(run, logs):
    events = check_scalars(logs, run)
    assert "student/loss/train" in events.Tags()["scalars"]
    assert any(math.isnan(event.value) for event in events.Scalars("student/loss/train"))


def test_the_experiment_is_there(run, logs):
    events = read(logs)
    (text,) = events.Tensors("experiment")
    lines = text.tensor_proto.string_val[0].decode().splitlines()
    assert "".join(line.removeprefix("    ") + "\n" for line in lines) == (run.root / "experiment.toml").read_text()
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    started = HParamsPluginData.FromString(content).session_start_info
    assert started.hparams["loss.soft.temperature"].number_value == 4.0
    assert started.hparams["student.use"].string_value == "convnet"


def test_nothing_is_overwritten(run, logs):
    before = tree(logs)
    refused = export("tensorboard", run.root, "--out", logs, code=2)
    assert f"{logs} exists; nothing is overwritten without --force" in refused.stderr
    assert tree(logs) == before


def test_an_export_is_replaced_when_told(run, logs, tmp_path):
    out = shutil.copytree(logs, tmp_path / "copy")
    for _ in range(2):
        export("tensorboard", run.root, "--out", out, "--force")
        assert len(list(out.glob("events.*"))) == 1
        check_scalars(out, run)
    (out / "notes.txt").write_text("mine")
    refused = export("tensorboard", run.root, "--out", out, "--force", code=2)
    assert f"{out}/notes.txt is no event file" in refused.stderr
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    refused = export("tensorboard", run.root, "--out", foreign, "--force", code=2)
    assert "was not made by this tool" in refused.stderr
    assert (foreign / "notes.txt").read_text() == "mine"


def test_a_study_is_a_folder_of_runs(study, tmp_path):
    out = tmp_path / "logs"
    export("tensorboard", study.root, "--out", out)
    names = [*study.members, *study.teachers]
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == sorted(names)
    for name in names:
        check_scalars(out / name, study.run(name))


def test_a_living_run_is_followed(retort, tmp_path):
    words = ("run", retort.write(SMALL), *settings(schedule__epochs=5000))
    out = tmp_path / "logs"
    with retort.start(*words) as running:
        run = running.wait_for_step("teacher", 5)
        words = f"tensorboard {run.root} --out {out} --follow --every 0.1".split()
        command = [sys.executable, TOOL, *words]
        follower = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:

            def seen():
                assert follower.poll() is None, follower.communicate()
                return out.is_dir() and "teacher/loss/train" in read(out).Tags()["scalars"]

            wait_until(seen, "the first values of a living run")
            assert running.process.poll() is None, "the run must be at work when its values are seen"
            assert running.end(with_signal=signal.SIGTERM).code == STOPPED
            output, errors = follower.communicate(timeout=60)
        finally:
            follower.kill()
    assert follower.returncode == 0, errors
    check_scalars(out, Run(run.root))
    assert f"to {out}" in output


def test_a_killed_run_is_not_followed_for_ever(retort, tmp_path):
    with retort.start("run", retort.write(SMALL), *settings(schedule__epochs=40)) as running:
        run = running.hold_at_step("teacher", 5)
        running.kill()
    export("tensorboard", run.root, "--out", tmp_path / "logs", "--follow", "--every", "0.1")
    expected = history(run)
    assert {name: len(points) for name, points in expected.items()} == {
        name: len(read(tmp_path / "logs").Scalars(name)) for name in expected
    }


def test_mistakes(run, tmp_path):
    assert NOT_A_RUN in export("tensorboard", tmp_path, "--out", tmp_path / "logs", code=2).stderr
    copy = shutil.copytree(run.root, tmp_path / "copy")
    with (copy / "metrics.jsonl").open("a") as stream:
        stream.write('{"stage": "student"}\n')
    refused = export("tensorboard", copy, "--out", tmp_path / "logs", code=2)
    line = len((copy / "metrics.jsonl").read_text().splitlines())
    assert f"{copy}/metrics.jsonl:{line}: not a record of metrics: KeyError('split')" in refused.stderr
    assert not (tmp_path / "logs").exists() and not list(tmp_path.glob(".export-*"))
    assert (
        "expected seconds greater than 0, found '0'"
        in export("tensorboard", copy, "--out", "x", "--every", "0", code=2).stderr
    )


def test_a_missing_package_is_named(run, tmp_path):
    bare = export("tensorboard", run.root, "--out", tmp_path / "logs", code=2, python=(sys.executable, "-S"))
    assert "python3 -m pip install tensorboard" in bare.stderr

"""Death and disk errors at any moment: nothing that was saved is lost, nothing torn is loaded, the result is the same."""

import errno
import json
import os
import random
import re
import signal
import time

import pytest
from harness import BUILD, FAILED, SMALL, Retort, Run, changed, settings
from test_resume import assert_same

FAULTS = BUILD / "tests/libretort_faults_preload.so"
KILLS = int(os.environ.get("RETORT_TEST_KILLS", "200"))
KILL = 0

# Both stages save every few milliseconds.
BUSY = changed(changed(SMALL, "epochs = 2", "epochs = 150"), "train = 512", "train = 64")
# Two checkpoints a stage.
SHORT = changed(SMALL, "train = 512", "train = 64")


def faulty(retort, number, error, part):
    return Retort(retort.folder, LD_PRELOAD=str(FAULTS), RETORT_FAULTS=f"{number} {error} {part}")


def newest(run):
    """Stage, epoch and step of the newest checkpoint; nothing when there is none."""
    manifests = sorted(run.root.glob("checkpoints/0*/manifest.json"))
    if not manifests:
        return None
    manifest = json.loads(manifests[-1].read_text())
    return manifest["number"], manifest["stage"], manifest["step"]


@pytest.fixture(scope="module")
def busy(shared_retort):
    return shared_retort("run", shared_retort.write(BUSY), *settings(metrics__serve="false")).run


@pytest.fixture(scope="module")
def short(shared_retort):
    return shared_retort("run", shared_retort.write(SHORT), *settings(metrics__serve="false")).run


def test_killed_200_times_a_run_comes_to_the_same_end(retort, busy):
    moments = random.Random(1)
    begin = ["run", retort.write(BUSY), *settings(metrics__serve="false")]
    kills = finished = 0
    run = None
    while kills < KILLS or run:
        words = ["run", "--resume", run.root] if run else begin
        saved = newest(run) if run else None
        # Half of the deaths are in the middle of a checkpoint, the others at any time, starting included.
        inside = moments.random() < 0.5
        program = faulty(retort, moments.randint(1, 80), KILL, "/checkpoints/") if inside else retort
        with program.start(*words) as running:
            if kills >= KILLS:
                done = running.end()
            elif inside:
                done = running.end()
                assert done.code in (0, -signal.SIGKILL), done.stderr
            else:
                while moments.random() < 0.99 and "\nrun " not in "\n" + running.stderr and running.process.poll() is None:
                    time.sleep(0.01)
                time.sleep(moments.uniform(0.0, 0.3))
                done = running.kill()
        kills += done.code == -signal.SIGKILL
        assert "damaged" not in done.stderr
        if run and saved and f"stage {saved[1]}: goes on after step" in done.stderr:
            assert f"stage {saved[1]}: goes on after step {saved[2]}\n" in done.stderr
        if run is None:
            found = sorted((retort.folder / "runs/small").glob("*/experiment.toml"))
            run = Run(found[-1].parent) if len(found) > finished else None
        if run:
            assert (newest(run) or (0,)) >= (saved or (0,))
        if run and done.code == 0:
            assert_same(run, busy)
            finished += 1
            run = None
            if kills >= KILLS:
                break
    assert finished >= 1


def test_checkpoint_is_not_lost_to_a_full_or_failing_disk(retort, short):
    """Errors in operations all over the run's checkpoints. The unit tests go through each of one checkpoint's."""
    begin = ["run", retort.write(SHORT), *settings(metrics__serve="false")]
    failed = 0
    for number in range(1, 200, 13):
        for error in (errno.ENOSPC, errno.EIO):
            program = faulty(retort, number, error, "/checkpoints/")
            with program.start(*begin) as running:
                run = running.directory()
                done = running.end()
            if done.code == 0:  # fewer operations than that
                assert_same(run, short)
                continue
            failed += 1
            assert done.code == FAILED
            assert f"retort: error: cannot write {run.root}/checkpoints" in done.stderr
            assert os.strerror(error) in done.stderr
            assert run.summary["state"] == "failed"
            resumed = retort("run", "--resume", run.root)
            assert "damaged" not in resumed.stderr
            assert_same(run, short)
    assert failed >= 10


@pytest.mark.parametrize("part", ["metrics.jsonl", "/stages/", "/summary.json", "/experiment.toml", "/environment.json"])
def test_other_files_that_cannot_be_written_are_named(retort, short, part):
    begin = ["run", retort.write(SHORT), *settings(metrics__serve="false")]
    done = faulty(retort, 1, errno.ENOSPC, part)(*begin, code=FAILED)
    assert re.search(r"retort: error: .*cannot (write|open|create)", done.stderr), done.stderr
    assert part.strip("/") in done.stderr and os.strerror(errno.ENOSPC) in done.stderr
    (folder,) = (retort.folder / "runs/small").iterdir()
    if part != "/experiment.toml":
        retort("run", "--resume", folder)
        assert_same(Run(folder), short)


def test_folder_that_is_read_only_is_named(retort):
    done = faulty(retort, 1, errno.EROFS, "/runs")("run", retort.write(SHORT), code=FAILED)
    assert f"cannot make the directory {retort.folder}/runs" in done.stderr
    assert os.strerror(errno.EROFS) in done.stderr

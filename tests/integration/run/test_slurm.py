"""The batch file of tools/slurm, with stand-ins for Slurm's programs."""

import os
import signal
import subprocess
import time

import pytest
from harness import DONE, RETORT, ROOT, STOPPED, Run, settings
from test_resume import LONG, assert_same, undisturbed  # noqa: F401

BATCH = ROOT / "tools/slurm/retort.sbatch"


@pytest.fixture
def slurm(retort):
    """Starts the batch file as Slurm does; `srun` writes down the program's number, `scontrol` its words."""
    programs = retort.folder / "programs"
    programs.mkdir()
    for name, text in {
        "srun": f'"$@" & echo $! > {retort.folder}/pid; wait $!',
        "scontrol": f'echo "$@" >> {retort.folder}/scontrol',
    }.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    environment = retort.environment | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RETORT": str(RETORT),
        "SLURM_JOB_ID": "17",
    }

    def start(*words):
        return subprocess.Popen(
            [str(BATCH), *map(str, words)], cwd=retort.folder, env=environment, stderr=subprocess.PIPE, text=True
        )

    return start


def steps_of(retort):
    return sum(len(path.read_text().splitlines()) for path in retort.folder.glob("runs/small/*/metrics.jsonl"))


def test_job_is_requeued_until_the_run_is_finished(retort, slurm, undisturbed):  # noqa: F811
    experiment = retort.write(LONG)
    job = slurm(experiment)
    while not steps_of(retort):
        assert job.poll() is None, job.communicate()
        time.sleep(0.01)
    os.kill(int((retort.folder / "pid").read_text()), signal.SIGUSR1)
    _, stderr = job.communicate(timeout=60)
    assert job.returncode == STOPPED, stderr
    assert (retort.folder / "scontrol").read_text() == "requeue 17\n"
    job = slurm(experiment)
    _, stderr = job.communicate(timeout=120)
    assert job.returncode == DONE, stderr
    assert (retort.folder / "scontrol").read_text() == "requeue 17\n"
    (root,) = (retort.folder / "runs/small").iterdir()
    assert_same(Run(root), undisturbed)


def test_job_that_failed_is_not_requeued(retort, slurm):
    job = slurm(retort.write(), *settings(schedule__epochs=0))
    _, stderr = job.communicate(timeout=60)
    assert job.returncode == 2 and "schedule.epochs" in stderr
    assert not (retort.folder / "scontrol").exists()


def test_job_needs_an_experiment(slurm):
    job = slurm()
    _, stderr = job.communicate(timeout=60)
    assert job.returncode == 2 and "expected an experiment" in stderr

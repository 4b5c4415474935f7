"""Runs that are exported, and the tool that does it."""

import math
import os
import subprocess
import sys

import pytest
from harness import EXPLOSION, ROOT, SMALL, Done
from studies import SMALL as MEMBER
from studies import TEMPERATURES, run_study

TOOL = ROOT / "tools/python/export_run.py"
# MLflow's client alone, without a server, keeps its records in a folder when it is told that it may.
ENVIRONMENT = os.environ | {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
NOT_A_RUN = "is the directory of neither a run (it has no experiment.toml) nor a study"


def export(*words, code=0, python=(sys.executable,)):
    done = subprocess.run(
        [*python, TOOL, *map(str, words)], env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code, done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def run(shared_retort):
    """With values that are not finite: every step of the student's third epoch is far too large, and left out."""
    run = shared_retort("run", shared_retort.write(SMALL), *EXPLOSION, "--unset", "loss.representation").run
    assert any("nonfinite" in record for record in run.history())
    return run


@pytest.fixture(scope="module")
def study(shared_retort):
    return run_study(shared_retort, MEMBER + TEMPERATURES, "-j", 2)[1]


def history(run):
    """Every value of metrics.jsonl by the exported metric's name: (step, time, value)."""
    values = {}
    for record in run.history():
        for name, value in record["values"].items():
            point = (record["step"], record["time"], math.nan if value is None else value)
            values.setdefault(f"{record['stage']}/{name}/{record['split']}", []).append(point)
    return values


def results(run):
    """The numbers of summary.json by the exported metric's name: (step, value)."""

    def numbers(table, prefix=""):
        for name, value in table.items():
            if isinstance(value, dict):
                yield from numbers(value, f"{prefix}{name}.")
            elif isinstance(value, (int, float)):
                yield prefix + name, value

    return {
        f"{stage}/{name}/result": (outcome["steps"], value)
        for stage, outcome in run.stages.items()
        for name, value in numbers(outcome)
    }

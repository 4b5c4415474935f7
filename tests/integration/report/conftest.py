import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "study"))

import pytest  # noqa: E402
from fixtures import retort, shared_retort  # noqa: E402, F401
from reported import reported_run, reported_study  # noqa: E402


@pytest.fixture(scope="module")
def run(shared_retort):
    return reported_run(shared_retort)


@pytest.fixture(scope="module")
def study(shared_retort):
    return reported_study(shared_retort)

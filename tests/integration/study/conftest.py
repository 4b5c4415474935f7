import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

from harness import Retort  # noqa: E402


@pytest.fixture
def retort(tmp_path):
    return Retort(tmp_path)


@pytest.fixture(scope="module")
def shared_retort(tmp_path_factory):
    """For studies that several tests of a file look at."""
    return Retort(tmp_path_factory.mktemp("shared"))

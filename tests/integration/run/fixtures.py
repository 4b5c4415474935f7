import pytest
from harness import Retort


@pytest.fixture
def retort(tmp_path):
    return Retort(tmp_path)


@pytest.fixture(scope="module")
def shared_retort(tmp_path_factory):
    """For runs that several tests of a file look at."""
    return Retort(tmp_path_factory.mktemp("shared"))

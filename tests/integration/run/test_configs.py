"""Every experiment in configs/ is valid, whether or not its data is there."""

import pytest
from harness import CONFIGS, Retort

EXPERIMENTS = sorted(path for path in CONFIGS.rglob("*.toml") if "base" not in path.relative_to(CONFIGS).parts)


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_is_valid_without_its_data(tmp_path, path):
    retort = Retort(tmp_path, RETORT_DATA=str(tmp_path / "nowhere"))
    assert f"{path}: valid" in retort("check", path, "--no-data").stdout
    assert list(tmp_path.iterdir()) == []


def test_there_are_experiments():
    assert len(EXPERIMENTS) >= 4

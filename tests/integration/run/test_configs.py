"""Every experiment in configs/ is valid, whether or not its data is there."""

import pytest
from harness import CONFIGS, Retort

# base/ and presets/ hold parts of experiments.
EXPERIMENTS = sorted(
    path for path in CONFIGS.rglob("*.toml") if not {"base", "presets"} & set(path.relative_to(CONFIGS).parts)
)
PRESETS = sorted((CONFIGS / "presets").glob("*.toml"))

# An experiment without an objective.
WITHOUT_OBJECTIVE = """\
extends = "{preset}"

[dataset]
use = "synthetic"
classes = 4
image = [1, 8, 8]

[teacher]
use = "mlp"

[student]
use = "mlp"
"""


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_is_valid_without_its_data(tmp_path, path):
    retort = Retort(tmp_path, RETORT_DATA=str(tmp_path / "nowhere"))
    assert f"{path}: valid" in retort("check", path, "--no-data").stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_gives_an_experiment_its_objective(tmp_path, path):
    retort = Retort(tmp_path)
    experiment = retort.write(WITHOUT_OBJECTIVE.format(preset=path), "experiment.toml")
    assert f"{experiment}: valid" in retort("check", experiment).stdout


def test_there_are_experiments():
    assert len(EXPERIMENTS) >= 4
    assert len(PRESETS) >= 4

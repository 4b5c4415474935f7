"""The schema of experiments, checked by jsonschema: right experiments pass, wrong ones do not."""

import copy
import json
import os
import pathlib
import subprocess
import tomllib

import pytest

jsonschema = pytest.importorskip("jsonschema")

FIXTURES = pathlib.Path(os.environ["RETORT_FIXTURES"])
EXPERIMENTS = sorted(FIXTURES.glob("*.toml"))


@pytest.fixture(scope="module")
def validator():
    text = subprocess.run([os.environ["RETORT_PRINT_SCHEMA"]], check=True, capture_output=True, text=True).stdout
    schema = json.loads(text)
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema)


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.name)
def test_accepts(validator, path):
    assert [error.message for error in validator.iter_errors(tomllib.loads(path.read_text()))] == []


def test_fixtures_are_there():
    assert len(EXPERIMENTS) >= 5


WRONG = {
    "unknown key": ("run.sed", 1),
    "unknown table": ("studies", {}),
    "type": ("run.seed", "one"),
    "range": ("metrics.port", 70000),
    "exclusive bound": ("loss.soft.temperature", 0),
    "choice": ("run.precision", "int8"),
    "unknown component": ("student.use", "wrn_16_3"),
    "unknown parameter": ("loss.soft.temprature", 4),
    "another component's parameter": ("loss.label.temperature", 4),
    "key of the teacher only": ("student.training", {}),
    "branch": ("loss.soft.student", {"tapp": "logits"}),
    "projector": ("loss.soft.student", {"projector": {"use": "linear", "bia": True}}),
    "transform without its size": ("dataset.transforms", [{"use": "random_crop"}]),
    "schedule": ("schedule.lr", {"use": "step"}),
    "stage": ("stage", {"a": {"loss": {"x": {"use": "kl_divergence", "alpha": 1}}}}),
}


@pytest.mark.parametrize("name", WRONG)
def test_refuses(validator, name):
    path, value = WRONG[name]
    document = copy.deepcopy(tomllib.loads((FIXTURES / "full.toml").read_text()))
    *tables, key = path.split(".")
    table = document
    for part in tables:
        table = table[part]
    table[key] = value
    assert list(validator.iter_errors(document))


def test_a_component_of_another_library_may_have_any_parameters(validator):
    document = tomllib.loads((FIXTURES / "minimal.toml").read_text())
    document["loss"]["mine"] = {"use": "mine", "library": "mine.so", "anything": 1}
    assert validator.is_valid(document)
    document["loss"]["mine"]["weight"] = -1
    assert not validator.is_valid(document)


@pytest.mark.parametrize("temperature", [4, float("inf"), {"value": 8, "use": "linear", "final": 1}])
def test_a_parameter_may_have_a_schedule(validator, temperature):
    document = tomllib.loads((FIXTURES / "full.toml").read_text())
    document["loss"]["soft"] = {"use": "soft_targets", "temperature": temperature}
    assert validator.is_valid(document)
    for wrong in (0, "hot", {"value": 0}, {"value": 8, "finall": 1}):
        document["loss"]["soft"]["temperature"] = wrong
        assert not validator.is_valid(document), wrong


def test_a_table_may_complete_one_of_another_file(validator):
    assert validator.is_valid({"extends": "base.toml", "loss": {"soft": {"temperature": 8}}})

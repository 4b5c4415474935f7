"""configs/cifar100: the published pairs, with the published recipe and figures, and the sizes in its README."""

import json
import os
import pathlib
import re
import subprocess
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
RETORT = pathlib.Path(os.environ.get("RETORT_BIN") or ROOT / "build" / "release" / "bin" / "retort")
CONFIGS = ROOT / "configs" / "cifar100"

# Top-1 in %: of the teacher, of the student alone, of the student distilled by KD (RepDistiller, README).
PAIRS = {
    ("wrn_40_2", "wrn_16_2"): ("75.61", "73.26", "74.92"),
    ("wrn_40_2", "wrn_40_1"): ("75.61", "71.98", "73.54"),
    ("resnet56", "resnet20"): ("72.34", "69.06", "70.66"),
    ("resnet110", "resnet20"): ("74.31", "69.06", "70.67"),
    ("resnet110", "resnet32"): ("74.31", "71.14", "73.08"),
    ("resnet32x4", "resnet8x4"): ("79.42", "72.50", "73.33"),
    ("vgg13", "vgg8"): ("74.64", "70.36", "72.98"),
    ("vgg13", "MobileNetV2"): ("74.64", "64.60", "67.37"),
    ("ResNet50", "MobileNetV2"): ("79.34", "64.60", "67.35"),
    ("ResNet50", "vgg8"): ("79.34", "70.36", "73.81"),
    ("resnet32x4", "ShuffleV1"): ("79.42", "70.50", "74.07"),
    ("resnet32x4", "ShuffleV2"): ("79.42", "71.82", "74.45"),
    ("wrn_40_2", "ShuffleV1"): ("75.61", "70.50", "74.83"),
}
LIGHT = ("MobileNetV2", "ShuffleV1", "ShuffleV2")

pairs = pytest.mark.parametrize("pair", PAIRS, ids="-".join)


def retort(*words):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RETORT_")}
    done = subprocess.run([RETORT, *words], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def file_of(pair):
    return CONFIGS / f"{'-'.join(pair)}-kl.toml"


def test_every_pair_has_a_file():
    assert {file_of(pair) for pair in PAIRS} <= set(CONFIGS.glob("*.toml"))


@pairs
def test_the_recipe_is_the_published_one(pair):
    teacher, student = pair
    resolved = tomllib.loads(retort("config", file_of(pair)))
    assert (resolved["teacher"]["use"], resolved["student"]["use"]) == pair
    assert resolved["run"]["name"] == f"cifar100/{teacher}-{student}-kl"
    optimizer = {"use": "sgd", "lr": 0.01 if student in LIGHT else 0.05, "momentum": 0.9, "weight_decay": 5e-4}
    assert resolved["optimizer"] == optimizer
    teachers_own = resolved["teacher"].get("training", {}).get("optimizer", {})
    assert (optimizer | teachers_own)["lr"] == 0.05
    schedule = resolved["schedule"]
    assert (schedule["epochs"], schedule["batch_size"]) == (240, 64)
    assert schedule["lr"] == {"use": "multistep", "milestones": [150, 180, 210], "gamma": 0.1}
    assert resolved["dataset"]["use"] == "cifar100"
    assert resolved["dataset"]["transforms"] == ["random_crop(32, padding=4)", "random_flip"]
    assert resolved["loss"]["label"] == {"use": "cross_entropy", "weight": 0.1}
    assert resolved["loss"]["soft"] == {"use": "kl_divergence", "weight": 0.9, "temperature": 4.0}


@pairs
def test_the_published_figures_are_named(pair):
    teacher, alone, distilled = PAIRS[pair]
    published = tomllib.loads(file_of(pair).read_text())["published"]
    assert (f"{100 * published['top1']:.2f}", published["source"]) == (distilled, "RepDistiller, README, KD")
    comment = file_of(pair).read_text().splitlines()[1]
    assert comment == (
        f"# Published top-1 in % (RepDistiller): teacher {teacher}, student alone {alone}, distilled {distilled}."
    )
    row = f"| [{pair[0]} → {pair[1]}]({file_of(pair).name}) | {teacher} | {alone} | {distilled} |"
    assert row in (CONFIGS / "README.md").read_text().splitlines()


@pytest.mark.parametrize("name", sorted({name for pair in PAIRS for name in pair}))
def test_the_readme_has_the_sizes_that_the_program_prints(name):
    report = json.loads(retort("model", name, "-p", "classes=100", "--json"))
    table = (CONFIGS / "README.md").read_text()
    parameters, flops = re.search(rf"(?m)^{name}: (\d+) parameters, (\d+) FLOPs a sample$", table).groups()
    assert (int(parameters), int(flops)) == (report["parameters"], report["flops"])

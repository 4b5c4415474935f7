"""tools/python/convert_checkpoint.py: from what training scripts save to what the program loads."""

import argparse
import io
import json
import os
import pathlib
import pickle
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import numpy
import pytest
import torch
from reference_models import build, randomise
from safetensors import safe_open
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONVERTER = ROOT / "tools" / "python" / "convert_checkpoint.py"
sys.path.insert(0, str(CONVERTER.parent))

import convert_checkpoint  # noqa: E402
RETORT = pathlib.Path(os.environ.get("RETORT_BIN") or ROOT / "build" / "release" / "bin" / "retort")
needs_retort = pytest.mark.skipif(not RETORT.is_file(), reason=f"the program is not built: {RETORT}")

LAYER = {"fc.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.tensor([1.0, 2.0])}


@pytest.fixture
def folder(tmp_path):
    return tmp_path


class Done:
    def __init__(self, stdout, stderr):
        self.stdout, self.stderr = stdout, stderr


def convert(folder, *words, code=0):
    """Converts folder/in.pth; returns what was said and the tensors that were written."""
    out = folder / "out.safetensors"
    with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()) as stderr:
        with patch.dict(os.environ, RETORT_BIN=str(RETORT)):
            found = convert_checkpoint.main([str(folder / "in.pth"), str(out), *words])
    done = Done(stdout.getvalue(), stderr.getvalue())
    assert found == code, done.stdout + done.stderr
    if code != 0:
        assert done.stdout == "" and done.stderr.startswith("convert_checkpoint: error: ")
        assert {path.name for path in folder.iterdir()} <= {"in.pth", "out.safetensors"}
        return done.stderr, None
    return done, load_file(out)


def refusal(folder, *words):
    return convert(folder, *words, code=2)[0]


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0, equal_nan=True)


# Where the state dict is, and what its names begin with.


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    "content, place, left, stripped",
    [
        (LAYER, "", [], {}),
        ({"epoch": 240, "model": LAYER, "accuracy": torch.tensor(75.61)}, "model", ["epoch", "accuracy"], {}),
        ({"state_dict": prefixed(LAYER, "module."), "best_acc1": 1.5}, "state_dict", ["best_acc1"], {"module.": 2}),
        (prefixed(LAYER, "backbone."), "", [], {"backbone.": 2}),
        (prefixed(LAYER, "module._orig_mod.model."), "", [], {"module.": 2, "_orig_mod.": 2, "model.": 2}),
        ({"outer": {"model": LAYER, "n": 1}, "x": []}, "outer.model", ["n"], {}),
    ],
    ids=["plain", "model", "data_parallel", "backbone", "three_prefixes", "nested"],
)
def test_the_state_dict_is_found_and_bared(content, place, left, stripped, legacy, folder):
    torch.save(content, folder / "in.pth", _use_new_zipfile_serialization=not legacy)
    done, found = convert(folder, "--json")
    report = json.loads(done.stdout)
    assert (report["state_dict"], report["left_behind"], report["stripped"]) == (place, left, stripped)
    assert report["types"] == {"float32": {"tensors": 2, "values": 8}}
    assert report["shapes"] == {"fc.weight": [2, 3], "fc.bias": [2]}
    assert_same(found, LAYER)


def test_momenta_of_an_optimizer_are_no_state_dict(folder):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, folder / "in.pth")
    assert_same(convert(folder)[1], model.state_dict())


def test_a_prefix_that_only_some_names_have_stays(folder):
    content = prefixed(LAYER, "backbone.") | {"head.bias": torch.zeros(1)}
    torch.save(content, folder / "in.pth")
    assert_same(convert(folder)[1], content)
    done, found = convert(folder, "--force", "--strip", "backbone.")
    assert_same(found, LAYER | {"head.bias": torch.zeros(1)})
    assert "stripped 'backbone.' from 2 names" in done.stdout


def test_one_of_several_networks_is_chosen(folder):
    both = prefixed(LAYER, "module.student.") | prefixed({"fc.weight": torch.ones(1)}, "module.teacher.")
    torch.save({"model": both, "ema": LAYER}, folder / "in.pth")
    assert "'model' (3 tensors), 'ema' (2 tensors); choose one with --key" in refusal(folder)
    assert "no state dict at 'modle'" in refusal(folder, "--key", "modle")
    done, found = convert(folder, "--key", "model", "--only", "module.student.")
    assert_same(found, LAYER)
    assert "dropped 1 tensors: not below 'module.student.'" in done.stdout
    assert "left behind: ema" in done.stdout


def test_names_are_changed_as_told(folder):
    torch.save({"linear.weight": torch.ones(2), "conv1.weight": torch.zeros(1)}, folder / "in.pth")
    done, found = convert(folder, "--rename", "linear.=fc.")
    assert found.keys() == {"fc.weight", "conv1.weight"}
    assert "renamed 'linear.' to 'fc.' in 1 names" in done.stdout
    assert "no name begins with 'liner.'" in refusal(folder, "--force", "--rename", "liner.=fc.")
    assert "no name begins with 'module.'" in refusal(folder, "--force", "--strip", "module.")
    assert "no name begins with 'student.'" in refusal(folder, "--force", "--only", "student.")
    said = refusal(folder, "--force", "--rename", "linear.=conv1.")
    assert "2 tensors would be named 'conv1.weight'" in said


def test_counters_are_dropped_when_asked(folder):
    state = torch.nn.BatchNorm2d(2).state_dict()
    torch.save(state, folder / "in.pth")
    assert_same(convert(folder)[1], state)
    done, found = convert(folder, "--force", "--drop-counters")
    assert found.keys() == {"weight", "bias", "running_mean", "running_var"}
    assert "dropped 1 tensors: num_batches_tracked" in done.stdout


# What the tensors are.


def test_types_views_and_provenance_are_kept(folder):
    storage = torch.arange(12, dtype=torch.float64).view(3, 4)
    state = {
        "whole": storage,
        "turned": storage.t(),
        "row": storage[1],
        "half": torch.ones(2, dtype=torch.bfloat16),
        "count": torch.tensor(7),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(1)),
    }
    torch.save(state, folder / "in.pth")
    done, found = convert(folder)
    assert_same(found, {name: tensor.detach() for name, tensor in state.items()})
    assert "float64: 3 tensors, 28 values" in done.stdout and "int64: 1 tensors, 1 values" in done.stdout
    with safe_open(folder / "out.safetensors", "pt") as file:
        metadata = file.metadata()
    digest = subprocess.run(["sha256sum", folder / "in.pth"], capture_output=True, text=True).stdout.split()[0]
    assert metadata == {"format": "pt", "source": "in.pth", "source_sha256": digest}


def test_values_that_are_not_finite_are_named(folder):
    torch.save(LAYER | {"fc.bias": torch.tensor([1.0, float("nan")])}, folder / "in.pth")
    done, _ = convert(folder, "--json")
    assert json.loads(done.stdout)["not_finite"] == ["fc.bias"]
    assert "warning: 'fc.bias' holds values that are not finite" in done.stderr


def test_types_that_the_program_does_not_read_are_refused(folder):
    torch.save(LAYER | {"wave": torch.ones(2, dtype=torch.complex64)}, folder / "in.pth")
    assert "'wave' is of type torch.complex64" in refusal(folder)


def test_nothing_is_overwritten_unless_told(folder):
    torch.save(LAYER, folder / "in.pth")
    convert(folder)
    (folder / "out.safetensors").write_bytes(b"precious")
    assert "nothing is overwritten without --force" in refusal(folder)
    assert (folder / "out.safetensors").read_bytes() == b"precious"
    assert_same(convert(folder, "--force")[1], LAYER)


# What must not run.


class Command:
    """Unpickling it creates a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def save_as(how, content, path):
    if how == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "zip")


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle"])
@pytest.mark.parametrize("place", ["beside", "inside", "alone"])
def test_code_in_a_checkpoint_does_not_run(how, place, folder, tmp_path_factory):
    marker = tmp_path_factory.mktemp("marked") / "it_ran"
    command = Command(marker)
    content = {
        "beside": {"model": LAYER, "notes": command},
        "inside": {"model": LAYER | {"fc.extra": command}},
        "alone": command,
    }[place]
    save_as(how, content, folder / "in.pth")
    said = refusal(folder)
    assert not marker.exists()
    assert "weights_only" not in said
    # The file does what it is accused of.
    if how != "pickle":
        torch.load(folder / "in.pth", weights_only=False)
    else:
        pickle.loads((folder / "in.pth").read_bytes())
    assert marker.exists()
    if how != "pickle":
        assert f"it needs {os.mkdir.__module__}.mkdir, which is code" in said


def test_a_whole_module_is_refused_by_name(folder):
    torch.save(torch.nn.Linear(3, 2), folder / "in.pth")
    assert "it needs torch.nn.modules.linear.Linear, which is code" in refusal(folder)


def test_a_torchscript_archive_is_refused(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(torch.nn.Linear(3, 2), torch.ones(1, 3)), folder / "in.pth")
    assert "it is a TorchScript archive" in refusal(folder)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_options_and_scores_beside_the_weights_are_left_unread(legacy, folder):
    content = {
        "model": LAYER,
        "opt": argparse.Namespace(learning_rate=0.05, decay=[150, 180, 210]),
        "best_acc": numpy.float64(75.61),
        "history": numpy.ones(3, dtype=numpy.float32),
    }
    torch.save(content, folder / "in.pth", _use_new_zipfile_serialization=not legacy)
    done, found = convert(folder)
    assert_same(found, LAYER)
    assert "left behind: opt, best_acc, history" in done.stdout


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut off"], ids=["empty", "text", "zip"])
def test_what_is_no_checkpoint_is_refused(content, folder):
    (folder / "in.pth").write_bytes(content)
    assert "no checkpoint of PyTorch's, or it is damaged" in refusal(folder)


def test_a_cut_off_checkpoint_is_refused(folder):
    torch.save(LAYER, folder / "in.pth")
    content = (folder / "in.pth").read_bytes()
    (folder / "in.pth").write_bytes(content[: len(content) // 2])
    assert "damaged" in refusal(folder)


def test_a_file_that_is_not_there_is_named(folder):
    assert "in.pth: No such file" in refusal(folder)


@pytest.mark.parametrize("content", [[torch.ones(1)], {"epoch": 3}, {"a": torch.ones(1), "epoch": 3}, {}])
def test_a_file_without_a_state_dict_is_refused(content, folder):
    torch.save(content, folder / "in.pth")
    assert "it holds no state dict" in refusal(folder)


def test_the_script_is_a_program(folder):
    torch.save(LAYER, folder / "in.pth")
    words = [CONVERTER, "in.pth", "new/out.safetensors"]
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "float32: 2 tensors, 8 values" in done.stdout and "wrote new/out.safetensors" in done.stdout
    assert_same(load_file(folder / "new" / "out.safetensors"), LAYER)
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")


def test_parameters_without_a_model_are_an_error_of_use(folder):
    with pytest.raises(SystemExit, match="2"), redirect_stderr(io.StringIO()) as said:
        convert_checkpoint.main(["in.pth", "out.safetensors", "--classes", "10"])
    assert "--model" in said.getvalue()


# As the public checkpoints are.

CHECKPOINTS = {
    "vgg13": lambda state: {"epoch": 240, "model": state, "accuracy": torch.tensor(74.64), "optimizer": {"state": {}}},
    "wrn_16_2": lambda state: {"model": state, "best_acc": numpy.float64(73.26), "epoch": 240},
    "ResNet50": lambda state: state,
    "MobileNetV2": lambda state: {"state_dict": prefixed(state, "module.")},
    "ShuffleV1": lambda state: {"model": {"state_dict": prefixed(state, "module.model.")}},
    "ShuffleV2": lambda state: {"model": prefixed(state, "backbone.")},
}


@needs_retort
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_converted_weights_give_the_logits_of_the_original(name, folder):
    model = randomise(build(name, 100, [3, 32, 32])).eval()
    legacy = name == "vgg13"  # what PyTorch before 1.6 wrote
    torch.save(CHECKPOINTS[name](model.state_dict()), folder / "in.pth", _use_new_zipfile_serialization=not legacy)
    done, _ = convert(folder, "--model", name, "--classes", "100")
    assert f"fits {name}" in done.stdout
    images = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    save_file({"input": images}, folder / "images.safetensors")
    words = ["--weights", "out.safetensors", "--input", "images.safetensors", "--out", "taps.safetensors"]
    taps = ["--tap", "penultimate", "--tap", "logits"]
    subprocess.run([RETORT, "model", name, "-p", "classes=100", *words, *taps], cwd=folder, check=True, timeout=120)
    with torch.no_grad():
        expected = model(images)
    found = load_file(folder / "taps.safetensors")
    for tap in ("penultimate", "logits"):
        torch.testing.assert_close(found[tap], expected[tap], rtol=1e-5, atol=1e-5)


@needs_retort
def test_what_does_not_fit_the_model_is_not_written(folder):
    state = randomise(build("wrn_10_1", 10, [3, 32, 32])).state_dict()
    state["linear.bias"] = state.pop("fc.bias")
    torch.save({"model": state}, folder / "in.pth")
    said = refusal(folder, "--model", "wrn_10_1", "--classes", "10")
    assert "does not fit model 'wrn_10_1': 1 missing: fc.bias; 1 unexpected: linear.bias" in said
    convert(folder, "--model", "wrn_10_1", "--classes", "10", "--rename", "linear.=fc.")
    said = refusal(folder, "--force", "--model", "wrn_10_1", "-p", "classes=7", "--rename", "linear.=fc.")
    assert "fc.weight (expected 7x64, found 10x64)" in said
    assert "did you mean 'wrn_10_1'" in refusal(folder, "--force", "--model", "wrn_10_l")

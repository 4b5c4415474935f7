"""The model plugins against independent PyTorch definitions: names, sizes, values, gradients, initialisation."""

import json
import math
import os
import pathlib
import subprocess

import pytest
import torch
from published import PARAMETERS, PUBLISHED
from reference_models import SINGLES, build, randomise
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[3]
RELEASE = ROOT / "build" / "release"
RETORT = pathlib.Path(os.environ.get("RETORT_BIN") or RELEASE / "bin" / "retort")
PROBE = pathlib.Path(os.environ.get("RETORT_MODEL_PROBE") or RELEASE / "tests" / "model_probe")
PLUGINS = pathlib.Path(os.environ.get("RETORT_MODEL_PLUGINS") or RELEASE / "lib" / "retort" / "plugins" / "models")

CIFAR = [3, 32, 32]

# Component, classes, input shape, further options.
CASES = [
    *((name, 100, CIFAR, {}) for name in PUBLISHED),
    ("resnet20", 7, [1, 28, 28], {}),
    ("resnet8x4", 10, [4, 40, 24], {}),
    ("wrn_10_1", 10, [1, 8, 8], {}),
    ("wrn_22_6", 10, [3, 64, 64], {}),
    ("wrn_28_4", 5, [2, 17, 23], {}),
    ("wrn_34_1", 100, CIFAR, {}),
    ("wrn_10_8", 100, CIFAR, {}),
    ("wrn_10_10", 100, CIFAR, {}),
    ("vgg8", 10, [1, 8, 8], {}),
    ("vgg11", 10, [3, 64, 40], {}),
    ("ResNet50", 3, [1, 9, 12], {}),
    ("MobileNetV2", 10, [1, 28, 28], {}),
    ("MobileNetV2", 10, [3, 64, 33], {}),
    ("ShuffleV1", 10, [1, 28, 28], {}),
    ("ShuffleV2", 10, [4, 19, 24], {}),
    ("mlp", 10, [1, 8, 8], {}),
    ("mlp", 3, CIFAR, {"hidden": [16, 8, 4]}),
    ("mlp", 3, CIFAR, {"hidden": []}),
    ("convnet", 10, [1, 8, 8], {}),
    ("convnet", 10, [1, 28, 28], {"channels": [8, 16, 24]}),
    ("convnet", 100, CIFAR, {}),
]
# What both programs compute in float32 with the same kernels.
EVAL = {"rtol": 1e-5, "atol": 1e-5}
# Gradients pass every layer twice.
TRAIN = {"rtol": 1e-3, "atol": 1e-4}


def case_id(case):
    name, classes, shape, options = case
    return "-".join([name, str(classes), "x".join(map(str, shape)), *map(str, options.values())])


cases = pytest.mark.parametrize("case", CASES, ids=case_id)
# Other depths and widths of a family are made by the same code.
SAME_CODE = ("resnet14", "resnet32", "resnet44", "resnet56", "wrn_40_2", "wrn_10_10", "vgg11", "vgg16", "vgg19")
training_cases = pytest.mark.parametrize("case", [case for case in CASES if case[0] not in SAME_CODE], ids=case_id)


def plugin_of(name):
    families = {"resnet": "cifar_resnet", "wrn_": "wide_resnet", "vgg": "cifar_vgg", "ResNet50": "cifar_resnet50"}
    families |= {"MobileNetV2": "mobilenet_v2", "ShuffleV1": "shufflenet_v1", "ShuffleV2": "shufflenet_v2"}
    family = next((family for start, family in families.items() if name.startswith(start)), name)
    return PLUGINS / f"{family}.so"


def probe(folder, name, options, **request):
    """Runs one request; returns the process and the tensors it wrote."""
    output = folder / "out.safetensors"
    request |= {"plugin": str(plugin_of(name)), "model": name, "options": options, "output": str(output)}
    file = folder / "request.json"
    file.write_text(json.dumps(request))
    done = subprocess.run([PROBE, file], capture_output=True, text=True, timeout=300)
    return done, load_file(output) if done.returncode == 0 else {}


def run_probe(folder, name, options, **request):
    done, tensors = probe(folder, name, options, **request)
    assert done.returncode == 0, done.stderr
    return tensors


def parts(tensors, prefix):
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def prepare(folder, case, batch):
    """The reference, its weights and a batch as files, and the arguments with which the component is created."""
    name, classes, shape, extra = case
    model = randomise(build(name, classes, shape, **extra))
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(batch, *shape, generator=generator)
    cotangent = torch.randn(batch, classes, generator=generator)
    save_file(model.state_dict(), folder / "weights.safetensors")
    save_file({"input": images}, folder / "images.safetensors")
    save_file({"input": images, "cotangent": cotangent}, folder / "batch.safetensors")
    return model, images, cotangent, {"classes": classes, "input_shape": shape, **extra}


@pytest.mark.parametrize("name", PUBLISHED)
def test_reference_has_the_published_size(name):
    model = build(name, 100, CIFAR)
    assert (sum(p.numel() for p in model.parameters()), len(model.state_dict())) == PUBLISHED[name][:2]


@cases
def test_names_and_every_tap_agree_in_evaluation(case, tmp_path):
    model, images, _, options = prepare(tmp_path, case, 3)
    with torch.no_grad():
        expected = model.eval()(images)
    tensors = run_probe(
        tmp_path,
        case[0],
        options,
        weights=str(tmp_path / "weights.safetensors"),
        input=str(tmp_path / "images.safetensors"),
        taps=list(expected),
    )
    found = parts(tensors, "tap.")
    assert found.keys() == expected.keys()
    for tap, value in expected.items():
        torch.testing.assert_close(found[tap], value, **EVAL, msg=lambda text, tap=tap: f"{tap}: {text}")
    state = parts(tensors, "state.")
    assert state.keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(state[key], value), f"evaluation changed {key}"


@training_cases
def test_a_training_step_agrees(case, tmp_path):
    """Batch statistics, running statistics and the gradient of every parameter."""
    model, images, cotangent, options = prepare(tmp_path, case, 4)
    logits = model.train()(images)["logits"]
    (logits * cotangent).sum().backward()
    tensors = run_probe(
        tmp_path,
        case[0],
        options,
        weights=str(tmp_path / "weights.safetensors"),
        input=str(tmp_path / "batch.safetensors"),
        taps=["logits"],
        train=True,
    )
    torch.testing.assert_close(tensors["tap.logits"], logits.detach(), **TRAIN)
    state = parts(tensors, "state.")
    for key, value in model.state_dict().items():
        torch.testing.assert_close(state[key], value, **TRAIN, msg=lambda text, key=key: f"{key}: {text}")
    gradients = parts(tensors, "gradient.")
    assert gradients.keys() == dict(model.named_parameters()).keys()
    for key, parameter in model.named_parameters():
        scale = parameter.grad.abs().max().clamp_min(1.0)
        torch.testing.assert_close(
            gradients[key] / scale, parameter.grad / scale, **TRAIN, msg=lambda text, key=key: f"{key}: {text}"
        )


@pytest.mark.parametrize(
    "name, shape, tap, running, idle",
    [
        ("resnet8", CIFAR, "stem", ["bn1"], ["layer1.0.bn1", "layer2.0.bn1", "layer3.0.bn2"]),
        ("resnet8", CIFAR, "layer2", ["bn1", "layer1.0.bn2", "layer2.0.downsample.1"], ["layer3.0.bn1"]),
        ("wrn_10_1", CIFAR, "stem", [], ["block1.layer.0.bn1", "bn1"]),
        ("wrn_10_1", CIFAR, "block3", ["block3.layer.0.bn2"], ["bn1"]),
        ("vgg8", CIFAR, "block0", ["block0.1"], ["block1.1", "block4.1"]),
        ("vgg13", CIFAR, "block3", ["block3.1", "block3.4"], ["block4.1"]),
        ("ResNet50", CIFAR, "layer3", ["layer3.5.bn3", "layer1.0.shortcut.1"], ["layer4.0.bn1"]),
        ("MobileNetV2", CIFAR, "stem", ["conv1.1"], ["blocks.0.0.conv.1"]),
        ("MobileNetV2", CIFAR, "blocks.3", ["blocks.3.3.conv.7"], ["blocks.4.0.conv.1", "conv2.1"]),
        ("ShuffleV1", CIFAR, "layer2", ["bn1", "layer2.7.bn3"], ["layer3.0.bn1"]),
        ("ShuffleV2", CIFAR, "layer3", ["layer3.3.bn3"], ["bn2"]),
        ("convnet", [1, 8, 8], "layer1", ["layer1.bn"], ["layer2.bn"]),
    ],
)
def test_nothing_behind_the_last_requested_tap_runs(name, shape, tap, running, idle, tmp_path):
    """A batch norm counts its batches in training: those that did not run have counted none."""
    save_file({"input": torch.zeros(2, *shape)}, tmp_path / "images.safetensors")
    request = {"input": str(tmp_path / "images.safetensors"), "taps": [tap], "train": True}
    tensors = run_probe(tmp_path, name, {"input_shape": shape}, **request)
    assert parts(tensors, "tap.").keys() == {tap}
    counts = {norm: tensors[f"state.{norm}.num_batches_tracked"].item() for norm in running + idle}
    assert counts == {norm: 1 for norm in running} | {norm: 0 for norm in idle}


def assert_normal(tensor, deviation, key):
    """Moments within five standard errors."""
    assert abs(tensor.mean()) < 5 * deviation / math.sqrt(tensor.numel()), key
    assert abs(tensor.std() / deviation - 1) < 5 / math.sqrt(2 * tensor.numel()), key


def assert_uniform(tensor, bound, key):
    assert bound * 0.9 < tensor.abs().max() <= bound, key
    # A uniform sample's deviation has the relative standard error sqrt(1 / (5 n)).
    assert abs(tensor.std() / (bound / math.sqrt(3)) - 1) < 5 / math.sqrt(5 * tensor.numel()), key


@pytest.mark.parametrize("name", ["resnet32x4", "wrn_16_4", "vgg13", *SINGLES, "convnet", "mlp"])
def test_initialisation_follows_the_published_code(name, tmp_path):
    state = parts(run_probe(tmp_path, name, {}, seed=3), "state.")
    uniform, narrow = name.startswith("Shuffle"), name in ("vgg13", "MobileNetV2")
    for key, tensor in state.items():
        if tensor.dim() == 4 and not uniform:
            assert_normal(tensor, math.sqrt(2 / (tensor.shape[0] * tensor.shape[2] * tensor.shape[3])), key)
        elif tensor.dim() == 2 and narrow:
            assert_normal(tensor, 0.01, key)
        elif tensor.dim() >= 2:
            assert_uniform(tensor, 1 / math.sqrt(tensor[0].numel()), key)
        elif key.endswith(("running_var", "weight")):
            assert torch.all(tensor == 1), key
        elif key in ("fc.bias", "linear.bias") and not name.startswith("wrn_") or key.startswith("hidden"):
            fan_in = state[key.replace("bias", "weight")].shape[1]
            assert 0 < tensor.abs().max() <= 1 / math.sqrt(fan_in), key
        else:
            assert torch.all(tensor == 0), key


@pytest.mark.parametrize("name", ["resnet8", "wrn_10_1", "vgg8", *SINGLES, "convnet", "mlp"])
def test_the_seed_decides_the_initial_weights(name, tmp_path):
    first, again, other = (run_probe(tmp_path, name, {}, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    drawn = [key for key, tensor in first.items() if tensor.dim() >= 2]
    assert drawn and not any(torch.equal(first[key], other[key]) for key in drawn)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("resnet8", {"input_shape": [3, 32]}, "input_shape must be three positive integers"),
        ("wrn_16_2", {"input_shape": [3, 32, 32, 1]}, "found [3, 32, 32, 1]"),
        ("resnet8", {"input_shape": [3, 0, 32]}, "input_shape"),
        ("mlp", {"input_shape": []}, "input_shape must be three positive integers"),
        ("mlp", {"hidden": [16, 0]}, "hidden[1]"),
        ("resnet8", {"classes": 0}, "classes"),
        ("convnet", {"channels": [8, 8, 8, 8], "input_shape": [1, 8, 8]}, "at most 3"),
        ("convnet", {"channels": [-1]}, "channels[0]"),
        ("vgg8", {"input_shape": [3, 32, 7]}, "at least 8x8 pixels"),
        ("vgg19", {"input_shape": [3, 64, 15]}, "at least 16x16 pixels"),
        ("wrn_16_2", {"clases": 10}, "classes"),
    ],
)
def test_options_that_cannot_be_are_refused(name, options, message, tmp_path):
    done, _ = probe(tmp_path, name, options)
    assert done.returncode == 2
    assert message in done.stderr


def test_published_weights_without_batch_counters_load(tmp_path):
    case = ("wrn_16_2", 100, CIFAR, {})
    model, _, _, options = prepare(tmp_path, case, 2)
    weights = {key: value for key, value in model.state_dict().items() if "num_batches_tracked" not in key}
    save_file(weights, tmp_path / "old.safetensors")
    state = parts(run_probe(tmp_path, case[0], options, weights=str(tmp_path / "old.safetensors")), "state.")
    assert all(torch.equal(state[key], value) for key, value in weights.items())


needs_retort = pytest.mark.skipif(not RETORT.is_file(), reason=f"the program is not built: {RETORT}")


def parameters_of(options):
    return [word for key, value in options.items() for word in ("-p", f"{key}={json.dumps(value)}")]


def reported(name):
    done = subprocess.run(
        [RETORT, "model", name, "-p", "classes=100", "--json"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_retort
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_command_reports_the_published_size(name):
    report = reported(name)
    assert report["parameters"] == PARAMETERS[name]
    assert report["taps"]["logits"] == [100]
    assert list(report["taps"])[-2:] == ["penultimate", "logits"]


@needs_retort
@pytest.mark.parametrize("name", PUBLISHED)
def test_taps_have_the_shapes_of_the_published_features(name):
    found = reported(name)["taps"]
    expected = PUBLISHED[name][2]
    assert {tap: found.get(tap) for tap in expected} == expected


@needs_retort
@pytest.mark.parametrize("tap", ["logits", "penultimate"])
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case[0] in ("resnet20", "resnet8x4", "wrn_40_2", "vgg13", *SINGLES, "mlp", "convnet")],
    ids=case_id,
)
def test_the_command_computes_the_taps_of_the_reference(case, tap, tmp_path):
    model, images, _, options = prepare(tmp_path, case, 3)
    output = tmp_path / "out.safetensors"
    files = ["--weights", tmp_path / "weights.safetensors", "--input", tmp_path / "images.safetensors"]
    done = subprocess.run(
        [RETORT, "model", case[0], *parameters_of(options), *files, "--tap", tap, "--out", output],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = model.eval()(images)[tap]
    torch.testing.assert_close(load_file(output)[tap], expected, **EVAL)

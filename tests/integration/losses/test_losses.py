"""`retort loss` agrees with the same formula written in plain PyTorch, in float64: values and gradients."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

RETORT = os.environ.get("RETORT_BIN", str(Path(__file__).parents[3] / "build/release/bin/retort"))


def retort(*arguments):
    return subprocess.run([RETORT, "loss", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def parameters(options):
    """-p key=value, the values as TOML: JSON writes these alike."""
    return [word for key, value in options.items()
            for word in ("-p", f"{key}={value if isinstance(value, str) else json.dumps(value)}")]


def evaluate(folder, name, options, student, teacher=None, target=None, tap="logits"):
    """The loss and its gradient with respect to the student, as retort computes them."""
    arguments = [name, *parameters(options), "--student", folder / "student.safetensors", "--json"]
    save_file({tap: student.detach()}, folder / "student.safetensors")
    if teacher is not None:
        save_file({tap: teacher}, folder / "teacher.safetensors")
        arguments += ["--teacher", folder / "teacher.safetensors"]
    if target is not None:
        save_file({"target": target}, folder / "target.safetensors")
        arguments += ["--target", folder / "target.safetensors"]
    done = retort(*arguments, "--grad-out", folder / "gradient.safetensors")
    assert done.returncode == 0, done.stderr
    gradient = load_file(folder / "gradient.safetensors")[f"student.{tap}"]
    return json.loads(done.stdout)["loss"], gradient


def assert_agrees(folder, name, options, expected, student, **others):
    student.requires_grad_(True)
    value = expected(student)
    value.backward()
    found, gradient = evaluate(folder, name, options, student, **others)
    assert found == pytest.approx(value.item(), rel=1e-9, abs=1e-12)
    torch.testing.assert_close(gradient, student.grad, rtol=1e-9, atol=1e-12)


def pair(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return [3 * torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2)]


@pytest.mark.parametrize(("shape", "temperature"), [((2, 2), 0.5), ((7, 10), 1.0), ((16, 100), 4.0), ((5, 3), 20.0)])
def test_kl_divergence(tmp_path, shape, temperature):
    student, teacher = pair(shape, 1)
    for scale in (True, False):
        def expected(s):
            divergence = F.kl_div(F.log_softmax(s / temperature, 1), F.softmax(teacher / temperature, 1),
                                  reduction="batchmean")
            return divergence * (temperature**2 if scale else 1)

        assert_agrees(tmp_path, "kl_divergence", {"temperature": temperature, "scale_by_t2": scale}, expected,
                      student.clone(), teacher=teacher)


@pytest.mark.parametrize("shape", [(2, 2), (16, 100)])
def test_mse_logits(tmp_path, shape):
    student, teacher = pair(shape, 2)
    assert_agrees(tmp_path, "mse_logits", {}, lambda s: F.mse_loss(s, teacher), student, teacher=teacher)


def test_mse_is_twice_the_divergence_at_infinite_temperature_plus_the_squared_mean(tmp_path):
    student, teacher = pair((8, 100), 3)
    mse, _ = evaluate(tmp_path, "mse_logits", {}, student, teacher)
    divergence, _ = evaluate(tmp_path, "kl_divergence", {"temperature": 1e5}, student, teacher)
    shift = (student - teacher).mean(1).square().mean().item()
    assert mse == pytest.approx(2 * divergence + shift, rel=1e-4)


@pytest.mark.parametrize(("shape", "smoothing"), [((2, 2), 0.9), ((7, 10), 0.0), ((16, 100), 0.1)])
def test_cross_entropy(tmp_path, shape, smoothing):
    student, _ = pair(shape, 4)
    labels = torch.arange(shape[0]) % shape[1]
    probabilities = torch.softmax(pair(shape, 5)[0], 1)
    for target in (labels, probabilities):
        assert_agrees(tmp_path, "cross_entropy", {"label_smoothing": smoothing},
                      lambda s: F.cross_entropy(s, target, label_smoothing=smoothing), student.clone(), target=target)


def logsum(s, t, alpha, form, reduce, eps):
    error = s - t if form == "difference" else torch.einsum("bd,bd->d", s, t) / len(s) - 1
    powers = error.abs() ** alpha
    return torch.log((powers.sum() if reduce == "sum" else powers.mean()) + eps)


@pytest.mark.parametrize("form", ["difference", "correlation"])
@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize(("alpha", "eps"), [(1.0, None), (2.5, 0.25), (4.0, None)])
def test_logsum(tmp_path, form, reduce, alpha, eps):
    student, teacher = pair((16, 24), 6)
    options = {"form": form, "reduce": reduce, "alpha": alpha} | ({} if eps is None else {"eps": eps})
    eps_used = eps if eps is not None else {"difference": 0.0, "correlation": 1e-5}[form]
    assert_agrees(tmp_path, "logsum", options, lambda s: logsum(s, teacher, alpha, form, reduce, eps_used), student,
                  teacher=teacher, tap="penultimate")


def test_float32_stays_float32(tmp_path):
    student, teacher = [t.float() for t in pair((4, 10), 7)]
    _, gradient = evaluate(tmp_path, "mse_logits", {}, student, teacher)
    assert gradient.dtype == torch.float32


def failure(tmp_path, name, options):
    student, teacher = pair((4, 10), 8)
    save_file({"logits": student}, tmp_path / "s.safetensors")
    save_file({"logits": teacher}, tmp_path / "t.safetensors")
    done = retort(name, *parameters(options), "--student", tmp_path / "s.safetensors", "--teacher",
                  tmp_path / "t.safetensors", "--json")
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_an_unknown_loss_names_the_nearest(tmp_path):
    assert "kl_divergence" in failure(tmp_path, "kl_divergense", {})


def test_an_unknown_parameter_names_the_nearest(tmp_path):
    assert "did you mean 'temperature'?" in failure(tmp_path, "kl_divergence", {"temprature": 2})


def test_a_value_out_of_range_says_what_was_expected(tmp_path):
    message = failure(tmp_path, "kl_divergence", {"temperature": 0})
    assert "greater than 0" in message and "temperature" in message


def test_a_wrong_choice_names_the_nearest(tmp_path):
    assert "did you mean 'correlation'?" in failure(tmp_path, "logsum", {"form": "corelation"})


def test_shapes_that_differ_are_both_named(tmp_path):
    save_file({"logits": torch.zeros(4, 10)}, tmp_path / "s.safetensors")
    save_file({"logits": torch.zeros(4, 12)}, tmp_path / "t.safetensors")
    done = retort("mse_logits", "--student", tmp_path / "s.safetensors", "--teacher", tmp_path / "t.safetensors")
    assert done.returncode != 0
    assert "4x10" in done.stderr and "4x12" in done.stderr and "mse_logits" in done.stderr

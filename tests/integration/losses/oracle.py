"""`retort loss` from Python, and how its answers are compared with PyTorch's."""

import json
import math
import os
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

RETORT = os.environ.get("RETORT_BIN", str(Path(__file__).parents[3] / "build/release/bin/retort"))


def retort(*arguments):
    return subprocess.run([RETORT, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def toml_value(value):
    """As TOML: JSON writes booleans, numbers and strings alike, but has no inf."""
    if isinstance(value, str):
        return value
    return "inf" if value == math.inf else json.dumps(value)


def parameters(options):
    """-p key=value for each."""
    return [word for key, value in options.items() for word in ("-p", f"{key}={toml_value(value)}")]


def evaluate(folder, name, options, student, teacher=None, target=None, tap="logits"):
    """The loss and its gradient with respect to the student, as retort computes them."""
    arguments = ["loss", name, *parameters(options), "--student", folder / "student.safetensors", "--json"]
    save_file({tap: student.detach().contiguous()}, folder / "student.safetensors")
    if teacher is not None:
        save_file({tap: teacher.contiguous()}, folder / "teacher.safetensors")
        arguments += ["--teacher", folder / "teacher.safetensors"]
    if target is not None:
        save_file({"target": target}, folder / "target.safetensors")
        arguments += ["--target", folder / "target.safetensors"]
    done = retort(*arguments, "--grad-out", folder / "gradient.safetensors")
    assert done.returncode == 0, done.stderr
    gradient = load_file(folder / "gradient.safetensors")[f"student.{tap}"]
    return json.loads(done.stdout)["loss"], gradient


def assert_agrees(folder, name, options, expected, student, **others):
    """`expected(student)` is the same loss in PyTorch: value and gradient agree to 1e-9."""
    student.requires_grad_(True)
    value = expected(student)
    value.backward()
    found, gradient = evaluate(folder, name, options, student, **others)
    assert found == pytest.approx(value.item(), rel=1e-9, abs=1e-12)
    torch.testing.assert_close(gradient, student.grad, rtol=1e-9, atol=1e-12)


def pair(shape, seed):
    """Student and teacher of a shape."""
    generator = torch.Generator().manual_seed(seed)
    return [3 * torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2)]

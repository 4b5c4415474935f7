"""Teachers from packages: exported by tools/python/export_teacher.py, run by the plugins torchscript and aoti."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from reference_models import build, randomise
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/integration/run"))
from harness import USAGE, Retort  # noqa: E402

MODELS = Path(__file__).resolve().parent / "reference_models.py"
SHAPE = [1, 16, 16]
# A last batch of one sample: 97 = 3 * 32 + 1.
EXPERIMENT = """\
[dataset]
use = "synthetic"
classes = 10
image = [1, 16, 16]
train = 97
test = 33

[teacher]
use = "{use}"
package = "{package}"

[student]
use = "convnet"
channels = [4, 8]

[loss.soft]
use = "kl_divergence"

[loss.features]
use = "logsum"
student = {{ tap = "penultimate", projector = {{ use = "linear" }} }}
teacher = {{ tap = "penultimate" }}

[schedule]
epochs = 2
batch_size = 32
"""


def export(folder, form, *words, code=0):
    """Exports the reference convnet; the package and the model."""
    model = randomise(build("convnet", 10, SHAPE, channels=[8, 16]))
    save_file(model.state_dict(), folder / "teacher.safetensors")
    package = folder / f"teacher.{form}"
    command = [sys.executable, ROOT / "tools/python/export_teacher.py", package, "--architecture", MODELS]
    command += ["--build", f'build("convnet", 10, {SHAPE}, channels=[8, 16])', "--format", form]
    command += ["--weights", folder / "teacher.safetensors", "--input-shape", "1,16,16", *words]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900)
    assert done.returncode == code, done.stdout + done.stderr
    return package, model.eval(), done


@pytest.fixture(scope="module", params=["torchscript", "aoti"])
def exported(request, tmp_path_factory):
    if request.param == "aoti" and not shutil.which("g++"):
        pytest.skip("AOTInductor needs g++, which is not on PATH")
    package, model, _ = export(tmp_path_factory.mktemp(request.param), request.param)
    return request.param, package, model


@pytest.fixture
def retort(tmp_path):
    return Retort(tmp_path)


def taps_of(retort, use, package, images, *taps):
    save_file({"input": images}, retort.folder / "images.safetensors")
    words = [word for tap in taps for word in ("--tap", tap)]
    retort("model", use, "-p", f'package="{package}"', "--input", "images.safetensors", *words, "--out", "o.safetensors")
    return load_file(retort.folder / "o.safetensors")


@pytest.mark.parametrize("batch", [1, 2, 8, 13])
def test_every_tap_equals_the_model(exported, retort, batch):
    use, package, model = exported
    images = torch.randn(batch, *SHAPE, generator=torch.Generator().manual_seed(batch))
    with torch.no_grad():
        expected = model(images)
    found = taps_of(retort, use, package, images, *expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


def test_is_described_by_what_the_package_says(exported, retort):
    use, package, model = exported
    described = retort("model", use, "-p", f'package="{package}"', "--json").json
    assert described["parameters"] == 0
    assert described["taps"] == {"layer1": [8, 8, 8], "layer2": [16, 4, 4], "penultimate": [16], "logits": [10]}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_teaches_whatever_the_precision_of_the_run(exported, retort, precision):
    use, package, model = exported
    shutil.copy(package, retort.folder)
    experiment = retort.write(EXPERIMENT.format(use=use, package=package.name))  # relative to the experiment
    elsewhere = Retort(retort.folder.parent)
    run = elsewhere("run", experiment, "--set", f"run.precision={precision}").run
    # The package is not trained first, and the run's own copy of the experiment finds it.
    assert list(run.stages) == ["student"]
    assert str(retort.folder / package.name) in (run.root / "experiment.toml").read_text()
    values = [record["values"] for record in run.history() if record["split"] == "train"]
    assert values and all(record["loss.soft"] > 0 for record in values)


def test_teaches_the_same_as_the_model_itself(exported, retort):
    use, package, model = exported
    packaged = retort("run", retort.write(EXPERIMENT.format(use=use, package=package))).run
    text = EXPERIMENT.replace('package = "{package}"', 'channels = [8, 16]\nweights = "{package}"')
    weights = package.parent / "teacher.safetensors"
    native = retort("run", retort.write(text.format(use="convnet", package=weights), "native.toml")).run
    losses = [
        [record["values"]["loss.soft"] for record in run.history() if record["split"] == "train"]
        for run in (packaged, native)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_cannot_be_a_student(exported, retort):
    use, package, _ = exported
    text = EXPERIMENT.format(use=use, package=package).replace(
        'use = "convnet"\nchannels = [4, 8]', f'use = "{use}"\npackage = "{package}"'
    )
    said = retort("check", retort.write(text), code=USAGE).stderr
    assert f"student '{use}' has no trainable parameters: it can only be a teacher" in said
    assert "small.toml:13:7" in said


@pytest.mark.parametrize("use", ["torchscript", "aoti"])
def test_what_is_no_package_is_refused(retort, use):
    (retort.folder / "teacher.bin").write_bytes(b"PK\x03\x04 no package")
    said = retort("check", retort.write(EXPERIMENT.format(use=use, package="teacher.bin")), code=USAGE).stderr
    assert f"{retort.folder / 'teacher.bin'}: LibTorch cannot load it" in said
    said = retort("check", retort.write(EXPERIMENT.format(use=use, package="teachr.bin")), code=USAGE).stderr
    assert "teacher.package: there is no file" in said and "did you mean 'teacher.bin'" in said


def test_torchscript_of_another_origin_is_refused(retort):
    torch.jit.save(torch.jit.trace(torch.nn.Flatten(), torch.zeros(2, *SHAPE)), str(retort.folder / "other.pt"))
    said = retort("check", retort.write(EXPERIMENT.format(use="torchscript", package="other.pt")), code=USAGE).stderr
    assert "was it written by tools/python/export_teacher.py?" in said


def test_bfloat16_is_within_its_precision(tmp_path, retort):
    package, model, done = export(tmp_path, "torchscript", "--dtype", "bfloat16", "--mean", "0.5", "--deviation", "0.2")
    images = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(images)["logits"]
    found = taps_of(retort, "torchscript", package, images, "logits")["logits"]
    error = (found - expected).abs().max() / expected.abs().max()
    assert 1e-5 < error < 5e-2


@pytest.mark.parametrize(
    "words, message",
    [
        (["--build", "Unknown()"], "NameError"),
        (["--tap", "x=nowhere"], "no module 'nowhere'"),
        (["--input-shape", "3,16,16"], "the model does not take images [8, 3, 16, 16]"),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(tmp_path, words, message):
    package, _, done = export(tmp_path, "torchscript", *words, code=2)
    assert message in done.stderr and not package.exists()

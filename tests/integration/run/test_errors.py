"""Whatever is wrong with the input is told with its place, in one go, with exit code 2, and nothing is written."""

import json
import os
import socket
import struct

import pytest
from harness import SMALL, USAGE, changed, settings, tree


def place(text, needle):
    """line:column of the only `needle`, or of what follows its bar, counted from 1."""
    ahead, _, there = needle.rpartition("|")
    assert text.count(ahead + there) == 1, f"{text.count(ahead + there)} times: {needle!r}"
    before = text[: text.index(ahead + there) + len(ahead)].split("\n")
    return f"{len(before)}:{len(before[-1]) + 1}"


def refused(retort, *words, code=USAGE):
    """What `retort run` says when it refuses; it must have written nothing."""
    before = tree(retort.folder)
    done = retort("run", *words, code=code)
    assert tree(retort.folder) == before
    assert not (retort.folder / "runs").exists()
    assert done.stdout == ""
    return done.stderr


def refused_text(retort, text, *words):
    return refused(retort, retort.write(text), *words)


# What is written instead of what, where the mistake is in the new text, what the message says of it.
MISTAKES = {
    "unknown key of a component": (
        "temperature = 4.0",
        "temprature = 4.0",
        "temprature",
        "loss.soft.temprature: unknown key 'temprature'; did you mean 'temperature'?",
    ),
    "unknown key of the host": (
        "batch_size = 32",
        "batchsize = 32",
        "batchsize",
        "schedule.batchsize: unknown key 'batchsize'; did you mean 'batch_size'?",
    ),
    "unknown table": ("[optimizer]", "[optimiser]", "optimiser", "unknown key 'optimiser'; did you mean 'optimizer'?"),
    "type of a host's value": (
        "epochs = 2",
        'epochs = "two"',
        '"two"',
        'schedule.epochs: expected an integer of at least 1, found a string: "two"',
    ),
    "type of a component's value": (
        "temperature = 4.0",
        "temperature = [4]",
        "[4]",
        "loss.soft.temperature: expected a number of at least 0 (or inf) or a table, found a list: [4]",
    ),
    "range of a host's value": (
        "epochs = 2",
        "epochs = 0",
        "epochs = |0",
        "schedule.epochs: expected an integer of at least 1, found 0",
    ),
    "range of a component's value": (
        "temperature = 4.0",
        "temperature = -1",
        "-1",
        "loss.soft.temperature: expected a number of at least 0 (or inf), found -1",
    ),
    "no TOML": ("epochs = 2", "epochs = = 2", "epochs = |= 2", ""),
    "key twice": ("epochs = 2", "epochs = 2\nepochs = 3", "epochs = |3", "cannot redefine existing integer 'epochs'"),
    "unknown loss": (
        '"kl_divergence"',
        '"kl_divergense"',
        '"kl_divergense"',
        "there is no loss 'kl_divergense'; did you mean 'kl_divergence'? (available: ",
    ),
    "unknown model": (
        '[student]\nuse = "convnet"',
        '[student]\nuse = "convnets"',
        '"convnets"',
        "there is no model 'convnets'; did you mean 'convnet'?",
    ),
    "unknown data set": (
        'use = "synthetic"',
        'use = "cifar11"',
        '"cifar11"',
        "there is no dataset 'cifar11'; did you mean 'cifar10'?",
    ),
    "unknown projector": (
        'projector = { use = "linear" }',
        'projector = { use = "linaer" }',
        '"linaer"',
        "there is no projector 'linaer'; did you mean 'linear'?",
    ),
    "unknown tap": (
        'student = { tap = "penultimate"',
        'student = { tap = "penultimte"',
        '"penultimte"',
        "loss.representation.student: student 'convnet' has no tap 'penultimte'; did you mean 'penultimate'? (it has: layer1, layer2, penultimate, logits)",
    ),
    "shapes that do not fit": (
        ', projector = { use = "linear" }',
        "",
        '"logsum"',
        "loss.representation (loss 'logsum') in its forward pass: student and teacher features",
    ),
    "projector of the wrong shape": (
        '{ tap = "penultimate", projector',
        '{ tap = "layer1", projector',
        '"linear"',
        "loss.representation.student.projector (projector 'linear') while being created: the linear projector joins vectors",
    ),
    "classes of the teacher": (
        "channels = [8, 16]",
        "channels = [8, 16]\nclasses = 7",
        "classes = |7",
        "classes is 7, but the data set has 4; leave it out to follow the data set",
    ),
    "constructor refuses": (
        "channels = [4, 8]",
        "channels = [4, 8, 8, 8]",
        '"convnet"\nchannels = [4, 8, 8, 8]',
        "student (model 'convnet') while being created: channels has 4 blocks",
    ),
    "transform changes the shape": (
        "random_crop(8, padding=1)",
        "random_crop(6)",
        '"synthetic"',
        "the transforms turn the training images of 1x8x8 into 1x6x6",
    ),
    "unknown transform": (
        "random_flip",
        "random_flop",
        '"random_flop"',
        "unknown transform 'random_flop'; did you mean 'random_flip'?",
    ),
    "missing weights": (
        "channels = [8, 16]",
        'channels = [8, 16]\nweights = "techer.safetensors"',
        '"techer.safetensors"',
        "teacher.weights: there is no file '",
    ),
    "unset environment variable": (
        "channels = [8, 16]",
        'channels = [8, 16]\nweights = "${env:NOWHERE}/teacher.safetensors"',
        '"${env:NOWHERE}',
        "the environment variable NOWHERE is not set",
    ),
    "directory outside": (
        'name = "small"',
        'name = "../small"',
        '"../small"',
        "run.name: expected a relative path without '..'",
    ),
    "unknown device": (
        'name = "small"',
        'name = "small"\ndevice = "gpu"',
        '"gpu"',
        'run.device: expected "auto", "cpu", "cuda" or "cuda:N", found "gpu"',
    ),
    "teacher of no loss": (
        SMALL[SMALL.index("[teacher]") : SMALL.index("[student]")],
        "",
        '"kl_divergence"',
        "the loss 'kl_divergence' compares with a teacher",
    ),
    "missing file to extend": (
        "[run]",
        'extends = "bsae.toml"\n[run]',
        '"bsae.toml"',
        "bsae.toml': No such file or directory",
    ),
}


@pytest.mark.parametrize("old, new, where, message", MISTAKES.values(), ids=MISTAKES)
def test_mistake_in_the_file(retort, old, new, where, message):
    text = changed(SMALL, old, new)
    experiment = retort.write(text)
    assert f"{experiment}:{place(text, where)}: error: " in (said := refused(retort, experiment))
    assert message in said


# What --set says, and what is wrong with it.
SETTINGS = {
    "unknown key": ("schedule.epoch=3", "schedule.epoch: unknown key 'epoch'; did you mean 'epochs'?"),
    "unknown term": ("loss.sfot.temperature=3", "loss.sfot.use: missing"),
    "type": ("schedule.epochs=many", 'schedule.epochs: expected an integer of at least 1, found a string: "many"'),
    "range": ("optimizer.momentum=1.5", "optimizer.momentum: expected a number in [0, 1), found 1.5"),
    "through a value": ("schedule.epochs.first=1", "cannot set 'schedule.epochs.first': 'schedule.epochs' is no table"),
    "item that is not there": ("student.channels[5]=1", "'student.channels' has 2 items, there is no [5]"),
    "negative item": ("student.channels[-1]=1", "cannot set 'student.channels[-1]': expected an index at character"),
    "no value": ("schedule.epochs", "expected key=value, found 'schedule.epochs'"),
    "empty key": ("schedule..epochs=1", "cannot set 'schedule..epochs': expected a key at character 10 of the key"),
    "broken value": ("schedule.epochs=[1", "the value is not TOML"),
    "merged too late": ("extends=base.toml", "files are merged before anything is set"),
    "unknown component": ("loss.soft.use=kl", "there is no loss 'kl'"),
}


@pytest.mark.parametrize("setting, message", SETTINGS.values(), ids=SETTINGS)
def test_mistake_on_the_command_line(retort, setting, message):
    said = refused_text(retort, SMALL, "--set", "run.seed=3", "--set", setting)
    assert "--set #2: error: " in said
    assert message in said


def test_unset_names_what_there_is(retort):
    said = refused_text(retort, SMALL, "--unset", "loss.sof")
    assert "--unset #1: error: cannot unset loss.sof: there is no key 'sof' in loss; did you mean 'soft'?" in said


def test_objective_without_a_term(retort):
    words = settings(loss__label__weight=0, loss__soft__weight=0, loss__representation__weight=0)
    assert "stage 'student' has no loss term with a weight other than 0" in refused_text(retort, SMALL, *words)


def test_batch_that_the_data_cannot_fill(retort):
    text = changed(SMALL, "batch_size = 32", "batch_size = 600\ndrop_last = true")
    experiment = retort.write(text)
    said = refused(retort, experiment)
    assert f"{experiment}:" in said and "drop_last leaves no batch: batch_size is 600" in said and "on 512 images" in said


def test_all_mistakes_are_told_together(retort):
    text = SMALL
    for old, new in [
        ("epochs = 2", "epochs = 0"),
        ("temperature = 4.0", "temprature = 4.0"),
        ('name = "small"', 'name = "small"\nsed = 3'),
        ('use = "logsum"', 'use = "logsumm"'),
    ]:
        text = changed(text, old, new)
    experiment = retort.write(text)
    said = refused(retort, experiment, "--set", "metrics.port=70000")
    expected = [
        f"{experiment}:{place(text, where)}: error: " for where in ("sed =", "temprature", '"logsumm"', "epochs = |0")
    ]
    places = [said.index(each) for each in expected]
    assert places == sorted(places)
    assert "--set #1: error: metrics.port: expected an integer in [0, 65535], found 70000" in said
    assert said.count("error: ") == 5


def test_missing_experiment_names_the_nearest(retort):
    retort.write()
    said = refused(retort, "smal.toml")
    assert "smal.toml: error: cannot read 'smal.toml': No such file or directory; did you mean 'small.toml'?" in said
    assert "it is a folder" in refused(retort, retort.folder)


def test_no_experiment(retort):
    assert "retort: error: run needs a file" in refused(retort)


def test_files_that_extend_each_other(retort):
    retort.write('extends = "b.toml"\n', "a.toml")
    retort.write('\nextends = ["a.toml"]\n', "b.toml")
    said = refused(retort, "a.toml")
    assert "b.toml:2:12: error: extends: the file extends itself: a.toml -> b.toml -> a.toml" in said


def test_mistake_in_an_extended_file_is_told_there(retort):
    text = changed(SMALL, "epochs = 2", "epochs = 0")
    base = retort.write(text, "base.toml")
    experiment = retort.write('extends = "base.toml"\n', "experiment.toml")
    assert f"{base}:{place(text, 'epochs = |0')}: error: schedule.epochs" in refused(retort, experiment)


def write_safetensors(path, tensors):
    """`tensors`: shapes by name; all values are zeros."""
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    return path


def convnet_shapes(classes):
    shapes = {"fc.weight": [classes, 16], "fc.bias": [classes]}
    for layer, inputs, outputs in (("layer1", 1, 8), ("layer2", 8, 16)):
        shapes[f"{layer}.conv.weight"] = [outputs, inputs, 3, 3]
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{layer}.bn.{name}"] = [outputs]
    return shapes


def with_teacher(weights):
    return changed(SMALL, "channels = [8, 16]", f'channels = [8, 16]\nweights = "{weights}"')


def refused_teacher(retort, weights):
    text = with_teacher(weights)
    experiment = retort.write(text)
    said = refused(retort, experiment)
    assert f"{experiment}:{place(text, chr(34) + str(weights))}: error: " in said
    return said


def test_teacher_of_other_classes(retort):
    weights = write_safetensors(retort.folder / "teacher.safetensors", convnet_shapes(7))
    said = refused_teacher(retort, weights)
    assert f"{weights} does not fit teacher 'convnet': 2 of another shape: " in said
    assert "fc.bias (expected 4, found 7)" in said and "fc.weight (expected 4x16, found 7x16)" in said


def test_teacher_of_other_names(retort):
    shapes = {f"module.{name}": shape for name, shape in convnet_shapes(4).items()}
    said = refused_teacher(retort, write_safetensors(retort.folder / "teacher.safetensors", shapes))
    assert "names begin with 'module.', which must be removed" in said


def test_teacher_that_is_truncated(retort):
    weights = write_safetensors(retort.folder / "teacher.safetensors", convnet_shapes(4))
    whole = weights.read_bytes()
    for content in (whole[:-1], whole[:50], whole[:7], b"", b"\x80\x02" + whole):
        weights.write_bytes(content)
        assert f"cannot read {weights}: " in refused_teacher(retort, weights)


def test_teacher_that_fits_is_taken(retort):
    weights = write_safetensors(retort.folder / "teacher.safetensors", convnet_shapes(4))
    retort("check", retort.write(with_teacher(weights)))


def write_cifar(folder, records=20):
    """The binary layout of CIFAR-10, with few images."""
    folder.mkdir()
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        (folder / name).write_bytes(b"".join(bytes([i % 10]) + bytes([i]) * 3072 for i in range(records)))
    return folder


CIFAR = """\
[dataset]
use = "cifar10"
root = "{root}"

[student]
use = "convnet"
channels = [4]

[loss.label]
use = "cross_entropy"

[schedule]
epochs = 1
"""


@pytest.fixture
def cifar(retort):
    root = write_cifar(retort.folder / "cifar-10-batches-bin")
    return root, retort.write(CIFAR.format(root=root), "cifar.toml")


def test_data_that_is_whole_is_taken(retort, cifar):
    retort("check", cifar[1])


def test_data_that_is_truncated(retort, cifar):
    root, experiment = cifar
    file = root / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-1])
    said = refused(retort, experiment)
    assert f"{experiment}:2:7: error: dataset (dataset 'cifar10') while reading its training split: {file}: " in said
    assert "expected a whole number of records of 3073 bytes, found 61459 bytes" in said


def test_data_that_is_corrupt(retort, cifar):
    root, experiment = cifar
    file = root / "test_batch.bin"
    content = bytearray(file.read_bytes())
    content[3073 * 4] = 200
    file.write_bytes(content)
    said = refused(retort, experiment)
    assert f"{experiment}:2:7: error: dataset (dataset 'cifar10') while reading its test split: {file}: " in said
    assert "expected labels from 0 to 9, found 200 in record 4" in said


def test_data_that_is_missing(retort, cifar):
    root, experiment = cifar
    (root / "data_batch_5.bin").unlink()
    said = refused(retort, experiment)
    assert f"{root}/data_batch_5.bin: there is no such file; `root` must name the folder that holds it" in said


def test_port_in_use(retort):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = changed(SMALL, "every = 5", f"port = {port}")
        experiment = retort.write(text)
        said = refused(retort, experiment)
    assert (
        f"{experiment}:{place(text, str(port))}: error: metrics: cannot serve metrics on 127.0.0.1 port {port}: "
        in said
    )
    assert "metrics.port = 0 takes a free one" in said


def test_gpu_that_is_not_there(retort):
    if os.path.exists("/dev/nvidiactl"):
        pytest.skip("this machine has a GPU")
    assert '--set #1: error: run.device = "cuda", but there is no usable GPU' in refused_text(
        retort, SMALL, *settings(run__device="cuda")
    )


def test_folder_of_plugins_that_is_not_there(retort):
    said = refused(retort, retort.write(), "--plugin-path", retort.folder / "nowhere")
    assert "nowhere" in said and "retort run --help" in said


def test_directory_that_cannot_be_made(retort):
    (retort.folder / "runs-file").write_text("")
    done = retort("run", retort.write(), *settings(run__directory="runs-file"), code=1)
    assert f"cannot make the directory {retort.folder}/runs-file/small" in done.stderr

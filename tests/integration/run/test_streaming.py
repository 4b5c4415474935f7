"""A data set that is read while training goes on."""

import random
import re
import signal
import struct
import zlib

import pytest
from harness import DONE, STOPPED, USAGE, settings

EXPERIMENT = """\
[run]
name = "streamed"
seed = 5

[dataset]
use = "image_folder"
root = "images"
classes = 3
size = 12
transforms = ["random_crop(12, padding=2)", "random_flip"]

[student]
use = "convnet"
channels = [4, 8]

[loss.label]
use = "cross_entropy"

[schedule]
epochs = 4
batch_size = 16

[metrics]
every = 1
"""


def write_png(path, pixels, height, width):
    """RGB bytes, row by row, as a PNG file."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[y * width * 3:(y + 1) * width * 3] for y in range(height))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_images(folder, train=40, test=10):
    """Noise, brighter in one channel for each class."""
    source = random.Random(1)
    for split, count in (("train", train), ("val", test)):
        for label, name in enumerate(("ant", "bee", "cow")):
            for number in range(count):
                height, width = 12 + number % 3, 12 + number % 5
                pixels = bytes(min(255, source.randrange(160) + (90 if i % 3 == label else 0))
                               for i in range(height * width * 3))
                write_png(folder / "images" / split / name / f"{number:03}.png", pixels, height, width)


@pytest.fixture(scope="module")
def run(shared_retort):
    write_images(shared_retort.folder)
    return shared_retort("run", shared_retort.write(EXPERIMENT), *settings(engine__readers=1)).run


def test_it_learns(run):
    assert run.stages["student"]["top1"] > 0.8


def test_the_number_of_readers_does_not_matter(shared_retort, run):
    for readers in (0, 4):
        other = shared_retort("run", shared_retort.write(EXPERIMENT), *settings(engine__readers=readers)).run
        assert other.student().read_bytes() == run.student().read_bytes()


def test_a_stopped_run_goes_on_to_the_same_weights(shared_retort, run):
    experiment = shared_retort.write(EXPERIMENT.replace("[metrics]", "[metrics]\nserve = false"))
    with shared_retort.start("run", experiment) as running:
        directory = running.hold_at_step("student", 9)
        assert running.end(signal.SIGTERM).code in (STOPPED, DONE)
    done = shared_retort("run", "--resume", directory.root)
    assert done.run.student().read_bytes() == run.student().read_bytes()


def test_a_subset_and_evaluation_read_what_they_need(shared_retort, run):
    done = shared_retort("run", shared_retort.write(EXPERIMENT), *settings(dataset__subset__fraction=0.5, schedule__epochs=1))
    assert done.run.stages["student"]["steps"] == 4
    found = shared_retort("eval", run.root, "--json").json
    assert found["samples"] == 30
    assert found["top1"] == run.stages["student"]["top1"]


def test_a_damaged_image_is_named_with_its_place_in_the_experiment(retort):
    write_images(retort.folder, train=12, test=2)
    broken = retort.folder / "images/train/bee/007.png"
    broken.write_bytes(broken.read_bytes()[:60])
    done = retort("run", retort.write(EXPERIMENT), code=USAGE)
    assert re.search(r"small\.toml:6:\d+.*bee/007\.png: is no PNG image that can be read", done.stderr), done.stderr


def test_the_cache_of_logits_is_refused(retort):
    write_images(retort.folder, train=12, test=2)
    experiment = EXPERIMENT + '\n[teacher]\nuse = "convnet"\nchannels = [4, 8]\n\n[loss.soft]\nuse = "kl_divergence"\n'
    done = retort("run", retort.write(experiment), *settings(engine__logit_cache="true", schedule__max_steps=2))
    assert "engine.logit_cache: not used in stage 'student': the data set streams its images" in done.stderr

"""The experiments of the publications train, on data of the right layout; the members of their studies are valid."""

import math
import random
import struct

import pytest
from harness import CONFIGS, Retort, settings

FOLDERS = ["hinton2015", "ba2014", "kim2021", "miles2023", "cifar10", "cifar100"]
EXPERIMENTS = sorted(path for folder in FOLDERS for path in (CONFIGS / folder).glob("*.toml"))
STUDIES = [path for path in EXPERIMENTS if "\n[study" in path.read_text()]
FEW_STEPS = settings(schedule__max_steps=2, schedule__batch_size=8, metrics__every=1, metrics__serve="false")


def ids(path):
    return str(path.relative_to(CONFIGS))


def records(generator, count, labels):
    """Images of noise in CIFAR's binary layout, each class in turn."""
    return b"".join(
        bytes(number % classes for classes in labels) + generator.randbytes(3072) for number in range(count)
    )


def idx(dimensions, content):
    return struct.pack(f">HBB{len(dimensions)}I", 0, 8, len(dimensions), *dimensions) + content


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root, generator = tmp_path_factory.mktemp("data"), random.Random(1)
    files = {f"cifar-10-batches-bin/data_batch_{number}.bin": records(generator, 40, [10]) for number in range(1, 6)}
    files["cifar-10-batches-bin/test_batch.bin"] = records(generator, 20, [10])
    files["cifar-100-binary/train.bin"] = records(generator, 200, [20, 100])
    files["cifar-100-binary/test.bin"] = records(generator, 20, [20, 100])
    for name, count in (("train", 60), ("t10k", 20)):
        files[f"mnist/{name}-images-idx3-ubyte"] = idx([count, 28, 28], generator.randbytes(count * 784))
        files[f"mnist/{name}-labels-idx1-ubyte"] = idx([count], bytes(number % 10 for number in range(count)))
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def retort(tmp_path, data):
    return Retort(tmp_path, RETORT_DATA=str(data))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=ids)
def test_trains_for_a_few_steps(retort, path):
    run = retort("run", path, *FEW_STEPS, timeout=300).run
    assert run.summary["state"] == "finished"
    for record in run.history():
        assert all(math.isfinite(value) for name, value in record["values"].items() if name.startswith("loss")), record
    for stage in run.stages.values():
        assert stage["steps"] == 2 or "subset" in path.read_text()


@pytest.mark.parametrize("path", STUDIES, ids=ids)
def test_members_are_valid(retort, path):
    plan = retort("study", path, "--out", "study", "--dry-run", "--no-estimate").stdout
    assert len(plan.splitlines()) > 2
    assert list(retort.folder.iterdir()) == []


def test_there_are_experiments_and_studies():
    assert len(EXPERIMENTS) > 30 and len(STUDIES) > 8

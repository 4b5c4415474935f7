"""The scripts of tools/bench run and compare like with like."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BENCH = ROOT / "tools/bench"
sys.path[:0] = [str(BENCH), str(ROOT / "tests/integration/models")]

torch = pytest.importorskip("torch", reason="PyTorch is not installed beside this Python")

from cifar_data import ResidentBatches, load  # noqa: E402
from cifar_models import make_model  # noqa: E402
from peers import peers_on  # noqa: E402
from published import PUBLISHED  # noqa: E402
from reference_models import build, randomise  # noqa: E402

WITHOUT_DATA = {key: value for key, value in os.environ.items() if key != "RETORT_DATA"}


def script(name, *words):
    command = [sys.executable, str(BENCH / name), *map(str, words)]
    done = subprocess.run(command, env=WITHOUT_DATA, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("name", [*PUBLISHED, "wrn_28_4"])
def test_both_sides_train_the_same_network(name):
    """The zoo's own test compares the plugins with these references."""
    reference = randomise(build(name, 100, [3, 32, 32])).eval()
    model = make_model(name, 100).eval()
    model.load_state_dict(reference.state_dict())
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(model(images), reference(images)["logits"], rtol=1e-5, atol=1e-5)


def test_batches_are_crops_and_flips_of_the_images():
    images, labels = load(None, 10, size=64)
    labels = torch.arange(64)
    batches = ResidentBatches(images, labels, 10, 32, torch.device("cpu"), torch.contiguous_format)
    indices = torch.cat([batches.choose(), batches.choose()])
    assert torch.equal(indices.sort().values, torch.arange(64))
    made, numbers = batches.make(batches.choose())
    pixels = made.div(batches.scale).add(batches.mean).round().to(torch.uint8)
    for image, number in zip(pixels, numbers):
        padded = torch.nn.functional.pad(images[number], [4] * 4)
        views = padded.unfold(1, 32, 1).unfold(2, 32, 1).permute(1, 2, 0, 3, 4).flatten(0, 1)
        assert any(torch.equal(image, view) or torch.equal(image.flip(2), view) for view in views)


def test_the_comparison_measures_both_sides(tmp_path):
    file = tmp_path / "result.json"
    words = ["--teacher=resnet8", "--student=resnet8", "--peers=eager_float32,eager_bfloat16", "--rounds=2"]
    script("compare", *words, "--steps=2", "--warmup=1", "--trial-steps=1", "--batch=8", "--threads=1", "--json", file)
    result = json.loads(file.read_text())
    assert {"float32", "bfloat16"} <= set(result["retort"]) <= {"float32", "bfloat16", "bfloat16_cached"}
    assert set(result["peers"]) == {"eager_float32", "eager_bfloat16"}
    assert len(result["rounds"]) == 2 and len(result["trials"]["eager_bfloat16"]) == 2
    memory = result["peak_memory_bytes"]
    assert all(2**26 < peak < 2**34 for side in ("retort", "peers") for peak in memory[side].values())
    for variant, ratios in result["ratios"].items():
        for peer, ratio in ratios.items():
            assert ratio["median"] == pytest.approx(result["peers"][peer] / result["retort"][variant])


def test_every_peer_has_recipes_of_its_own_name():
    for device in ("cpu", "cuda"):
        for peer, recipes in peers_on(device).items():
            names = [recipe.name for recipe in recipes]
            assert len(set(names)) == len(names) > 0, peer
    assert list(peers_on("cuda"))[-1] == "compile_best"


def test_start_up_takes_the_time_of_both_sides(tmp_path):
    file = tmp_path / "result.json"
    script("start_up", "--model=resnet8", "--rounds=1", "--threads=1", "--json", file)
    result = json.loads(file.read_text())
    assert result["ratio"] == pytest.approx(result["times"]["pytorch"][0] / result["times"]["retort"][0])
    assert all(0.1 < seconds[0] < 300 for seconds in result["times"].values())


def test_scrape_measures_steps_alone_and_watched(tmp_path):
    file = tmp_path / "result.json"
    words = ["--rounds=2", "--steps=60", "--warmup=10", "--every=5", "--batch=8", "--threads=1"]
    script("scrape", *words, "--scrapers=5", "--slow=2", "--interval=0.05", "--json", file)
    result = json.loads(file.read_text())
    ratios = [watched / alone for alone, watched in zip(result["times"]["alone"], result["times"]["watched"])]
    assert len(ratios) == 2
    assert result["ratio"]["min"] == pytest.approx(min(ratios)) and result["ratio"]["max"] == pytest.approx(max(ratios))
    assert result["scrapes"] >= 10 and result["refused"] == []
    assert 0 < result["scrape_seconds"]["min"] < 60

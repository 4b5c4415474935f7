"""Each file of configs/presets/ is the convention that it names: its objective, computed term by term, is the published
code's formula, written here from its own parameters."""

import tomllib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from oracle import evaluate, pair, retort

PRESETS = Path(__file__).parents[3] / "configs/presets"
HOSTS_KEYS = {"use", "weight"}

# All that a preset leaves to the experiment.
EXPERIMENT = """\
extends = "{preset}"
dataset.use = "synthetic"
teacher.use = "mlp"
student.use = "mlp"
"""


def objective(folder, preset, *arguments):
    """Terms of the merged file, and its objective on random logits."""
    experiment = folder / "experiment.toml"
    experiment.write_text(EXPERIMENT.format(preset=PRESETS / f"{preset}.toml"))
    done = retort("config", experiment, *arguments)
    assert done.returncode == 0, done.stderr
    terms = tomllib.loads(done.stdout)["loss"]
    total = 0.0
    for term in terms.values():
        options = {key: value for key, value in term.items() if key not in HOSTS_KEYS}
        labels = term["use"] == "cross_entropy"
        sides = {"target": LABELS} if labels else {"teacher": TEACHER}
        total += term["weight"] * evaluate(folder, term["use"], options, STUDENT, **sides)[0]
    return terms, total


STUDENT, TEACHER = pair((16, 100), 21)
LABELS = torch.arange(16) % 100
CE = F.cross_entropy(STUDENT, LABELS).item()


def kl(temperature):
    """Sum over classes, mean over the batch."""
    p = F.softmax(TEACHER / temperature, 1)
    q = F.softmax(STUDENT / temperature, 1)
    return (p * (p / q).log()).sum(1).mean().item()


def soft_ce(temperature):
    return -(F.softmax(TEACHER / temperature, 1) * F.log_softmax(STUDENT / temperature, 1)).sum(1).mean().item()


def test_hinton(tmp_path):
    alpha, temperature = 0.9, 4
    expected = (1 - alpha) * CE + alpha * temperature**2 * soft_ce(temperature)
    assert objective(tmp_path, "hinton")[1] == pytest.approx(expected, rel=1e-12)


def test_repdistiller(tmp_path):
    gamma, alpha, temperature = 0.1, 0.9, 4
    p_s = F.log_softmax(STUDENT / temperature, 1)
    p_t = F.softmax(TEACHER / temperature, 1)
    divergence = F.kl_div(p_s, p_t, reduction="sum") * temperature**2 / len(STUDENT)
    expected = gamma * CE + alpha * divergence.item()
    assert objective(tmp_path, "repdistiller")[1] == pytest.approx(expected, rel=1e-12)


def test_kim_has_alpha_on_the_divergence(tmp_path):
    def expected(alpha, temperature):
        return alpha * temperature**2 * kl(temperature) + (1 - alpha) * CE

    terms, value = objective(tmp_path, "kim")
    assert terms["soft"]["weight"] == 0.1
    assert value == pytest.approx(expected(0.1, 1), rel=1e-12)
    assert value != pytest.approx(expected(0.9, 1), rel=1e-3)
    best = ("--set", "loss.label.weight=0", "--set", "loss.soft.weight=1", "--set", "loss.soft.temperature=20")
    assert objective(tmp_path, "kim", *best)[1] == pytest.approx(expected(1, 20), rel=1e-12)


def test_kim_at_infinite_temperature(tmp_path):
    d = STUDENT - TEACHER
    limit = ((d - d.mean(1, keepdim=True)).square().sum(1) / (2 * d.shape[1])).mean().item()
    terms, value = objective(tmp_path, "kim", "--set", "loss.soft.temperature=inf")
    assert terms["soft"]["temperature"] == float("inf")
    assert value == pytest.approx(0.1 * limit + 0.9 * CE, rel=1e-12)


def kd_loss(alpha, temperature):
    """torchdistill's KDLoss.forward with its default beta."""
    divergence = kl(temperature)
    if alpha == 0:
        return divergence
    return alpha * CE + (1 - alpha) * temperature**2 * divergence


def test_torchdistill_has_alpha_on_the_labels(tmp_path):
    assert objective(tmp_path, "torchdistill")[1] == pytest.approx(kd_loss(0.5, 1), rel=1e-12)
    other = ("--set", "loss.label.weight=0.1", "--set", "loss.soft.weight=0.9", "--set", "loss.soft.temperature=4")
    assert objective(tmp_path, "torchdistill", *other)[1] == pytest.approx(kd_loss(0.1, 4), rel=1e-12)


def test_torchdistill_loses_its_factor_without_labels(tmp_path):
    trap = ("--unset", "loss.label", "--set", "loss.soft.weight=1", "--set", "loss.soft.scale_by_t2=false")
    terms, value = objective(tmp_path, "torchdistill", *trap, "--set", "loss.soft.temperature=4")
    assert list(terms) == ["soft"]
    assert value == pytest.approx(kd_loss(0, 4), rel=1e-12)
    text = (PRESETS / "torchdistill.toml").read_text()
    assert "without T^2" in text and "scale_by_t2 = false" in text


def test_every_preset_is_tested():
    tested = {name.removeprefix("test_").split("_")[0] for name in globals() if name.startswith("test_")}
    assert {path.stem for path in PRESETS.glob("*.toml")} <= tested

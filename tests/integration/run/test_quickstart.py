"""configs/quickstart.toml: what a newcomer runs first."""

import gzip
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from harness import CONFIGS, ROOT, RETORT, Run, metric, settings

QUICKSTART = CONFIGS / "quickstart.toml"
STAGES = ["teacher", "student"]


@pytest.fixture(scope="module")
def done(shared_retort):
    return shared_retort("run", QUICKSTART)


@pytest.fixture(scope="module")
def run(done):
    return done.run


def test_reports_both_stages_and_the_directory(shared_retort, done):
    teacher, student, directory = done.stdout.splitlines()
    assert re.match(r"teacher: convnet test accuracy \d\d\.\d\d% \(top-5 .*, best .*\), \d+\.\d s$", teacher)
    assert re.match(r"student: convnet test accuracy .*, teacher \d\d\.\d\d%, agreement \d\d\.\d\d%, ", student)
    assert Path(directory).parent == (shared_retort.folder / "runs/quickstart").resolve()


def test_learns(run):
    teacher, student = run.stages["teacher"], run.stages["student"]
    assert run.summary["state"] == "finished"
    assert teacher["top1"] > 0.9
    assert student["top1"] > 0.85
    assert student["teacher_top1"] == teacher["top1"]
    assert student["teacher_agreement"] > 0.85
    for stage in (teacher, student):
        assert stage["top1"] <= stage["best_top1"] <= stage["top5"] <= 1


def test_directory_holds_what_a_run_leaves(run):
    found = {str(path.relative_to(run.root)) for path in run.root.rglob("*") if path.is_file()} - {".lock"}
    checkpoints = {path for path in found if path.startswith("checkpoints/")}
    assert {path.split("/")[2] for path in checkpoints} == {"state.safetensors", "manifest.json"}
    assert run.checkpoint.exists() and (run.root / "checkpoints/best/manifest.json").exists()
    found -= checkpoints
    assert found == {
        "experiment.toml",
        f"sources/1-{QUICKSTART.name}",
        "environment.json",
        "graph.json",
        "events.log",
        "metrics.jsonl",
        "metrics.prom",
        "summary.json",
        *(
            f"stages/{stage}/{file}"
            for stage in STAGES
            for file in ("student.safetensors", "best.safetensors", "calibration.json", "result.json")
        ),
    }


def test_experiment_is_accepted_again(shared_retort, run):
    experiment = run.root / "experiment.toml"
    assert shared_retort("config", experiment).stdout == experiment.read_text()
    assert tomllib.loads(experiment.read_text())["loss"]["soft"]["temperature"] == 4.0


def test_environment_names_versions_device_command_and_plugins(run):
    environment = json.loads((run.root / "environment.json").read_text())
    assert environment["command_line"] == [str(RETORT), "run", str(QUICKSTART)]
    assert environment["threads"] == 1
    assert environment["torch"].startswith("2.")
    assert "compiler=" in environment["abi"] and environment["device"]
    digests = {Path(plugin["library"]).stem: plugin["sha256"] for plugin in environment["plugins"]}
    assert set(digests) == {"convnet", "cross_entropy", "digits", "kl_divergence"}
    assert {component["name"] for component in environment["components"]} == set(digests)
    assert all(component["kind"] and component["version"] for component in environment["components"])
    for plugin in environment["plugins"]:
        digest = subprocess.run(["sha256sum", plugin["library"]], capture_output=True, text=True, check=True).stdout
        assert digest.split()[0] == plugin["sha256"]


def test_history_has_every_reading_and_evaluation(run):
    batches = 23  # of 64 of the 1,437 images
    epochs = {"teacher": 20, "student": 40}
    expected = []
    for stage in STAGES:
        for epoch in range(1, epochs[stage] + 1):
            steps = range((epoch - 1) * batches + 1, epoch * batches + 1)
            expected += [(stage, "train", step, epoch) for step in steps if step % 20 == 0 or step == steps[-1]]
            expected.append((stage, "test", steps[-1], epoch))
    history = run.history()
    assert [(r["stage"], r["split"], r["step"]) for r in history] == [e[:3] for e in expected]
    assert [r["epoch"] for r in history if r["split"] == "test"] == [e[3] for e in expected if e[1] == "test"]
    assert all("nonfinite" not in record for record in history)
    student = [record["values"] for record in history if record["stage"] == "student" and record["split"] == "train"]
    assert {"loss", "loss.label", "loss.soft", "weight.soft", "learning_rate"} <= set(student[0])
    assert student[-1]["loss"] < student[0]["loss"] / 2
    for values in student:
        assert values["loss"] == pytest.approx(0.1 * values["loss.label"] + 0.9 * values["loss.soft"], rel=1e-5)


def test_metrics_pass_promtool(run):
    text = (run.root / "metrics.prom").read_text()
    assert metric(text, "retort_run_state", state="finished") == 1
    assert metric(text, "retort_train_steps_total", stage="student") == 920
    assert metric(text, "retort_loss_term", stage="student", split="train", term="soft") > 0
    assert (
        metric(text, "retort_accuracy_ratio", stage="student", split="test", topk="1") == run.stages["student"]["top1"]
    )
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not on PATH")
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def digits_test_split(torch):
    """The last 360 images as the models see them, and their labels; by the rules that digits.cpp states."""
    with gzip.open(ROOT / "plugins/datasets/digits/digits.csv.gz", "rt") as file:
        rows = torch.tensor([[int(word) for word in line.split(",")] for line in file])[1437:]
    return (rows[:, :64].view(-1, 1, 8, 8) / 17 - 0.287422) / 0.353418, rows[:, 64]


def convnet(torch, channels):
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(outputs)

        def forward(self, x):
            return nn.functional.max_pool2d(self.bn(self.conv(x)).relu(), 2)

    class ConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer1, self.layer2 = Block(1, channels[0]), Block(channels[0], channels[1])
            self.fc = nn.Linear(channels[1], 10)

        def forward(self, x):
            return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))

    return ConvNet()


@pytest.mark.parametrize("stage, channels", [("teacher", (32, 64)), ("student", (4, 8))])
def test_students_go_back_to_python_by_name(run, stage, channels):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed beside this Python")
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed beside this Python")
    model = convnet(torch, channels)
    model.load_state_dict(safetensors.load_file(run.student(stage)), strict=True)
    images, labels = digits_test_split(torch)
    with torch.no_grad():
        right = (model.eval()(images).argmax(1) == labels).double().mean().item()
    assert right == pytest.approx(run.stages[stage]["top1"], abs=0.5 / 360)


def test_overwrites_nothing(shared_retort, run):
    def content():
        return {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}

    before = content()
    short = settings(schedule__epochs=1, teacher__training__schedule__epochs=1)
    runs = [shared_retort("run", QUICKSTART, *short).run for _ in range(2)]
    assert len({run.root, *(other.root for other in runs)}) == 3
    assert content() == before
    assert [Run(other.root).summary["stages"][0]["steps"] for other in runs] == [23, 23]

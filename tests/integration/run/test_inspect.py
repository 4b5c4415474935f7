"""`retort inspect` and `retort soften`, and the measures of an evaluation, against PyTorch and NumPy."""

import gzip
import json
import math
import re

import pytest
from harness import CONFIGS, ROOT, SMALL, USAGE, changed, metric, settings

QUICKSTART = CONFIGS / "quickstart.toml"
CHANNELS = {"teacher": (32, 64), "student": (4, 8)}
SIZES = {"train": (0, 1437), "test": (1437, 1797)}


@pytest.fixture(scope="module")
def run(shared_retort):
    """A short run: neither model is right everywhere."""
    short = settings(schedule__epochs=2, teacher__training__schedule__epochs=1)
    return shared_retort("run", QUICKSTART, *short).run


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed beside this Python")


@pytest.fixture(scope="module")
def numpy():
    return pytest.importorskip("numpy", reason="NumPy is not installed beside this Python")


class Oracle:
    """What a model of the run makes of a split, computed from its weights by PyTorch in double precision."""

    def __init__(self, torch, run, stage, split):
        from test_quickstart import convnet

        safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
        with gzip.open(ROOT / "plugins/datasets/digits/digits.csv.gz", "rt") as file:
            rows = torch.tensor([[int(word) for word in line.split(",")] for line in file])[slice(*SIZES[split])]
        images = (rows[:, :64].view(-1, 1, 8, 8).double() / 17 - 0.287422) / 0.353418
        model = convnet(torch, CHANNELS[stage])
        model.load_state_dict(safetensors.load_file(run.student(stage)), strict=True)
        model = model.double().eval()
        with torch.no_grad():
            self.penultimate = model.layer2(model.layer1(images)).mean((2, 3))
            self.logits = model.fc(self.penultimate)
        self.templates = model.fc.weight.detach()
        self.labels = rows[:, 64]
        self.probabilities = self.logits.softmax(1)
        self.right = self.logits.argmax(1) == self.labels
        ranked = self.logits.sort(1, descending=True).values
        own = self.logits.gather(1, self.labels[:, None])[:, 0]
        self.lead = torch.where(self.right, own - ranked[:, 1], own - ranked[:, 0])
        self.entropy = -(self.probabilities * self.probabilities.log()).sum(1)

    def calibration_error(self, torch):
        confidence = self.probabilities.max(1).values
        error = 0.0
        for lower, upper in zip(range(15), range(1, 16)):
            inside = (confidence > lower / 15) & (confidence <= upper / 15)
            if inside.any():
                gap = self.right[inside].double().mean() - confidence[inside].mean()
                error += inside.double().mean().item() * abs(gap.item())
        return error


@pytest.fixture(scope="module", params=["test", "train"])
def inspected(request, torch, shared_retort, run):
    """(JSON, text, student's oracle, teacher's oracle) of a split."""
    split = request.param
    file = shared_retort.folder / f"{split}.json"
    words = ["--split", split, "--classes", "3,5,8", "--bins", 25, "--json", file]
    text = shared_retort("inspect", run.root, *words).stdout
    oracles = {stage: Oracle(torch, run, stage, split) for stage in CHANNELS}
    return json.loads(file.read_text()), text, oracles["student"], oracles["teacher"]


def check_distribution(numpy, found, values):
    values = values.numpy()
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-5, abs=1e-6)
    assert found["deviation"] == pytest.approx(values.std(), rel=1e-4, abs=1e-6)
    for q, value in found["quantiles"]:
        assert value == pytest.approx(numpy.quantile(values, q), rel=1e-4, abs=1e-5), q
    counts, edges = numpy.histogram(values, 25)
    assert found["histogram"]["edges"] == pytest.approx(edges, rel=1e-4, abs=1e-5)
    assert sum(found["histogram"]["counts"]) == len(values)
    # The models compute in float32: a value beside an edge may fall on its other side.
    assert numpy.abs(numpy.cumsum(found["histogram"]["counts"]) - numpy.cumsum(counts)).max() <= 2


@pytest.mark.parametrize("role", CHANNELS)
def test_inspect_finds_the_distributions_of_a_model(torch, numpy, inspected, role):
    found, _, student, teacher = inspected
    oracle = {"student": student, "teacher": teacher}[role]
    assert found["samples"] == len(oracle.labels)
    model = found[role]
    assert model["top1"] == pytest.approx(oracle.right.double().mean().item(), abs=1e-9)
    loss = torch.nn.functional.cross_entropy(oracle.logits, oracle.labels).item()
    assert model["loss"] == pytest.approx(loss, rel=1e-5)
    check_distribution(numpy, model["entropy"], oracle.entropy)
    check_distribution(numpy, model["top_logit_difference"], oracle.lead)
    check_distribution(numpy, model["logit_norm"], oracle.logits.norm(dim=1))
    check_distribution(numpy, model["penultimate_norm"], oracle.penultimate.norm(dim=1))
    assert model["expected_calibration_error"] == pytest.approx(oracle.calibration_error(torch), abs=2e-3)
    bins = model["reliability"]
    assert len(bins) == 15 and sum(one["samples"] for one in bins) == found["samples"]
    gaps = (one["samples"] * abs(one["confidence"] - one["accuracy"]) for one in bins)
    assert model["expected_calibration_error"] == pytest.approx(sum(gaps) / found["samples"], abs=1e-9)


def test_inspect_compares_student_and_teacher(numpy, inspected):
    found, _, student, teacher = inspected
    pair = found["comparison"]
    check_distribution(numpy, pair["logit_distance"], (student.logits - teacher.logits).norm(dim=1))
    for name, flags in (
        ("both_right", student.right & teacher.right),
        ("student_right_teacher_wrong", student.right & ~teacher.right),
        ("student_wrong_teacher_right", ~student.right & teacher.right),
        ("both_wrong", ~student.right & ~teacher.right),
    ):
        assert pair[name] == pytest.approx(flags.double().mean().item(), abs=1e-9), name
    agree = student.logits.argmax(1) == teacher.logits.argmax(1)
    assert pair["teacher_agreement"] == pytest.approx(agree.double().mean().item(), abs=1e-9)


@pytest.mark.parametrize("role", CHANNELS)
def test_inspect_sees_the_penultimate_layer_on_the_plane_of_three_classes(torch, inspected, role):
    found, _, student, teacher = inspected
    oracle = {"student": student, "teacher": teacher}[role]
    plane = found[role]["plane"]
    assert plane["parameter"] == "fc.weight"
    assert [corner["class"] for corner in plane["templates"]] == [3, 5, 8]
    a, b, c = (oracle.templates[label] for label in (3, 5, 8))
    # Another way to an orthonormal basis than the program's: a QR decomposition, its signs set as the program's are.
    q, r = torch.linalg.qr(torch.stack([b - a, c - a], 1))
    basis = q * r.diagonal().sign()
    points = [index for index, label in enumerate(oracle.labels.tolist()) if label in (3, 5, 8)]
    assert [point["sample"] for point in plane["points"]] == points
    assert [point["class"] for point in plane["points"]] == oracle.labels[points].tolist()
    place = (oracle.penultimate[points] - a) @ basis
    assert [point["x"] for point in plane["points"]] == pytest.approx(place[:, 0].tolist(), abs=1e-4)
    assert [point["y"] for point in plane["points"]] == pytest.approx(place[:, 1].tolist(), abs=1e-4)
    corners = (torch.stack([a, b, c]) - a) @ basis
    assert [corner["x"] for corner in plane["templates"]] == pytest.approx(corners[:, 0].tolist(), abs=1e-5)
    assert [corner["y"] for corner in plane["templates"]] == pytest.approx(corners[:, 1].tolist(), abs=1e-5)


def test_inspect_prints_a_table(inspected):
    found, text, _, _ = inspected
    assert f"stage student, {found['split']} split: {found['samples']} samples" in text
    names = ("student entropy (nats)", "teacher top-logit difference", "student penultimate norm")
    for row in (*names, "distance of the logits"):
        (line,) = [line for line in text.splitlines() if line.startswith(row)]
        assert len(re.findall(r"-?\d[\d.e+-]*", line.removeprefix(row))) == 9
    assert f"{100 * found['comparison']['both_right']:.2f}%" in text
    assert "student: plane of fc.weight" in text and "teacher: plane of fc.weight" in text


def test_inspect_of_a_stage_without_teacher(retort, run):
    file = retort.folder / "teacher.json"
    text = retort("inspect", run.root, "--stage", "teacher", "--json", file).stdout
    found = json.loads(file.read_text())
    assert (found["teacher"], found["comparison"]) == (None, None)
    assert [corner["class"] for corner in found["student"]["plane"]["templates"]] == [0, 1, 2]
    assert "distance" not in text
    said = retort("inspect", run.root, "--json", file, code=USAGE).stderr
    assert "teacher.json exists; nothing is overwritten" in said


@pytest.mark.parametrize(
    "words, message",
    [
        (["--classes", "1,2"], "three classes span a plane, found 2: 1, 2"),
        (["--classes", "1,2,3,4"], "three classes span a plane, found 4"),
        (["--classes", "1,2,1"], "three different classes span a plane"),
        (["--classes", "1,2,10"], 'there is no class "10"'),
        (["--split", "validation"], "--split"),
        (["--bins", "0"], "--bins"),
        (["--stage", "studnet"], "did you mean 'student'?"),
    ],
)
def test_inspect_refuses_what_it_cannot_show(retort, run, words, message):
    done = retort("inspect", run.root, *words, code=USAGE)
    assert message in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_data_set_of_two_classes_has_no_plane(retort):
    two = changed(SMALL, "classes = 4", "classes = 2")
    other = retort("run", retort.write(two, "two.toml")).run
    assert "plane" not in retort("inspect", other.root).stdout
    assert 'there is no class "2"' in retort("inspect", other.root, "--classes", "0,1,2", code=USAGE).stderr


# The measures of an evaluation


@pytest.fixture(scope="module")
def on_test(torch, run):
    return Oracle(torch, run, "student", "test"), Oracle(torch, run, "teacher", "test")


def check_measures(torch, found, oracle):
    assert found["entropy"] == pytest.approx(oracle.entropy.mean().item(), rel=1e-4)
    assert found["top_logit_difference"] == pytest.approx(oracle.lead.mean().item(), rel=1e-4)
    assert found["logit_norm"] == pytest.approx(oracle.logits.norm(dim=1).mean().item(), rel=1e-4)
    assert found["penultimate_norm"] == pytest.approx(oracle.penultimate.norm(dim=1).mean().item(), rel=1e-4)
    assert found["expected_calibration_error"] == pytest.approx(oracle.calibration_error(torch), abs=2e-3)


def test_result_holds_the_measures(torch, run, on_test):
    student, teacher = on_test
    stage = run.stages["student"]
    check_measures(torch, stage["measures"], student)
    check_measures(torch, stage["teacher_measures"], teacher)
    comparison = stage["comparison"]
    distance = (student.logits - teacher.logits).norm(dim=1).mean().item()
    assert comparison["logit_distance"] == pytest.approx(distance, rel=1e-4)
    only_student = (student.right & ~teacher.right).double().mean().item()
    assert comparison["student_right_teacher_wrong"] == pytest.approx(only_student, abs=1e-9)
    assert sum(comparison[name] for name in comparison if name != "logit_distance") == pytest.approx(1)
    first = run.stages["teacher"]
    assert (first["teacher_measures"], first["comparison"]) == (None, None)


def test_history_and_prometheus_hold_the_measures(run):
    stage = run.stages["student"]
    last = [record for record in run.history() if record["split"] == "test"][-1]["values"]
    for name, value in {**stage["measures"], **stage["comparison"]}.items():
        assert last[name] == value, name
    for name, value in stage["teacher_measures"].items():
        assert last[f"teacher.{name}"] == value, name
    text = (run.root / "metrics.prom").read_text()
    where = {"stage": "student", "split": "test"}
    for role, measures in (("student", stage["measures"]), ("teacher", stage["teacher_measures"])):
        for name, series in (
            ("expected_calibration_error", "expected_calibration_error"),
            ("entropy", "predictive_entropy"),
            ("top_logit_difference", "top_logit_difference"),
            ("logit_norm", "logit_norm"),
            ("penultimate_norm", "penultimate_norm"),
        ):
            assert metric(text, f"retort_{series}", **where, model=role) == pytest.approx(measures[name]), name
    assert metric(text, "retort_logit_distance", **where) == pytest.approx(stage["comparison"]["logit_distance"])
    outcome = metric(text, "retort_outcome_ratio", **where, student="wrong", teacher="right")
    assert outcome == pytest.approx(stage["comparison"]["student_wrong_teacher_right"])


def test_eval_finds_the_measures_of_the_run(retort, run):
    found = retort("eval", run.root, "--json").json
    stage = run.stages["student"]
    # Weights that were trained lie in memory in another order, which decides the last bits.
    assert {name: found[name] for name in stage["measures"]} == pytest.approx(stage["measures"], rel=1e-6)
    teacher = {name: found["teacher"][name] for name in stage["teacher_measures"]}
    assert teacher == pytest.approx(stage["teacher_measures"], rel=1e-6)
    assert found["comparison"] == pytest.approx(stage["comparison"], rel=1e-6)
    assert (found["teacher_agreement"], found["teacher"]["top1"]) == (stage["teacher_agreement"], stage["teacher_top1"])
    assert "expected calibration error" in retort("eval", run.root).stdout
    assert "teacher" not in retort("eval", run.root, "--stage", "teacher", "--json").json


# soften


def softmax(numpy, logits, temperature):
    powers = numpy.exp((numpy.asarray(logits) - max(logits)) / temperature)
    return powers / powers.sum()


def test_soften_of_given_logits(retort, numpy):
    words = ["soften", "--logits", "6,3,1", "--temperature", "0,0.5,1,4,20,inf"]
    found = retort(*words, "--json").json
    assert found["temperatures"] == ["0", "0.5", "1", "4", "20", "inf"]
    (sample,) = found["samples"]
    assert [one["logit"] for one in sample["classes"]] == [6, 3, 1]
    table = numpy.array([one["probabilities"] for one in sample["classes"]])
    assert table[:, 0] == pytest.approx([1, 0, 0])
    for column, temperature in ((1, 0.5), (2, 1), (3, 4), (4, 20)):
        assert table[:, column] == pytest.approx(softmax(numpy, [6, 3, 1], temperature), abs=1e-12)
    assert table[:, 5] == pytest.approx([1 / 3] * 3)
    lines = retort(*words).stdout.splitlines()
    assert lines[0].split() == ["class", "logit", "T=0", "T=0.5", "T=1", "T=4", "T=20", "T=inf"]
    assert [float(cell) for cell in lines[2].split()[2:]] == pytest.approx(table[1], abs=1e-6)
    assert [float(cell) for cell in lines[4].split()[1:]] == pytest.approx(
        [-sum(p * math.log(p) for p in column if p > 0) for column in table.T], abs=1e-6
    )


@pytest.mark.parametrize("role", CHANNELS)
def test_soften_of_samples(retort, numpy, run, on_test, role):
    oracle = on_test[0 if role == "student" else 1]
    words = ["--teacher"] if role == "teacher" else []
    found = retort("soften", run.root, "--samples", "17,0,359", "--temperature", "1,4", "--json", *words).json
    assert [sample["sample"] for sample in found["samples"]] == [17, 0, 359]
    for sample in found["samples"]:
        logits = oracle.logits[sample["sample"]].tolist()
        assert sample["class"] == oracle.labels[sample["sample"]]
        assert [one["class"] for one in sample["classes"]] == sorted(range(10), key=lambda k: -logits[k])
        assert all(one["name"] == str(one["class"]) for one in sample["classes"])
        for one in sample["classes"]:
            assert one["logit"] == pytest.approx(logits[one["class"]], abs=1e-4)
            expected = [softmax(numpy, logits, temperature)[one["class"]] for temperature in (1, 4)]
            assert one["probabilities"] == pytest.approx(expected, abs=1e-4)


def test_soften_shows_the_first_samples_and_the_top_classes(retort, run, torch, on_test):
    text = retort("soften", run.root, "--count", 2, "--top", 3).stdout
    assert re.findall(r"(?m)^test sample (\d+): true class (\d), the student says (\d)$", text) == [
        (str(i), str(on_test[0].labels[i].item()), str(on_test[0].logits[i].argmax().item())) for i in range(2)
    ]
    first = text.split("\n\n")[0].splitlines()
    assert len(first) == 2 + 3 + 1
    assert retort("soften", run.root, "--split", "train", "--count", 1).stdout.startswith("train sample 0: ")


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "soften needs either the directory of a run or --logits"),
        (["--logits", "6,3", "--temperature=-1"], "--temperature: expected numbers from 0 to inf, found -1"),
        (["--logits", "6,3", "--temperature", "nan"], "--temperature: expected numbers from 0 to inf, found nan"),
        (["--logits", "6,inf"], "--logits: expected finite numbers, found inf"),
        (["--logits", "6,x"], "--logits"),
        (["--logits", "6,3", "--teacher"], "--teacher needs the directory of a run"),
        (["--logits", "6,3", "--samples", "1", "--count", "2"], "excludes"),
        (["nowhere"], "RUN"),
    ],
)
def test_soften_refuses_what_it_cannot_show(retort, words, message):
    done = retort("soften", *words, code=USAGE)
    assert message in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_soften_refuses_samples_and_teachers_that_are_not_there(retort, run):
    said = retort("soften", run.root, "--samples", "0,360", code=USAGE).stderr
    assert "--samples: the test split has samples 0 to 359, found 360" in said
    said = retort("soften", run.root, "--stage", "teacher", "--teacher", code=USAGE).stderr
    assert "stage 'teacher' has no teacher" in said

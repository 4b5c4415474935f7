"""retort compare: its figures are recomputed here, from the summaries of the runs."""

import csv
import io
import json
import math
import shutil
import statistics

import pytest
from harness import USAGE, changed
from studies import SMALL, VARIANTS, Study, run_study

PUBLISHED = '[study.published.kd]\ntop1 = 0.75\nsource = "A table, \\"quoted\\", and a | in it"\n'
# The 97.5 % quantile of Student's t with two degrees of freedom, in closed form.
T2 = 0.95 * math.sqrt(2 / (4 * 0.975 * 0.025))


@pytest.fixture(scope="module")
def study(shared_retort):
    text = changed(SMALL + VARIANTS, "seed = [1, 2]", "seed = [1, 2, 3]") + PUBLISHED
    return run_study(shared_retort, text)[1]


@pytest.fixture(scope="module")
def compare(study, shared_retort):
    def run(*words, **options):
        return shared_retort("compare", study.root, *words, **options)

    return run


def values(study, group, metric="top1"):
    return [study.run(f"{group},seed={seed}").stages["student"][metric] for seed in (1, 2, 3)]


@pytest.mark.parametrize("metric", ["top1", "top5", "best_top1"])
def test_means_and_deviations(study, compare, metric):
    groups = {group["name"]: group for group in compare("--metric", metric, "--format", "json").json["groups"]}
    assert list(groups) == ["kd", "label"]
    for name, group in groups.items():
        expected = values(study, name, metric)
        assert [one["value"] for one in group["values"]] == expected
        assert group["n"] == 3
        assert group["mean"] == pytest.approx(statistics.mean(expected), rel=1e-12)
        assert group["sd"] == pytest.approx(statistics.stdev(expected), rel=1e-9)


def test_paired_difference(study, compare):
    report = compare("--baseline", "label", "--format", "json").json
    kd, label = report["groups"]
    assert label["difference"] is None
    differences = [a - b for a, b in zip(values(study, "kd"), values(study, "label"))]
    mean, error = statistics.mean(differences), statistics.stdev(differences) / math.sqrt(3)
    found = kd["difference"]
    assert found["pairs"] == 3
    assert found["mean"] == pytest.approx(mean, abs=1e-12)
    assert error > 0, "the seeds must make a difference for this test"
    assert found["t"] == pytest.approx(mean / error, rel=1e-9)
    t = abs(mean / error)
    assert found["p"] == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-9)
    assert found["low"] == pytest.approx(mean - T2 * error, rel=1e-9)
    assert found["high"] == pytest.approx(mean + T2 * error, rel=1e-9)


def test_csv(study, compare):
    text = compare("--baseline", "label", "--format", "csv").stdout
    kd, label = csv.DictReader(io.StringIO(text, newline=""))
    assert float(kd["mean"]) == pytest.approx(statistics.mean(values(study, "kd")), rel=1e-12)
    assert (kd["n"], kd["pairs"], kd["baseline"]) == ("3", "3", "label")
    assert (kd["published"], kd["source"]) == ("0.75", 'A table, "quoted", and a | in it')
    assert (label["difference"], label["p"], label["published"]) == ("", "", "")


def test_markdown(study, compare):
    lines = compare("--baseline", "label", "--format", "markdown").stdout.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert {line.replace("\\|", "").count("|") for line in table} == {11}
    mean, sd = (100 * f(values(study, "kd")) for f in (statistics.mean, statistics.stdev))
    assert f"| kd | 3 | {mean:.2f} ± {sd:.2f} |" in table[2]
    assert "| 75.00 |" in table[2]


def test_text(study, compare):
    text = compare().stdout
    mean, sd = (100 * f(values(study, "label")) for f in (statistics.mean, statistics.stdev))
    assert f"{mean:.2f} ± {sd:.2f}" in text
    assert "difference" not in text.partition("\n")[0]


def test_runs_are_grouped_by_their_experiments(study, shared_retort):
    runs = [study.run(f"{group},seed={seed}").root for group in ("label", "kd") for seed in (1, 2)]
    copies = [shutil.copytree(run, shared_retort.folder / "copies" / str(i)) for i, run in enumerate(runs)]
    groups = shared_retort("compare", *copies[:2], "--format", "json").json["groups"]
    assert [group["n"] for group in groups] == [2]
    # As members of their study they keep its groups.
    groups = shared_retort("compare", *runs, "--format", "json").json["groups"]
    assert [(group["name"], group["n"]) for group in groups] == [("label", 2), ("kd", 2)]


def test_several_studies(study, shared_retort):
    other = shutil.copytree(study.root, shared_retort.folder / "other")
    groups = shared_retort("compare", study.root, other, "--format", "json").json["groups"]
    assert [group["name"] for group in groups] == ["study/kd", "study/label", "other/kd", "other/label"]


def test_unfinished_runs_are_listed(study, shared_retort):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / "unfinished"))
    summary = copy.run("kd,seed=2").root / "summary.json"
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"state": "stopped"}))
    shutil.rmtree(copy.root / "label,seed=3")
    report = shared_retort("compare", copy.root, "--baseline", "label", "--format", "json").json
    assert [group["n"] for group in report["groups"]] == [2, 2]
    assert report["groups"][0]["difference"]["pairs"] == 1  # only seed 1 is common
    assert report["groups"][0]["difference"]["p"] is None
    states = [(run["name"], run["state"]) for run in report["unfinished"]]
    assert states == [("kd,seed=2", "stopped"), ("label,seed=3", "waiting")]
    assert "Not averaged: kd,seed=2 (stopped)" in shared_retort("compare", copy.root).stdout


@pytest.mark.parametrize("key, value, word", [("torch", "2.12.0", "LibTorch"), ("retort", "9.9", "Retort"), ("device", "cuda:0", "device")])
def test_unlike_runs_are_not_compared(study, shared_retort, key, value, word):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / f"unlike-{key}"))
    environment = copy.run("label,seed=1").root / "environment.json"
    environment.write_text(json.dumps(json.loads(environment.read_text()) | {key: value}))
    refused = shared_retort("compare", copy.root, code=USAGE)
    assert refused.stdout == ""
    assert "error: the runs differ in their " in refused.stderr and word in refused.stderr
    assert " in label,seed=1" in refused.stderr
    forced = shared_retort("compare", copy.root, "--force")
    assert "warning: the runs differ in their " in forced.stderr
    assert "label" in forced.stdout


def test_other_data_is_not_compared(shared_retort):
    experiment = shared_retort.write(SMALL)
    one = shared_retort("run", experiment, "--set", "dataset.train=128").run
    other = shared_retort("run", experiment, "--set", "dataset.use=digits", "--unset", "dataset.classes", "--unset",
                          "dataset.image", "--unset", "dataset.train", "--unset", "dataset.test", "--unset",
                          "dataset.noise", "--set", "schedule.max_steps=2").run
    refused = shared_retort("compare", one.root, other.root, code=USAGE)
    assert "the runs differ in their data set" in refused.stderr


def test_mistakes(study, compare, shared_retort, tmp_path):
    assert "did you mean 'label'?" in compare("--baseline", "labels", code=USAGE).stderr
    assert "did you mean 'top1'?" in compare("--metric", "top11", code=USAGE).stderr
    assert "is the directory of neither a study" in shared_retort("compare", tmp_path, code=USAGE).stderr
    run = study.run("kd,seed=1").root
    assert "with the same seed" in shared_retort("compare", study.root, run, code=USAGE).stderr

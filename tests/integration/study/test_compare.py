"""retort compare: its figures are recomputed here, from the summaries of the runs."""

import csv
import io
import json
import math
import re
import shutil
import statistics

import pytest
from harness import USAGE, changed
from studies import SMALL, VARIANTS, Study, run_study

PUBLISHED = '[study.published.kd]\ntop1 = 0.75\nsource = "A table, \\"quoted\\", and a | in it"\n'
FORMATS = ("text", "markdown", "csv", "json")
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
    assert [group["published"] and group["published"]["top1"] for group in groups] == [None, 0.75]


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


def change_environment(run, change):
    file = run.root / "environment.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))


OTHERS = [
    ("torch", "2.12.0", "LibTorch"),
    ("retort", "9.9", "Retort"),
    ("git_revision", "0123abc", "Retort"),
    ("device", "cuda:0", "device"),
]


@pytest.mark.parametrize("key, value, word", OTHERS)
def test_unlike_runs_are_not_compared(study, shared_retort, key, value, word):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / f"unlike-{key}"))
    change_environment(copy.run("label,seed=1"), lambda environment: environment | {key: value})
    refused = shared_retort("compare", copy.root, code=USAGE)
    assert refused.stdout == ""
    assert "error: the runs differ in their " in refused.stderr and word in refused.stderr
    assert " in label,seed=1" in refused.stderr and " in kd,seed=1 and 4 more" in refused.stderr
    check_that_every_format_tells(shared_retort, copy, word)


def check_that_every_format_tells(retort, study, word):
    """When it is told to compare all the same."""
    formats = {name: retort("compare", study.root, "--force", "--format", name) for name in FORMATS}
    for done in formats.values():
        assert "warning: the runs differ in their " in done.stderr and word in done.stderr
    for name in ("text", "markdown"):
        assert "Not alike: the runs differ in their " in formats[name].stdout and word in formats[name].stdout
    assert [word in sentence for sentence in formats["json"].json["mismatches"]] == [True]
    # There are no comments in CSV.
    assert {len(row) for row in csv.reader(io.StringIO(formats["csv"].stdout, newline=""))} == {15}


def test_other_plugins_are_told(study, shared_retort):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / "unlike-plugins"))

    def change(environment):
        for plugin in environment["plugins"]:
            if plugin["library"].endswith("/convnet.so"):
                plugin["sha256"] = "0123456789abcdef" * 4
        return environment

    change_environment(copy.run("kd,seed=2"), change)
    refused = shared_retort("compare", copy.root, code=USAGE)
    assert re.search(
        r"error: the runs differ in their plugin convnet\.so: 0123456789ab in kd,seed=2; [0-9a-f]{12} in kd,seed=1 and 4 more"
        r"|error: the runs differ in their plugin convnet\.so: [0-9a-f]{12} in kd,seed=1 and 4 more; 0123456789ab in kd,seed=2",
        refused.stderr,
    )
    check_that_every_format_tells(shared_retort, copy, "plugin convnet.so")


def test_the_same_plugin_elsewhere_is_the_same(study, shared_retort):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / "plugins-elsewhere"))

    def change(environment):
        for plugin in environment["plugins"]:
            plugin["library"] = "/opt" + plugin["library"]
        return environment

    change_environment(copy.run("kd,seed=2"), change)
    assert "differ" not in shared_retort("compare", copy.root).stderr


def test_other_images_are_told(study, shared_retort):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / "unlike-data"))

    def change(environment):
        environment["data"][0]["sha256"] = "0123456789abcdef" * 4
        return environment

    change_environment(copy.run("kd,seed=2"), change)
    refused = shared_retort("compare", copy.root, code=USAGE)
    assert "error: the runs differ in their images and labels: " in refused.stderr
    assert re.search(r"synthetic \w+ \d+ images 01234567\b[^;]*;? ?[^;]* in kd,seed=2", refused.stderr)
    check_that_every_format_tells(shared_retort, copy, "images and labels")


def test_other_data_is_not_compared(shared_retort):
    experiment = shared_retort.write(SMALL)
    one = shared_retort("run", experiment, "--set", "dataset.train=128").run
    other = shared_retort("run", experiment, "--set", "dataset.use=digits", "--unset", "dataset.classes", "--unset",
                          "dataset.image", "--unset", "dataset.train", "--unset", "dataset.test", "--unset",
                          "dataset.noise", "--set", "schedule.max_steps=2").run
    refused = shared_retort("compare", one.root, other.root, code=USAGE)
    assert "the runs differ in their data set" in refused.stderr


FIGURE = '[published]\ntop1 = 0.61\nsource = "Somebody 1999, table 7"\n'


def test_a_runs_published_figure_is_shown(shared_retort):
    run = shared_retort("run", shared_retort.write(SMALL + FIGURE, "published.toml")).run
    assert run.summary["published"] == {"top1": 0.61, "source": "Somebody 1999, table 7"}
    (group,) = shared_retort("compare", run.root, "--format", "json").json["groups"]
    assert group["published"] == run.summary["published"]
    (row,) = csv.DictReader(io.StringIO(shared_retort("compare", run.root, "--format", "csv").stdout, newline=""))
    assert (row["published"], row["source"]) == ("0.61", "Somebody 1999, table 7")
    assert "| 61.00 | Somebody 1999, table 7 |" in shared_retort("compare", run.root, "--format", "markdown").stdout
    text = shared_retort("compare", run.root).stdout
    assert re.search(r"^group .* published +source$", text, re.MULTILINE) and "61.00" in text
    (group,) = shared_retort("compare", run.root, "--metric", "top5", "--format", "json").json["groups"]
    assert group["published"] is None


def test_a_published_figure_changes_nothing(shared_retort):
    with_figure = shared_retort("run", shared_retort.write(SMALL + FIGURE, "small.toml")).run
    without = shared_retort("run", shared_retort.write(SMALL), "--set", "run.directory=without").run
    assert without.summary["published"] is None
    assert with_figure.student().read_bytes() == without.student().read_bytes()
    report = shared_retort("compare", with_figure.root, code=0).stdout
    assert "Somebody 1999" in report
    refused = shared_retort("compare", with_figure.root, without.root, code=USAGE)
    assert "are of the same experiment with the same seed" in refused.stderr


def test_a_published_figure_is_not_that_of_other_experiments(retort):
    retort.write(SMALL + FIGURE, "base.toml")
    extended = retort.write('extends = "base.toml"\n[optimizer]\nlr = 0.01\n')
    assert "published" not in retort("config", extended).stdout
    _, study = run_study(retort, SMALL + FIGURE + '[study.axes]\n"loss.soft.temperature" = [1, 4]\n')
    groups = retort("compare", study.root, "--format", "json").json["groups"]
    assert [group["published"] for group in groups] == [None, None]
    _, study = run_study(retort, SMALL + FIGURE + "[study.axes]\nseed = [1, 2]\n", out="seeds")
    (group,) = retort("compare", study.root, "--format", "json").json["groups"]
    assert group["published"]["top1"] == 0.61


@pytest.mark.parametrize(
    "table, message",
    [
        ("top1 = 74.9\nsource = 'x'\n", "published.top1: "),
        ("top1 = 0.7\n", "published.source: missing"),
        ("source = 'x'\n", "published.top1: missing"),
        ("top1 = 0.7\nsource = 'x'\ntop5 = 0.9\n", "published.top5: unknown key 'top5'"),
    ],
)
def test_published_figures_are_checked(retort, table, message):
    refused = retort("check", retort.write(SMALL + "[published]\n" + table), code=USAGE)
    assert re.search(rf"small\.toml:\d+:\d+: error: {re.escape(message)}", refused.stderr), refused.stderr


def test_mistakes(study, compare, shared_retort, tmp_path):
    assert "did you mean 'label'?" in compare("--baseline", "labels", code=USAGE).stderr
    assert "did you mean 'top1'?" in compare("--metric", "top11", code=USAGE).stderr
    assert "is the directory of neither a study" in shared_retort("compare", tmp_path, code=USAGE).stderr
    run = study.run("kd,seed=1").root
    assert "with the same seed" in shared_retort("compare", study.root, run, code=USAGE).stderr

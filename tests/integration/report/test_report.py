"""retort report: what it writes, replaces and refuses. test_report_page.py opens the pages."""

import json
import re
import shutil
import signal

import pytest
from harness import SMALL, USAGE, changed
from studies import Study


def page(path):
    text = path.read_text()
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    return text


def titles(text):
    return re.findall(r"<figcaption>(.*?)</figcaption>", text)


def test_report_lies_in_the_run(run, shared_retort):
    done = shared_retort("report", run.root)
    assert done.stdout == f"{run.root}/report.html\n"
    first = page(run.root / "report.html")
    assert titles(first)
    # A report is replaced, and a second run of the command tells the same.
    shared_retort("report", run.root, "--title", "Another <title> & more")
    second = page(run.root / "report.html")
    assert "<title>Another &lt;title&gt; &amp; more</title>" in second
    assert titles(first) == titles(second)


def test_page_holds_the_values_of_the_run(run, shared_retort):
    shared_retort("report", run.root)
    text = page(run.root / "report.html")
    result = run.stages["student"]
    assert f"{100 * result['top1']:.2f}%" in text
    assert f"{100 * result['comparison']['both_right']:.2f}%" in text
    environment = json.loads((run.root / "environment.json").read_text())
    for plugin in environment["plugins"]:
        assert plugin["sha256"] in text
    for component in environment["components"]:
        assert f"<th scope=\"row\">{component['name']}</th>" in text
    assert "logsum: alpha = 4.0" in text  # the graph
    assert (run.root / "experiment.toml").read_text().splitlines()[0] in text


def test_page_needs_nothing_else(run, shared_retort):
    shared_retort("report", run.root)
    text = page(run.root / "report.html")
    assert not re.search(r"<script|<img|@import|url\(", text)
    assert not re.search(r'(?:src|href)="(?!#|data:)', text)


def test_calibration_bins_add_up(run):
    bins = json.loads((run.root / "stages/student/calibration.json").read_text())
    assert set(bins) == {"student", "teacher"}
    result = run.stages["student"]
    for model, measures in (("student", "measures"), ("teacher", "teacher_measures")):
        samples = sum(one["samples"] for one in bins[model])
        assert samples == 100
        error = sum(one["samples"] * abs(one["accuracy"] - one["confidence"]) for one in bins[model]) / samples
        assert error == pytest.approx(result[measures]["expected_calibration_error"], abs=1e-9)
    right = sum(one["samples"] * one["accuracy"] for one in bins["student"]) / 100
    assert right == pytest.approx(result["top1"])


def test_graph_is_that_of_the_graph_command(run, shared_retort):
    drawn = shared_retort("graph", run.root / "experiment.toml", "--json")
    assert json.loads((run.root / "graph.json").read_text()) == drawn.json


def test_what_is_no_report_stays(run, shared_retort):
    other = shared_retort.folder / "notes.html"
    other.write_text("<!DOCTYPE html><p>mine")
    refused = shared_retort("report", run.root, "--out", other, code=USAGE)
    assert "notes.html" in refused.stderr and "--force" in refused.stderr
    assert other.read_text() == "<!DOCTYPE html><p>mine"
    shared_retort("report", run.root, "--out", other, "--force")
    assert titles(page(other))


def test_mistakes(run, shared_retort, tmp_path):
    assert "is the directory of neither" in shared_retort("report", tmp_path, code=USAGE).stderr
    assert "there is no directory" in shared_retort("report", run.root, "--out", "missing/a.html", code=USAGE).stderr
    assert "for the report of a study" in shared_retort("report", run.root, "--baseline", "a", code=USAGE).stderr


def test_older_runs_have_fewer_figures(run, shared_retort):
    old = shutil.copytree(run.root, shared_retort.folder / "old" / "run")
    shared_retort("report", run.root)
    whole = titles(page(run.root / "report.html"))
    (old / "graph.json").unlink()
    (old / "metrics.prom").unlink()
    shutil.rmtree(old / "stages")
    summary = json.loads((old / "summary.json").read_text())
    for stage in summary["stages"]:
        for key in ("measures", "teacher_measures", "comparison", "logit_cache"):
            del stage[key]
    (old / "summary.json").write_text(json.dumps(summary))
    records = [json.loads(line) for line in (old / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        kept = ("loss", "accuracy", "weight", "learning_rate")
        record["values"] = {key: value for key, value in record["values"].items() if key.startswith(kept)}
    (old / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    shared_retort("report", old)
    fewer = titles(page(old / "report.html"))
    assert {"Accuracy", "Objective", "Terms", "Learning rate"} <= set(fewer)
    assert set(fewer) < set(whole)
    assert not {"Training graph", "Phases of a step", "Entropy of the predictions"} & set(fewer)


def test_broken_files_are_told_of(run, shared_retort):
    broken = shutil.copytree(run.root, shared_retort.folder / "broken" / "run")
    (broken / "environment.json").write_text("{")
    with (broken / "metrics.jsonl").open("a") as history:
        history.write("no record\n")
    shared_retort("report", broken)
    text = page(broken / "report.html")
    assert "environment.json is not JSON" in text
    assert "metrics.jsonl:" in text
    assert "Training graph" in text


def test_run_under_way(retort):
    endless = changed(SMALL, "epochs = 2", "epochs = 100000")
    with retort.start("run", retort.write(endless)) as program:
        run = program.wait_for_step("teacher", 10)
        retort("report", run.root)
        text = page(run.root / "report.html")
        assert 'class="badge running"' in text
        assert "Objective" in titles(text)
        program.end(signal.SIGTERM)
    retort("report", run.root)
    assert 'class="badge stopped"' in page(run.root / "report.html")


def test_study(study, shared_retort):
    done = shared_retort("report", study.root, "--baseline", "label", "--runs")
    assert done.stdout == f"{study.root}/report.html\n"
    text = page(study.root / "report.html")
    report = shared_retort("compare", study.root, "--baseline", "label", "--format", "json").json
    kd = next(group for group in report["groups"] if group["name"] == "kd")
    assert f"{100 * kd['mean']:.2f} ± {100 * kd['sd']:.2f}" in text
    assert f"{100 * kd['difference']['mean']:+.2f}" in text
    member = study.members["broken,seed=1"]
    assert member["state"] == "failed"
    assert "<strong>broken,seed=1</strong>" in text
    assert "loss.<wbr>soft.<wbr>use" in text and "&quot;kl_divergence&quot;" in text
    # The pages of the runs are linked, and are there.
    links = re.findall(r'href="([^"#]+report\.html)"', text)
    assert len(links) == 6 + len(study.teachers)
    for link in links:
        assert page(study.root / link.replace("%2C", ",").replace("%3D", "="))


def test_study_without_a_finished_run(study, shared_retort):
    copy = Study(shutil.copytree(study.root, shared_retort.folder / "waiting"))
    for name in copy.members:
        shutil.rmtree(copy.root / name)
    shared_retort("report", copy.root)
    text = page(copy.root / "report.html")
    assert "there is nothing to compare" in text
    assert 'class="badge waiting"' in text


def test_mistakes_of_studies(study, shared_retort):
    assert "did you mean 'label'?" in shared_retort("report", study.root, "--baseline", "labels", code=USAGE).stderr
    assert "did you mean 'top1'?" in shared_retort("report", study.root, "--metric", "top11", code=USAGE).stderr

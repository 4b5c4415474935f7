"""tools/python/export_run.py mlflow: what MLflow's client reads of it."""

import hashlib
import json
import shutil
import sys
import tomllib

import pytest
from exporting import ENVIRONMENT, NOT_A_RUN, export, history, results
from harness import STOPPED, SMALL, Run, changed, settings

mlflow = pytest.importorskip("mlflow")


@pytest.fixture(scope="module", autouse=True)
def environment():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_DISABLE_TELEMETRY"):
            patch.setenv(name, ENVIRONMENT[name])
        yield


class Store:
    def __init__(self, folder):
        self.uri = folder.as_uri()
        self.client = mlflow.MlflowClient(self.uri)

    def export(self, path, *words, **options):
        return export("mlflow", path, "--uri", self.uri, "--experiment", "tests", "--json", *words, **options)

    def runs(self):
        experiment = self.client.get_experiment_by_name("tests")
        return self.client.search_runs([experiment.experiment_id]) if experiment else []

    def artifacts(self, run_id, path=None):
        return sorted(file.path for file in self.client.list_artifacts(run_id, path))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("mlflow") / "store")


@pytest.fixture(scope="module")
def exported(shared_store, run):
    report = shared_store.export(run.root, "--weights").json
    return shared_store.client.get_run(report["run_id"])


def check_metrics(client, run_id, run):
    """Every value of the history and of the summary, and no other."""
    expected, ends = history(run), results(run)
    assert set(client.get_run(run_id).data.metrics) == set(expected) | set(ends)
    for name, points in expected.items():
        found = sorted((m.step, m.timestamp, m.value) for m in client.get_metric_history(run_id, name))
        wanted = sorted((step, round(1000 * time), value) for step, time, value in points)
        assert repr(found) == repr(wanted), name
    for name, (step, value) in ends.items():
        assert [(m.step, m.value) for m in client.get_metric_history(run_id, name)] == [(step, value)], name


def test_every_value_is_there(shared_store, exported, run):
    check_metrics(shared_store.client, exported.info.run_id, run)
    losses = shared_store.client.get_metric_history(exported.info.run_id, "student/loss/train")
    assert any(metric.value != metric.value for metric in losses), "a loss that is not finite is NaN"


def test_parameters_are_the_experiment(exported, run):
    experiment = tomllib.loads((run.root / "experiment.toml").read_text())
    params = exported.data.params
    assert params["run.seed"] == str(experiment["run"]["seed"])
    assert params["loss.soft.temperature"] == "4.0"
    assert params["dataset.transforms"] == str(experiment["dataset"]["transforms"])
    assert params["schedule.on_divergence.skip"] == "16"


def test_tags_tell_where_it_comes_from(exported, run):
    environment = json.loads((run.root / "environment.json").read_text())
    tags = exported.data.tags
    assert tags["retort.version"] == environment["retort"]
    assert tags["mlflow.source.git.commit"] == environment["git_revision"]
    plugins = {plugin["library"].rpartition("/")[2]: plugin for plugin in environment["plugins"]}
    library = plugins["convnet.so"]["library"]
    with open(library, "rb") as stream:
        assert tags["retort.plugin.convnet"] == hashlib.sha256(stream.read()).hexdigest()
    assert tags["retort.data.synthetic.train"] in {split["sha256"] for split in environment["data"]}
    assert (exported.info.run_name, exported.info.status) == ("small", "FINISHED")


def test_artifacts(shared_store, exported, run, store):
    assert shared_store.artifacts(exported.info.run_id) == ["experiment.toml", "summary.json", "weights"]
    weights = shared_store.client.download_artifacts(exported.info.run_id, "weights/student/student.safetensors")
    with open(weights, "rb") as stream:
        assert stream.read() == run.student().read_bytes()
    without = store.export(run.root).json
    assert store.artifacts(without["run_id"]) == ["experiment.toml", "summary.json"]


def test_a_run_exported_again_is_the_same_one(store, run, tmp_path):
    first = store.export(run.root).json
    assert not first["was_there"] and first["metrics"] > 0
    moved = shutil.copytree(run.root, tmp_path / "elsewhere" / run.root.name)
    again = store.export(moved).json
    assert again == first | {"was_there": True, "metrics": 0}
    assert len(store.runs()) == 1
    check_metrics(store.client, first["run_id"], run)


def test_a_run_that_went_on_is_gone_on_with(store, retort):
    words = ("run", retort.write(SMALL), *settings(schedule__epochs=60))
    with retort.start(*words) as running:
        run = running.hold_at_step("student", 20)
        assert running.end(with_signal=15).code == STOPPED
    first = store.export(run.root).json
    assert store.client.get_run(first["run_id"]).info.status == "KILLED"
    retort("run", "--resume", run.root)
    again = store.export(run.root).json
    assert again["run_id"] == first["run_id"] and again["was_there"] and again["metrics"] > 0
    assert store.client.get_run(first["run_id"]).info.status == "FINISHED"
    check_metrics(store.client, first["run_id"], Run(run.root))


def test_other_runs_are_others(store, retort):
    experiment = retort.write(SMALL)
    for _ in range(2):
        store.export(retort("run", experiment, *settings(schedule__max_steps=2)).run.root)
    assert len(store.runs()) == 2


def test_a_study_is_a_run_with_its_runs_below(store, study):
    report = store.export(study.root).json
    names = {*study.members, *study.teachers}
    assert {child["name"] for child in report["children"]} == names
    runs = {run.info.run_name: run for run in store.runs()}
    assert set(runs) == names | {study.record["name"]}
    for name in names:
        assert runs[name].data.tags["mlflow.parentRunId"] == report["run_id"]
        check_metrics(store.client, runs[name].info.run_id, study.run(name))
    assert "mlflow.parentRunId" not in runs[study.record["name"]].data.tags
    assert store.artifacts(report["run_id"]) == ["study.json"]
    again = store.export(study.root).json
    assert again["was_there"] and again["metrics"] == 0 and len(store.runs()) == len(names) + 1


def test_long_values_are_shortened(store, retort):
    # MLflow takes 6000 characters of a parameter.
    long = "[" + ", ".join(['"random_flip"'] * 500) + "]"
    text = changed(SMALL, '["random_crop(8, padding=1)", "random_flip"]', long)
    run = retort("run", retort.write(text), *settings(schedule__max_steps=2)).run
    found = store.client.get_run(store.export(run.root).json["run_id"])
    transforms = found.data.params["dataset.transforms"]
    whole = str(["random_flip"] * 500)
    assert len(transforms) == 6000 < len(whole)
    assert transforms.endswith("… (shortened)") and whole.startswith(transforms.removesuffix("… (shortened)"))


def test_mistakes(run, tmp_path):
    uri = (tmp_path / "store").as_uri()
    assert NOT_A_RUN in export("mlflow", tmp_path, "--uri", uri, code=2).stderr
    refused = export("mlflow", run.root, "--uri", "nowhere://here", code=2)
    assert "nowhere://here: MLflow says: " in refused.stderr
    bare = export("mlflow", run.root, "--uri", uri, code=2, python=(sys.executable, "-S"))
    assert "python3 -m pip install mlflow" in bare.stderr

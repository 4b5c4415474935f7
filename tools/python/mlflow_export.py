"""Runs in MLflow, through its client."""

import math
import os
import re
import warnings
from pathlib import Path

from run_directory import Refused, Study

# A tool that copies results from one folder to another has nothing to report to MLflow's makers.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

try:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException
    from mlflow.utils import validation
except ImportError as error:
    raise Refused(f"MLflow is not there ({error}): python3 -m pip install mlflow (or mlflow-skinny)") from None

IDENTITY = "retort.identity"  # of the run; an MLflow run that has it is gone on with
STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "killed": "KILLED", "running": "RUNNING"}
PARENT = "mlflow.parentRunId"
SHORTENED = "… (shortened)"


def key(name):
    """With the characters that MLflow takes, no longer than it takes."""
    return re.sub(r"[^\w\-. :/]", "_", name)[: validation.MAX_ENTITY_KEY_LENGTH]


def shortened(value, limit):
    words = str(value)
    return words if len(words) <= limit else words[: limit - len(SHORTENED)] + SHORTENED


def milliseconds(seconds):
    return int(round(seconds * 1000))


def tags_of(run):
    environment = run.environment
    tags = {
        "retort.version": environment["retort"],
        "retort.torch": environment["torch"],
        "retort.device": environment["device"],
        "retort.host": environment["host"],
        "retort.directory": str(run.path),
        "retort.state": run.state,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": " ".join(environment["command_line"]),
        "mlflow.source.git.commit": environment["git_revision"],
    }
    for plugin in environment["plugins"]:
        tags[f"retort.plugin.{Path(plugin['library']).stem}"] = plugin["sha256"]
    for split in environment.get("data", ()):
        tags[f"retort.data.{split['use']}.{split['split']}"] = split["sha256"]
    return tags


def metrics_of(run):
    points = [Metric(key(p.name), p.value, milliseconds(p.time), p.step) for p in run.history().new_points()]
    # A stage's result is as old as its last value, in whichever sitting it is exported.
    ends = {}
    for point in points:
        stage = point.key.partition("/")[0]
        ends[stage] = max(ends.get(stage, 0), point.timestamp)
    for name, value, step in run.results():
        points.append(Metric(key(name), value, ends.get(key(name).partition("/")[0], 0), step))
    return points


def batches(items, size):
    return (items[i : i + size] for i in range(0, len(items), size))


def same(metric):
    # Not a number equals not even itself.
    return metric.key, metric.step, metric.timestamp, "nan" if math.isnan(metric.value) else metric.value


class Exporter:
    def __init__(self, uri, experiment, weights=False):
        self.uri, self.weights = uri, weights
        try:
            self.client = MlflowClient(tracking_uri=uri)
            found = self.client.get_experiment_by_name(experiment)
            self.experiment = found.experiment_id if found else self.client.create_experiment(experiment)
        except MlflowException as error:
            raise Refused(f"{uri}: MLflow says: {error}") from None

    def find(self, identity, name, begun, tags):
        """The MLflow run of that identity, made when there is none; whether it was there."""
        found = self.client.search_runs([self.experiment], f"tags.`{IDENTITY}` = '{identity}'")
        if found:
            return found[0], True
        made = self.client.create_run(
            self.experiment, start_time=begun, run_name=name, tags={IDENTITY: identity} | tags
        )
        return made, False

    def add_metrics(self, run_id, known, metrics):
        """Those that MLflow does not have already; how many these are."""
        there = set()
        for name in {metric.key for metric in metrics} & known:
            there |= {same(metric) for metric in self.client.get_metric_history(run_id, name)}
        missing = [metric for metric in metrics if same(metric) not in there]
        for batch in batches(missing, validation.MAX_METRICS_PER_BATCH):
            self.client.log_batch(run_id, metrics=batch)
        return len(missing)

    def add_params(self, run_id, run):
        params = [
            Param(key(name), shortened(value, validation.MAX_PARAM_VAL_LENGTH))
            for name, value in run.parameters.items()
        ]
        for batch in batches(params, validation.MAX_PARAMS_TAGS_PER_BATCH):
            self.client.log_batch(run_id, params=batch)

    def add_tags(self, run_id, tags):
        entries = [RunTag(key(name), shortened(value, validation.MAX_TAG_VAL_LENGTH)) for name, value in tags.items()]
        for batch in batches(entries, validation.MAX_PARAMS_TAGS_PER_BATCH):
            self.client.log_batch(run_id, tags=batch)

    def add_run(self, run, name=None, parent=None):
        metrics = metrics_of(run)
        begun = min((metric.timestamp for metric in metrics), default=None)
        nesting = {PARENT: parent} if parent else {}
        target, was_there = self.find(run.identity, name or run.name, begun, nesting)
        run_id = target.info.run_id
        self.add_tags(run_id, tags_of(run) | nesting)
        self.add_params(run_id, run)
        added = self.add_metrics(run_id, set(target.data.metrics), metrics)
        for file in (run.path / "experiment.toml", run.path / "summary.json"):
            if file.exists():
                self.client.log_artifact(run_id, str(file))
        for student in run.students() if self.weights else ():
            self.client.log_artifact(run_id, str(student), f"weights/{student.parent.name}")
        self.end(run_id, run.state, max((metric.timestamp for metric in metrics), default=None))
        return {"run_id": run_id, "name": name or run.name, "was_there": was_there, "metrics": added}

    def add_study(self, study):
        target, was_there = self.find(study.identity + "-study", study.name, None, {})
        run_id = target.info.run_id
        self.add_tags(run_id, {"retort.study": study.name, "retort.directory": str(study.path)})
        self.client.log_artifact(run_id, str(study.path / "study.json"))
        children = [self.add_run(run, name, run_id) for name, run in study.runs.items()]
        self.end(run_id, study.state, None)
        metrics = sum(child["metrics"] for child in children)
        return {"run_id": run_id, "name": study.name, "was_there": was_there, "metrics": metrics, "children": children}

    def end(self, run_id, state, when):
        status = STATUS[state]
        if status == "RUNNING":
            self.client.update_run(run_id, status)
        else:
            self.client.set_terminated(run_id, status, when)


def write(source, uri, experiment, weights=False):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        exporter = Exporter(uri, experiment or source.name, weights)
        try:
            return exporter.add_study(source) if isinstance(source, Study) else exporter.add_run(source)
        except MlflowException as error:
            raise Refused(f"{uri}: MLflow says: {error}") from None

"""Reads what `retort run` and `retort study` leave behind, for the tools beside this file."""

import hashlib
import json
import os
import socket
import tomllib
from dataclasses import dataclass
from pathlib import Path


class Refused(Exception):
    """What the user can mend; the message says how."""


def read_json(file):
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Refused(f"{file}: expected JSON, found: {error}") from None


def flat(table, prefix=""):
    """The leaves of nested tables by their dotted keys; lists are leaves."""
    leaves = {}
    for key, value in table.items():
        if isinstance(value, dict) and value:
            leaves |= flat(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


@dataclass
class Point:
    """One value of one metric. The program tells that a value is not finite, not which of inf and NaN it is."""

    name: str
    value: float
    step: int
    time: float  # Unix seconds


class History:
    """metrics.jsonl, read on and on. A last line without its line break is not yet complete."""

    def __init__(self, file):
        self.file = file
        self.place, self.lines = 0, 0

    def new_points(self):
        """What was written since the last call."""
        if not self.file.exists():
            return
        if self.file.stat().st_size < self.place:
            raise Refused(f"{self.file} was cut while it was read: the run went on from a checkpoint; export it again")
        with self.file.open("rb") as stream:
            stream.seek(self.place)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                self.place += len(line)
                self.lines += 1
                yield from self._points(line)

    def _points(self, line):
        try:
            record = json.loads(line)
            stage, split = record["stage"], record["split"]
            for name, value in record["values"].items():
                value = float("nan") if value is None else float(value)
                yield Point(f"{stage}/{name}/{split}", value, record["step"], record["time"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"{self.file}:{self.lines}: not a record of metrics: {error!r}") from None


class Run:
    """The directory of a run."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        for name in ("experiment.toml", "environment.json"):
            if not (self.path / name).is_file():
                raise Refused(
                    f"{path} is the directory of neither a run (it has no {name}) nor a study (it has no study.json); "
                    "expected one that `retort run` or `retort study` printed"
                )
        self.experiment_text = (self.path / "experiment.toml").read_text()
        try:
            self.experiment = tomllib.loads(self.experiment_text)
        except tomllib.TOMLDecodeError as error:
            raise Refused(f"{self.path / 'experiment.toml'}: {error}") from None
        self.environment = read_json(self.path / "environment.json")

    @property
    def name(self):
        return self.experiment["run"]["name"]

    @property
    def identity(self):
        """The same wherever the directory lies, and of no other run: time, machine and process of its first sitting."""
        words = [self.path.name, (self.path / "environment.json").read_text(), self.experiment_text]
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]

    @property
    def parameters(self):
        return flat(self.experiment)

    @property
    def summary(self):
        return read_json(self.path / "summary.json") or {"state": "running", "stages": []}

    @property
    def state(self):
        """What the summary says, unless a later sitting has begun since; of a finished run there is none."""
        if self.summary["state"] == "finished":
            return "finished"
        summary = self.path / "summary.json"
        newest = max(self.path.glob("environment*.json"), key=lambda file: file.stat().st_mtime_ns)
        over = summary.exists() and summary.stat().st_mtime_ns >= newest.stat().st_mtime_ns
        if over:
            return self.summary["state"]
        return "running" if self._alive(read_json(newest)) else "killed"

    @staticmethod
    def _alive(environment):
        if environment["host"] != socket.gethostname():
            return True  # nobody here can tell
        return os.path.exists(f"/proc/{environment['process']}")

    def history(self):
        return History(self.path / "metrics.jsonl")

    def results(self):
        """The numbers in the summary, by names like those of the history: (name, value, step)."""
        for stage in self.summary["stages"]:
            for name, value in flat(stage).items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    yield f"{stage['stage']}/{name}/result", float(value), stage["steps"]

    def students(self):
        return sorted(self.path.glob("stages/*/student.safetensors"))


class Study:
    """The folder of a study; `runs` are its teachers and members that have begun, by name."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        self.record = read_json(self.path / "study.json")
        self.runs = {}
        for entry in self.record["teachers"] + self.record["members"]:
            begun = [file.parent for file in (self.path / entry["name"]).glob("*/environment.json")]
            if begun:
                self.runs[entry["name"]] = Run(max(begun, key=lambda folder: folder.name))

    @property
    def name(self):
        return self.record["name"]

    @property
    def identity(self):
        """That of its first run, so that a study that grows stays the same."""
        return min(self.runs.values(), key=lambda run: (run.path.name, run.identity)).identity

    @property
    def state(self):
        states = {entry["state"] for entry in self.record["members"]}
        return next((state for state in ("running", "failed", "stopped") if state in states), "finished")


def open_directory(path):
    """The Run or Study in `path`."""
    if not (Path(path) / "study.json").is_file():
        return Run(path)
    study = Study(path)
    if not study.runs:
        raise Refused(f"{path}: none of this study's runs has begun; there is nothing to export")
    return study

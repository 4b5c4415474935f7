"""Starts the program under test and reads what it leaves behind."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RETORT = Path(os.environ.get("RETORT_BIN") or ROOT / "build/release/bin/retort")
BUILD = Path(os.environ.get("RETORT_BUILD_DIR") or RETORT.parents[1])
PLUGINS = BUILD / "lib/retort/plugins"
CONFIGS = ROOT / "configs"

DONE, FAILED, USAGE, PLUGIN_FAILED, STOPPED = 0, 1, 2, 3, 75

# A teacher and a student that train in a second, with every kind of component between them.
SMALL = """\
[run]
name = "small"
seed = 7

[dataset]
use = "synthetic"
classes = 4
image = [1, 8, 8]
train = 512
test = 100
noise = 2.0
transforms = ["random_crop(8, padding=1)", "random_flip"]

[teacher]
use = "convnet"
channels = [8, 16]

[student]
use = "convnet"
channels = [4, 8]

[loss.label]
use = "cross_entropy"
weight = 0.5

[loss.soft]
use = "kl_divergence"
weight = 0.5
temperature = 4.0

[loss.representation]
use = "logsum"
weight = 0.1
alpha = 4.0
student = { tap = "penultimate", projector = { use = "linear" }, normalization = { use = "batch_norm" } }
teacher = { tap = "penultimate", normalization = { use = "batch_norm" } }

[optimizer]
lr = 0.05

[schedule]
epochs = 2
batch_size = 32

[metrics]
every = 5
"""


def wait_until(condition, what, timeout=60.0):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{timeout:g} s are over, and still not: {what}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tree(folder):
    """Every file below `folder` with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass
class Tensor:
    dtype: str
    shape: list
    data: bytes

    def floats(self):
        assert self.dtype == "F32"
        return struct.unpack(f"<{len(self.data) // 4}f", self.data)


def read_safetensors(path):
    """(tensors by name, metadata), read without the library that the program's own reader was checked with."""
    content = Path(path).read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + size]), content[8 + size :]
    metadata = header.pop("__metadata__", {})
    return {
        name: Tensor(entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
        for name, entry in sorted(header.items())
    }, metadata


def metric(text, name, **labels):
    """The value of one series in Prometheus' text format; None when it is not there."""
    for line in text.splitlines():
        found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
            return float(found[3])
    return None


def records(text):
    """Of metrics.jsonl. splitlines() would cut names that have a separator of Unicode in them."""
    return [json.loads(line) for line in text.split("\n") if line]


class Run:
    """The directory of a run."""

    def __init__(self, root):
        self.root = Path(root)
        self.checkpoint = self.root / "checkpoints/last/state.safetensors"

    @property
    def summary(self):
        return json.loads((self.root / "summary.json").read_text())

    @property
    def stages(self):
        return {stage["stage"]: stage for stage in self.summary["stages"]}

    def student(self, stage="student"):
        return self.root / "stages" / stage / "student.safetensors"

    def history(self):
        return records((self.root / "metrics.jsonl").read_text())


class Done:
    """A finished program."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def run(self):
        return Run(self.stdout.splitlines()[-1])


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def signal_family(pid, wanted):
    """Sends a process, and those below it, a signal; those that are gone need none."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        children = children_of(pid)
        os.kill(pid, wanted)
        for child in children:
            signal_family(child, wanted)


class Running:
    """A program that was started; as a context it is killed at the end."""

    def __init__(self, command, folder, environment):
        self.folder = folder
        self.log = folder / f"stderr-{random.randrange(1 << 32):08x}.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    @property
    def stderr(self):
        return self.log.read_text()

    def wait_for(self, pattern, timeout=60.0):
        """The match of `pattern` in what the program writes to stderr."""

        def look():
            found = re.search(pattern, self.stderr)
            assert found or self.process.poll() is None, f"it ended without {pattern!r}:\n{self.stderr}"
            return found

        return wait_until(look, f"{pattern!r} on stderr", timeout)

    def directory(self):
        return Run(self.wait_for(r"(?m)^run (\S+)$")[1])

    def metrics_url(self):
        return self.wait_for(r"(?m)^metrics (\S+)$")[1]

    def wait_for_step(self, stage, step):
        """Until `stage` has reported that many steps; the run's directory."""
        run = self.directory()

        def reached():
            assert self.process.poll() is None, f"it ended before step {step} of {stage}:\n{self.stderr}"
            complete = (run.root / "metrics.jsonl").read_text().rpartition("\n")[0]
            return any(record["stage"] == stage and record["step"] >= step for record in records(complete))

        wait_until(reached, f"step {step} of {stage}")
        return run

    def hold(self):
        """Keeps the program, and what it started, where they are until end(): no test is a race with a fast machine."""
        signal_family(self.process.pid, signal.SIGSTOP)

    def hold_at_step(self, stage, step):
        """wait_for_step(), and hold() there."""
        run = self.wait_for_step(stage, step)
        self.hold()
        return run

    def end(self, with_signal=None, timeout=60.0):
        signal_family(self.process.pid, signal.SIGCONT)
        if with_signal is not None:
            self.process.send_signal(with_signal)
        stdout, _ = self.process.communicate(timeout=timeout)
        return Done(self.process.returncode, stdout.decode(), self.stderr)

    def kill(self):
        return self.end(signal.SIGKILL)


class Retort:
    """The program, started in `folder` with one thread, so that its arithmetic is the same every time."""

    def __init__(self, folder, **environment):
        self.folder = folder
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("RETORT_")}
        self.environment = inherited | {"OMP_NUM_THREADS": "1"} | environment

    def __call__(self, *words, code=DONE, timeout=120.0):
        command = [str(RETORT), *map(str, words)]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == code, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *words):
        return Running([str(RETORT), *map(str, words)], self.folder, self.environment)

    def write(self, text=SMALL, name="small.toml"):
        path = self.folder / name
        path.write_text(text)
        return path


def changed(text, old, new):
    """`text` with its only `old` replaced."""
    assert text.count(old) == 1, f"{text.count(old)} times: {old!r}"
    return text.replace(old, new)


def settings(**values):
    """--set words; a double underscore stands for the dot."""
    return [word for key, value in values.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]


# Every step of the student's third epoch is far too large, and left out.
EXPLOSION = settings(
    teacher__training__schedule__epochs=1,
    teacher__training__schedule__lr='{ use = "multistep", milestones = [2] }',
    schedule__epochs=3,
    schedule__lr='{ use = "multistep", milestones = [2], gamma = 1e38 }',
    schedule__on_divergence="{ skip = 16 }",
)

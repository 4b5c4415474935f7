"""Runs as TensorBoard's event files, written by its own writer; needs neither TensorFlow nor PyTorch."""

import shutil
import tempfile
import time
from pathlib import Path

from run_directory import Refused, Study

try:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.text.metadata import create_summary_metadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError as error:
    raise Refused(f"TensorBoard is not there ({error}): python3 -m pip install tensorboard") from None

EVENTS = "events.out.tfevents."  # how the writer's files begin
MARK = ".retort-export"  # says that a folder is an export, which may be replaced


def scalar(name, value, step, when):
    return Event(wall_time=when, step=step, summary=Summary(value=[Summary.Value(tag=name, simple_value=value)]))


def text(name, words, when):
    tensor = TensorProto(dtype=DT_STRING, string_val=[words.encode()], tensor_shape=TensorShapeProto())
    value = Summary.Value(tag=name, metadata=create_summary_metadata(name, "Markdown"), tensor=tensor)
    return Event(wall_time=when, step=0, summary=Summary(value=[value]))


def plain(value):
    return value if isinstance(value, (bool, int, float, str)) else str(value)


class Export:
    """One run in one folder. As a context it is closed at the end: its writer's thread makes the file again otherwise."""

    def __init__(self, run, folder):
        self.run, self.folder = run, folder
        self.history = run.history()
        self.points, self.last_time = 0, 0.0
        begun = (run.path / "experiment.toml").stat().st_mtime
        parameters = {key: plain(value) for key, value in run.parameters.items()}
        pb = hparams_pb(parameters, trial_id=run.identity, start_time_secs=begun)
        # Four spaces: code in Markdown, whatever the text holds.
        code = "".join(f"    {line}\n" for line in run.experiment_text.splitlines())
        self.writer = EventFileWriter(str(folder))
        self.writer.add_event(Event(wall_time=begun, summary=Summary.FromString(pb.SerializeToString())))
        self.writer.add_event(text("experiment", code, begun))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.writer.close()

    def take_new(self):
        for point in self.history.new_points():
            self.writer.add_event(scalar(point.name, point.value, point.step, point.time))
            self.points += 1
            self.last_time = max(self.last_time, point.time)
        self.writer.flush()

    def finish(self):
        self.take_new()
        for name, value, step in self.run.results():
            self.writer.add_event(scalar(name, value, step, self.last_time))
            self.points += 1


def follow(export, every):
    """Until the run's sitting is over."""
    while export.run.state == "running":
        export.take_new()
        time.sleep(every)


def check_target(out, force):
    if not out.exists():
        return
    if not out.is_dir():
        raise Refused(f"{out} is no folder")
    if not any(out.iterdir()):
        return
    if not force:
        raise Refused(f"{out} exists; nothing is overwritten without --force")
    if not (out / MARK).is_file():
        raise Refused(f"{out} was not made by this tool, and is not replaced; choose another --out")
    for file in out.rglob("*"):
        if not file.is_dir() and file.name != MARK and not file.name.startswith(EVENTS):
            raise Refused(f"{file} is no event file, and would be lost; {out} is not replaced")


def folders_of(source, folder):
    """Runs with their folders. A subfolder for each run of a study: TensorBoard shows them as runs."""
    if not isinstance(source, Study):
        return [(source, folder)]
    return [(run, folder / name) for name, run in source.runs.items()]


def write(source, out, force=False, follow_every=None):
    """The number of values that were written. Complete under its name or not at all, unless it follows a run."""
    out = Path(out)
    check_target(out, force)
    if follow_every is not None:
        if isinstance(source, Study):
            raise Refused("--follow: expected a run, found a study; follow its runs one by one")
        if out.exists():
            shutil.rmtree(out)
        out.mkdir(parents=True)
        (out / MARK).touch()
        with Export(source, out) as export:
            follow(export, follow_every)
            export.finish()
            return export.points
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        draft = Path(folder) / "export"
        draft.mkdir(mode=0o755)
        (draft / MARK).touch()
        points = 0
        for run, run_folder in folders_of(source, draft):
            with Export(run, run_folder) as export:
                export.finish()
                points += export.points
        if out.exists():
            shutil.rmtree(out)
        draft.rename(out)
    return points

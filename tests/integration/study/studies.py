"""Experiments that train in a fraction of a second, and what a study leaves behind."""

import json
from pathlib import Path

from harness import Run, wait_until

SMALL = """\
[run]
name = "small"
device = "cpu"
threads = 1

[dataset]
use = "synthetic"
classes = 4
image = [1, 8, 8]
train = 256
test = 100
noise = 2.0

[teacher]
use = "convnet"
channels = [8]

[teacher.training.schedule]
epochs = 3

[student]
use = "convnet"
channels = [4]

[loss.label]
use = "cross_entropy"

[loss.soft]
use = "kl_divergence"

[schedule]
batch_size = 32

[metrics]
every = 5
"""

# Two variants, two seeds: two teachers, four students.
VARIANTS = """
[study.axes]
seed = [1, 2]

[study.variants.kd]

[study.variants.label]
unset = ["loss.soft", "teacher"]
"""

TEMPERATURES = """
[study.axes]
"loss.soft.temperature" = [1, 4]
seed = [1, 2]
"""


class Study:
    """The folder of a study."""

    def __init__(self, root):
        self.root = Path(root)

    @property
    def record(self):
        return json.loads((self.root / "study.json").read_text())

    @property
    def members(self):
        return {member["name"]: member for member in self.record["members"]}

    @property
    def teachers(self):
        return {teacher["name"]: teacher for teacher in self.record["teachers"]}

    def states(self):
        return {name: member["state"] for name, member in self.members.items()}

    def run(self, name):
        """The only run of a member or a teacher."""
        (directory,) = [path.parent for path in (self.root / name).glob("*/experiment.toml")]
        return Run(directory)


def hold_at_member(running, name):
    """Waits until a member of ./study has trained some steps, and holds it there."""
    folder = running.folder / "study" / name
    wait_until(lambda: any(file.stat().st_size > 2000 for file in folder.glob("*/metrics.jsonl")), f"{name} at work")
    running.hold()


def run_study(retort, text, *words, out="study", **options):
    """The finished program and the folder."""
    done = retort("study", retort.write(text), "--out", out, "--no-estimate", *words, **options)
    return done, Study(retort.folder / out)

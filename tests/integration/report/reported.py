"""A run and a study that have something of everything that a report shows."""

from harness import FAILED, SMALL, changed
from studies import SMALL as MEMBER
from studies import run_study

# Two variants that learn, one whose loss becomes infinite.
VARIANTS = """
[study.axes]
seed = [1, 2]

[study.variants.kd]

[study.variants.label]
unset = ["loss.soft", "teacher"]

[study.variants.broken]
optimizer.lr = 1e30
teacher.training.optimizer.lr = 0.05

[study.published.kd]
top1 = 0.75
source = "A table"
"""


def reported_run(retort):
    """Student and teacher, a projector, gradients of terms, more than one evaluation."""
    text = changed(SMALL, "every = 5", "every = 5\ndiagnostics_every = 10")
    return retort("run", retort.write(text)).run


def reported_study(retort):
    text = changed(MEMBER, "batch_size = 32", "batch_size = 32\nepochs = 3")
    done, study = run_study(retort, text + VARIANTS, code=FAILED)
    assert "retort report" in done.stderr
    return study

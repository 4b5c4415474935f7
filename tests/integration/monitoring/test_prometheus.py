"""A real Prometheus watches real runs: what it records, when it gives an alarm, what becomes of odd names."""

import contextlib
import json
import math
import os
import signal
import tomllib
from pathlib import Path

import pytest
from experiments import CACHED, DIAGNOSED, ENDLESS
from harness import CONFIGS, SMALL, STOPPED, Retort, changed, settings, wait_until
from panels import expressions, filled_in, recorded
from server import Prometheus

CIFAR10 = "cifar-10-batches-bin"


@pytest.fixture(scope="module")
def watched(shared_retort):
    """A server, a run alone, and a study of two runs that differ in their seed."""
    folder = shared_retort.folder
    alone = [shared_retort.write(DIAGNOSED, "diagnosed.toml"), *ENDLESS]
    cached = shared_retort.write(CACHED, "cached.toml")
    study = settings(run__directory=json.dumps(str(folder / "studies/temperatures")))
    members = [
        [cached, *ENDLESS, *study, *settings(run__seed=seed, run__name=f'"temperature=4,seed={seed}"')]
        for seed in (1, 2)
    ]
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(shared_retort.start("run", *words)) for words in (alone, *members)]
        server = stack.enter_context(Prometheus(folder, studies=["studies/temperatures"]))
        for run in runs:
            run.wait_for_step("student", 20)
        server.wait_for('count(rate(retort_train_steps_total{stage="student"}[5m]) > 0) == 3')
        yield server


def test_steps_rise(watched):
    steps = 'retort_train_steps_total{stage="student"}'
    before = {labels["instance"]: value for labels, value in watched.wait_for(steps)}
    assert len(before) == 3

    def risen():
        now = {labels["instance"]: value for labels, value in watched.query(steps)}
        return all(now.get(instance, 0) > value for instance, value in before.items())

    wait_until(risen, "more steps in Prometheus")


def test_every_term_of_the_objective_is_there(watched):
    for experiment, terms in (
        ("small", {"label", "soft", "representation", "hinton"}),
        ("temperature=4,seed=1", {"label", "soft"}),
    ):
        of_run = f'* on (job, instance) group_left (experiment) retort_run_info{{experiment="{experiment}"}}'
        found = watched.wait_for(f'retort_loss_term{{stage="student", split="train"}} {of_run}')
        assert {labels["term"] for labels, _ in found} == terms
        assert all(math.isfinite(value) for _, value in found)


def test_quantiles_of_the_step_time_are_finite(watched):
    buckets = 'rate(retort_step_duration_seconds_bucket{stage="student"}[5m])'
    for quantile in (0.5, 0.99):
        found = watched.wait_for(f"histogram_quantile({quantile}, {buckets})")
        assert len(found) == 3
        assert all(0 < value < 60 for _, value in found)


def test_run_info_names_the_runs(watched):
    named = "group_left (run_id, experiment, study) retort_run_info"
    found = watched.wait_for(f'retort_step{{stage="student"}} * on (job, instance) {named}')
    assert {(labels["experiment"], labels["study"]) for labels, _ in found} == {
        ("small", "runs"),
        ("temperature=4,seed=1", "temperatures"),
        ("temperature=4,seed=2", "temperatures"),
    }
    for labels, steps in found:
        assert labels["run_id"].startswith(labels["experiment"] + "/")
        assert steps > 0


@pytest.mark.parametrize("name", recorded())
def test_recorded_series_have_values(watched, name):
    assert all(math.isfinite(value) for _, value in watched.wait_for(name))


# Nothing is wrong with these runs.
WITHOUT_VALUES = {"firing alerts"}


@pytest.mark.parametrize("file, title", sorted({(file, title) for file, title, _ in expressions()}))
def test_panels_show_something(watched, file, title):
    values = {
        "job": "retort-runs",
        "instance": ".*",
        "stage": "student",
        "study": ".*",
        "experiment": ".*",
        "run": ".*",
    }
    for in_file, in_title, expression in expressions():
        if (in_file, in_title) == (file, title):
            filled = filled_in(expression, values)
            if title in WITHOUT_VALUES:
                watched.query(filled)
            else:
                watched.wait_for(filled, timeout=30)


def test_seeds_are_told_from_experiments(watched):
    (count,) = (text for _, title, text in expressions() if title == "over seeds" and text.startswith("count"))
    values = {"job": ".*", "stage": "student", "study": ".*", "experiment": ".*", "run": ".*"}
    found = {labels["group"]: runs for labels, runs in watched.wait_for(filled_in(count, values))}
    assert found == {"small": 1, "temperature=4": 2}


@pytest.fixture
def server(retort):
    with Prometheus(retort.folder) as started:
        yield started


def test_a_loss_that_is_not_finite_raises_the_alarm(retort, server):
    # From the student's third epoch on every step is far too large; the run leaves them out and lives on.
    explosion = settings(
        run__name='"explodes"',
        schedule__lr='{ use = "multistep", milestones = [2], gamma = 1e38 }',
        schedule__on_divergence="{ skip = 100000000 }",
    )
    experiment = retort.write()
    with (
        retort.start("run", experiment, *ENDLESS) as healthy,
        retort.start("run", experiment, *ENDLESS, *explosion, "--unset", "loss.representation") as diverging,
    ):
        instances = [run.metrics_url().split("/")[2] for run in (healthy, diverging)]
        firing = wait_until(
            lambda: [labels for labels, state in server.alerts("RetortNonFiniteLoss") if state == "firing"],
            "RetortNonFiniteLoss that fires",
            90,
        )
        assert [(labels["instance"], labels["stage"]) for labels in firing] == [(instances[1], "student")]
        assert firing[0]["severity"] == "critical"
        skipped = server.wait_for('retort_skipped_steps_total{stage="student"} > 0')
        assert [labels["instance"] for labels, _ in skipped] == [instances[1]]
        for run in (healthy, diverging):
            assert run.end(signal.SIGTERM).code == STOPPED


HOSTILE = [
    'quoted "twice"',
    "back\\slash\\",
    "line\nline\ttab\rreturn",
    '"} 1\nretort_loss 2\n# HELP x {',
    "Destillation é 蒸馏 🧪\u2028\u0301",
    " spaces  and\x01control\x7f ",
]


def test_hostile_names_come_back_unchanged(retort, server):
    # JSON's strings are strings of TOML, but for one character that TOML wants escaped.
    terms = [json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f") for name in HOSTILE]
    objective = "".join(f'[loss.{term}]\nuse = "hinton_kd"\n\n' for term in terms)
    text = SMALL[: SMALL.index("[loss.label]")] + objective + SMALL[SMALL.index("[optimizer]") :]
    # The stage that trains the teacher has a term of the labels alone, which these are not.
    text = changed(text, "[student]\n", '[teacher.training.loss.label]\nuse = "cross_entropy"\n\n[student]\n')
    with retort.start("run", retort.write(text), *ENDLESS) as run:
        run.wait_for_step("student", 5)
        found = server.wait_for('retort_loss_term{stage="student", split="train"}')
        assert sorted(labels["term"] for labels, _ in found) == sorted(HOSTILE)
        values = server.wait_for('retort_component_value{name="soft"}')
        # A component is named by its key in the experiment, as TOML writes it.
        components = tomllib.loads("\n".join(f"[{labels['component']}]" for labels, _ in values))
        assert components == {"loss": {name: {} for name in HOSTILE}}
        for name in HOSTILE:
            # JSON's strings are those of PromQL too, but for pairs of escapes.
            text = json.dumps(name, ensure_ascii=False)
            assert len(server.query(f'retort_loss_term{{stage="student", split="train", term={text}}}')) == 1
        assert [value for _, value in server.query('up{job="retort-runs"}')] == [1]


def test_published_experiment_on_real_data(retort, server):
    """Real data where there is some, else the digits that the project carries."""
    data = os.environ.get("RETORT_DATA")
    if data and (Path(data) / CIFAR10).is_dir():
        retort = Retort(retort.folder, RETORT_DATA=data)
        words = [CONFIGS / "cifar10/resnet20-resnet8-kl.toml", *settings(schedule__max_steps=200)]
    else:
        words = [CONFIGS / "quickstart.toml", *settings(teacher__training__schedule__epochs=100000)]
    directory = settings(run__directory=json.dumps(str(retort.folder / "runs")), metrics__every=1)
    with retort.start("run", *words, *directory) as run:
        (_, first), *_ = server.wait_for('retort_train_steps_total{stage="teacher"} > 0', 90)
        server.wait_for(f'retort_train_steps_total{{stage="teacher"}} > {first}', 90)
        server.wait_for('increase(retort_train_steps_total{stage="teacher"}[1m]) > 0')
        assert server.query('retort_loss_term{term="label"}')[0][1] > 0
        assert server.query("retort_run_info")[0][0]["experiment"] in str(words[0])
        assert run.end(signal.SIGTERM, timeout=120).code == STOPPED

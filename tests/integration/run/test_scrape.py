"""A run can be watched while it trains. How a real Prometheus sees it is tested in monitoring/."""

import json
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
from harness import STOPPED, metric, settings, wait_until

# Long enough to be looked at for as long as a test likes.
ENDLESS = settings(schedule__epochs=100000, teacher__training__schedule__epochs=1)


def get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode(), answer.headers


@pytest.fixture
def running(retort):
    with retort.start("run", retort.write(), *ENDLESS) as started:
        started.wait_for_step("student", 20)
        yield started


def test_answers(running):
    url = running.metrics_url()
    base = url.removesuffix("/metrics")
    assert base.startswith("http://127.0.0.1:")
    text, headers = get(url)
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert get(f"{base}/-/healthy")[0] == "Retort is healthy.\n"
    assert get(f"{base}/-/ready")[0] == "Retort is ready.\n"
    with pytest.raises(urllib.error.HTTPError) as missing:
        get(f"{base}/nowhere")
    assert missing.value.code == 404
    assert metric(text, "retort_run_state", state="training") == 1
    for term in ("label", "soft", "representation"):
        labels = {"stage": "student", "split": "train", "term": term}
        assert metric(text, "retort_loss_term", **labels) is not None, term
    assert metric(text, "retort_loss_term_weight", stage="student", term="representation") == 0.1
    assert metric(text, "retort_epochs_completed_total", stage="teacher") == 1
    for stage in ("teacher", "student"):
        assert 0 < metric(text, "retort_accuracy_ratio", stage=stage, split="test", topk="1") <= 1
    phases = sum(
        metric(text, "retort_phase_duration_seconds_sum", stage="student", phase=phase)
        for phase in ("data", "teacher", "student", "loss", "backward", "optimizer")
    )
    assert 0 < phases < metric(text, "retort_step_duration_seconds_sum", stage="student")
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not on PATH: the text was not checked by it")
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_counters_rise_with_the_steps(running):
    url = running.metrics_url()

    def counts():
        text, _ = get(url)
        names = ("retort_train_steps_total", "retort_train_samples_total", "retort_step_duration_seconds_count")
        return [metric(text, name, stage="student") for name in names]

    first = counts()
    later = wait_until(lambda: (now := counts())[0] > first[0] and now, "another step")
    assert all(b > a for a, b in zip(first, later))
    steps, samples, durations = later
    assert steps == durations
    assert samples == steps * 32


def test_an_evaluation_is_told_from_training(retort):
    """A long one is no stalled step."""
    words = [retort.write(), *ENDLESS, *settings(dataset__test=20000, metrics__every=1)]
    with retort.start("run", *words) as run:
        url = run.metrics_url()
        for state in ("evaluating", "training", "evaluating"):
            wait_until(lambda: metric(get(url)[0], "retort_run_state", state=state) == 1, f"a run in state {state}")


def test_endpoint_ends_with_the_run(running):
    url = running.metrics_url()
    assert running.end(signal.SIGTERM).code == STOPPED
    with pytest.raises(urllib.error.URLError):
        get(url)


def test_run_lists_itself_for_prometheus_while_it_lives(retort):
    with retort.start("run", retort.write(), *ENDLESS) as running:
        target = urllib.parse.urlsplit(running.metrics_url()).netloc
        (listed,) = (retort.folder / "runs/targets").iterdir()
        (group,) = json.loads(listed.read_text())
        assert group["targets"] == [target]
        running.wait_for_step("student", 1)
        assert running.end(signal.SIGTERM).code == STOPPED
    assert list((retort.folder / "runs/targets").iterdir()) == []


@pytest.mark.parametrize("address, warned", [("0.0.0.0", True), ("127.0.0.1", False)])
def test_endpoint_that_other_machines_reach_is_warned_of(retort, address, warned):
    done = retort("run", retort.write(), *settings(metrics__address=f'"{address}"', schedule__epochs=1))
    assert ("served to other machines too, without authentication" in done.stderr) == warned


def test_no_endpoint_unless_wanted(retort):
    done = retort("run", retort.write(), *settings(metrics__serve="false", schedule__epochs=1))
    assert "http://" not in done.stderr
    assert "retort_loss" in (done.run.root / "metrics.prom").read_text()

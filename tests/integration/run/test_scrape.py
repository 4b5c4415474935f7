"""A run can be watched while it trains: by hand, and by a real Prometheus server."""

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from harness import CONFIGS, STOPPED, Retort, changed, free_port, metric, settings, wait_until

# Long enough to be looked at for as long as a test likes.
ENDLESS = settings(schedule__epochs=100000, teacher__training__schedule__epochs=1)
CIFAR10 = "cifar-10-batches-bin"


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


def experiment_words(retort):
    """Real data where there is some, else the digits that the project carries; enough steps to watch."""
    data = os.environ.get("RETORT_DATA")
    if data and (Path(data) / CIFAR10).is_dir():
        kl = CONFIGS / "cifar10/resnet20-resnet8-kl.toml"
        return Retort(retort.folder, RETORT_DATA=data), [kl, *settings(schedule__max_steps=200, metrics__every=1)]
    digits = [CONFIGS / "quickstart.toml", *settings(teacher__training__schedule__epochs=100000, metrics__every=1)]
    return retort, digits


class Prometheus:
    """A server that scrapes one target every second."""

    def __init__(self, program, folder, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(
            changed(
                "global: { scrape_interval: 1s }\n"
                "scrape_configs: [{ job_name: retort, static_configs: [{ targets: [TARGET] }] }]\n",
                "TARGET",
                json.dumps(target),
            )
        )
        log = (folder / "prometheus.log").open("wb")
        self.process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'storage'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            stdout=log,
            stderr=log,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def query(self, expression):
        """[(labels, value)]; empty until there is something."""
        try:
            text, _ = get(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        except urllib.error.URLError:
            return []
        result = json.loads(text)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]


def test_prometheus_sees_the_steps_rise(retort):
    if not (program := shutil.which("prometheus")):
        pytest.skip("prometheus is not on PATH")
    retort, words = experiment_words(retort)
    with retort.start("run", *words) as run:
        target = urllib.parse.urlsplit(run.metrics_url()).netloc
        with Prometheus(program, retort.folder, target) as server:

            def steps():
                found = server.query("retort_train_steps_total")
                return found[0] if found else None

            labels, first = wait_until(lambda: (seen := steps()) and seen[1] > 0 and seen, "steps in Prometheus", 90)
            assert labels["stage"] == "teacher" and labels["job"] == "retort"
            assert server.query("up") == [({"__name__": "up", "instance": target, "job": "retort"}, 1.0)]
            wait_until(lambda: steps()[1] > first, "more steps in Prometheus", 90)
            rising = 'increase(retort_train_steps_total{stage="teacher"}[1m]) > 0'
            assert wait_until(lambda: server.query(rising), rising)
            assert server.query('retort_loss_term{term="label"}')[0][1] > 0
            assert server.query("retort_run_info")[0][0]["experiment"] in str(words[0])
        assert run.end(signal.SIGTERM, timeout=120).code == STOPPED

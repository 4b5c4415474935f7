"""metrics.users: who may read the metrics."""

import base64
import signal
import urllib.error
import urllib.request

import pytest
from harness import STOPPED, USAGE, settings
from test_scrape import ENDLESS, get

# `htpasswd -nbB -C 4 ada engine`
ADA = "ada:$2y$04$abcdefghijklmnopqrstuuCiRMDOSPunoGZ1DCFvc2WqLWXwAsJFG\n"


def get_as(url, user, password):
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {word}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def test_metrics_are_for_those_in_the_file(retort):
    (retort.folder / "users").write_text(ADA)
    experiment = retort.write()
    with experiment.open("a") as file:
        file.write('users = "users"\n')  # of [metrics], which is the last table
    with retort.start("run", experiment, *ENDLESS) as running:
        running.wait_for_step("student", 20)
        url = running.metrics_url()
        for refused in (lambda: get(url), lambda: get_as(url, "ada", "difference"), lambda: get_as(url, "eve", "engine")):
            with pytest.raises(urllib.error.HTTPError) as answer:
                refused()
            assert answer.value.code == 401
        assert "retort_train_steps_total" in get_as(url, "ada", "engine")
        assert get(url.replace("/metrics", "/-/healthy"))[0] == "Retort is healthy.\n"
        assert running.end(signal.SIGTERM).code == STOPPED


@pytest.mark.parametrize(
    "text, problem",
    [
        (None, "cannot read "),
        ("ada:engine\n", "users:1: what follows the colon is no hash of a password"),
        ("", "names no user"),
    ],
)
def test_a_file_that_is_none_is_told_before_anything_runs(retort, text, problem):
    if text is not None:
        (retort.folder / "users").write_text(text)
    done = retort("run", retort.write(), *settings(metrics__users='"users"'), code=USAGE)
    assert "metrics.users: " in done.stderr and problem in done.stderr
    assert not (retort.folder / "runs").exists()

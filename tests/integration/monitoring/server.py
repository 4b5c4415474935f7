"""A Prometheus server as tools/prometheus sets it up, but quicker, and what it says."""

import json
import math
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
from harness import ROOT, changed, free_port, wait_until

TOOLS = ROOT / "tools/prometheus"


def program(name):
    """The path of `prometheus` or `promtool`; without it the test is skipped."""
    if not (found := shutil.which(name)):
        pytest.skip(f"{name} is not on PATH")
    return found


def get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


class Prometheus:
    """Scrapes every second, by our scrape configuration and with our rules, the runs that list themselves below
    `folder`: in `runs`, and in those of `studies`."""

    def __init__(self, folder, studies=()):
        home = folder / "prometheus"
        home.mkdir()
        shutil.copy(TOOLS / "retort.rules.yml", home)
        text = (TOOLS / "prometheus.yml").read_text()
        text = changed(text, "scrape_interval: 15s", "scrape_interval: 1s")
        text = changed(text, "evaluation_interval: 15s", "evaluation_interval: 1s")
        text = changed(text, "refresh_interval: 30s", "refresh_interval: 1s")
        runs = [str(folder / name / "targets/*.json") for name in ("runs", *studies)]
        text = changed(text, '["runs/targets/*.json", "studies/temperatures/targets/*.json"]', json.dumps(runs))
        self.log = home / "log.txt"
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        # In place of the run with a port of its own: whoever has that port here is not of the test.
        (home / "prometheus.yml").write_text(changed(text, "127.0.0.1:9464", address))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    program("prometheus"),
                    f"--config.file={home / 'prometheus.yml'}",
                    f"--storage.tsdb.path={home / 'storage'}",
                    f"--web.listen-address={address}",
                ],
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        def ready():
            assert self.process.poll() is None, self.log.read_text()
            try:
                return get(f"{self.url}/-/ready")
            except urllib.error.URLError:
                return None

        try:
            wait_until(ready, "a Prometheus that is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, **parameters):
        """The data of the answer of the HTTP API; an error answer fails the test."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            return json.loads(get(url))["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expression):
        """[(labels, value)] of now."""
        found = self.ask("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def wait_for(self, expression, timeout=60.0):
        """The answer as soon as there is one with a finite value."""

        def look():
            found = self.query(expression)
            return found if any(math.isfinite(value) for _, value in found) else None

        return wait_until(look, expression, timeout)

    def alerts(self, name):
        """The labels and states of the pending and firing alerts of that name."""
        return [
            (alert["labels"], alert["state"])
            for alert in self.ask("alerts")["alerts"]
            if alert["labels"]["alertname"] == name
        ]

"""The dashboards are what their script writes, and ask for what runs and rules give."""

import json
import re
import subprocess
import sys

import pytest
from experiments import CACHED, DIAGNOSED, ENDLESS
from harness import wait_until
from panels import (
    BUILT_IN,
    DASHBOARDS,
    GRAFANA,
    RULES,
    alerts,
    expressions,
    filled_in,
    metrics_in,
    panels,
    recorded,
    variables,
)
from server import TOOLS, get, program


def base(name):
    """A histogram is asked for by the names of its series."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def catalogue():
    """The metrics of the table, which a test of the catalogue compares with the program."""
    return set(re.findall(r"(?m)^\| `([a-z_0-9]+)` \|", (TOOLS / "README.md").read_text()))


def test_files_are_what_the_script_writes(tmp_path):
    for script in GRAFANA.glob("*.py"):
        (tmp_path / script.name).write_bytes(script.read_bytes())
    subprocess.run([sys.executable, tmp_path / "generate.py"], check=True)
    for file in DASHBOARDS:
        assert (GRAFANA / file).read_text() == (tmp_path / file).read_text(), f"tools/grafana/generate.py writes {file}"


@pytest.fixture(scope="module")
def served(shared_retort):
    """The names of the series that two runs serve; nothing in the catalogue needs a GPU or a failure to exist."""
    with (
        shared_retort.start("run", shared_retort.write(DIAGNOSED, "diagnosed.toml"), *ENDLESS) as first,
        shared_retort.start("run", shared_retort.write(CACHED, "cached.toml"), *ENDLESS) as second,
    ):

        def names():
            texts = [get(run.metrics_url()) for run in (first, second)]
            found = {name for text in texts for name in re.findall(r"(?m)^([a-zA-Z_0-9]+)(?:\{.*\})? \S+$", text)}
            return found if catalogue() <= {base(name) for name in found} | found else None

        yield wait_until(names, "series of every metric of the catalogue")


@pytest.mark.parametrize("file", DASHBOARDS)
def test_dashboards_ask_for_what_runs_serve(served, file):
    asked = {name for in_file, _, expression in expressions() if in_file == file for name in metrics_in(expression)}
    for variable in variables(file).values():
        asked |= metrics_in(variable.get("definition", ""))
    assert len(asked) > 10
    assert asked <= served | set(recorded())


def test_rules_ask_for_what_runs_serve(served):
    asked = {name for name in metrics_in(RULES.read_text()) if ":" not in name} - {"retort-recorded"}
    assert len(asked) > 10
    assert asked <= served


def test_every_metric_has_its_place_on_the_dashboard_of_a_run():
    asked = {name for file, _, expression in expressions() if file == "run.json" for name in metrics_in(expression)}
    rules = RULES.read_text()
    for name in sorted(asked & set(recorded())):
        for rule in re.findall(rf"(?ms)^ *- record: {name}$(.*?)(?=^ *- |\Z)", rules):
            asked |= metrics_in(rule)
    assert catalogue() - {base(name) for name in asked} - asked == set()


def test_whatever_is_recorded_is_shown():
    asked = {name for _, _, expression in expressions() for name in metrics_in(expression)}
    assert {name for name in asked if ":" in name} == set(recorded())


def test_every_rule_is_tested():
    tests = (TOOLS / "retort.rules.test.yml").read_text()
    for name in recorded():
        assert re.search(rf"(?m)^ *- expr: {name}\b", tests), name
    for name in alerts():
        cases = re.findall(rf"(?m)^ *alertname: {name}\n *exp_alerts:(.*)$", tests)
        assert {case.strip() for case in cases} == {"", "[]"}, f"{name}: one case in which it fires, one in which not"


def test_expressions_are_promql(tmp_path):
    """Each as the expression of a recorded series."""
    rules = [
        {"record": f"panel:{number}", "expr": filled_in(expression, dict.fromkeys(variables(file), "x"))}
        for number, (file, _, expression) in enumerate(expressions())
    ]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool = program("promtool")
    checked = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
    rules[0]["expr"] += ")"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert subprocess.run([promtool, "check", "rules", file], capture_output=True).returncode != 0


@pytest.mark.parametrize("file", DASHBOARDS)
def test_variables_are_those_that_queries_use(file):
    text = (GRAFANA / file).read_text()
    used = set(re.findall(r"\$(?!\d)\{?(\w+)\}?", text)) - set(BUILT_IN) - {"__all"}
    assert used == set(variables(file))


@pytest.mark.parametrize("file", DASHBOARDS)
def test_panels_lie_beside_each_other(file):
    content = json.loads((GRAFANA / file).read_text())
    taken = set()
    for panel in content["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        assert max(x for x, _ in cells) < 24 and not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in content["panels"]]
    assert len(ids) == len(set(ids))
    titles = [panel["title"] for panel in panels(file)]
    assert len(titles) == len(set(titles))

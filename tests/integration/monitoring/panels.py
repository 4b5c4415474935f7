"""What the dashboards ask Prometheus for, and what the rules record."""

import json
import re

from harness import ROOT

GRAFANA = ROOT / "tools/grafana"
RULES = ROOT / "tools/prometheus/retort.rules.yml"
DASHBOARDS = ("run.json", "study.json")

# What Grafana fills in by itself.
BUILT_IN = {"__rate_interval": "1m"}


def panels(file):
    """Those with something in them, the rows' own lines left out."""
    return [panel for panel in json.loads((GRAFANA / file).read_text())["panels"] if panel["type"] != "row"]


def expressions():
    """(file, title of the panel, expression) of each query."""
    return [
        (file, panel["title"], target["expr"])
        for file in DASHBOARDS
        for panel in panels(file)
        for target in panel["targets"]
    ]


def variables(file):
    return {variable["name"]: variable for variable in json.loads((GRAFANA / file).read_text())["templating"]["list"]}


def filled_in(expression, values):
    """The expression as Grafana sends it; a variable that has no value is an error."""
    known = BUILT_IN | values
    return re.sub(r"\$(?!\d)\{?(\w+)\}?", lambda found: known[found[1]], expression)


def named(kind):
    return sorted(set(re.findall(rf"(?m)^ *- {kind}: (\S+)$", RULES.read_text())))


def recorded():
    return named("record")


def alerts():
    return named("alert")


def metrics_in(expression):
    """The metrics of Retort and of its process that an expression names, recorded ones too."""
    without_texts = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:retort[_:]|process_)[a-zA-Z0-9_:]+", without_texts))

#!/usr/bin/env python3
"""Writes the dashboards beside it, run.json and study.json, from the tables of run_dashboard.py and study_dashboard.py.

tools/grafana/generate.py
"""

import json
from pathlib import Path

from run_dashboard import run_dashboard
from study_dashboard import study_dashboard

FOLDER = Path(__file__).resolve().parent


def dashboards():
    """The text of each file."""
    made = {"run.json": run_dashboard(), "study.json": study_dashboard()}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


def main():
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()

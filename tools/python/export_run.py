#!/usr/bin/env python3
"""Exports a run or a study of Retort to TensorBoard or to MLflow.

  tools/python/export_run.py tensorboard runs/quickstart/2026-01-31_12-00-00 --out logs/quickstart
  tools/python/export_run.py mlflow studies/temperatures --uri http://localhost:5000 --experiment temperatures

Metrics are called STAGE/NAME/SPLIT: student/loss/train, student/accuracy.top1/test; what summary.json says of a stage
has `result` for the split. Steps are those of the stage, times those of the run. A value that was not finite is NaN in
both.

tensorboard: event files in --out, one folder for each run of a study. Values are float32 there, as TensorBoard keeps
them. An existing folder is replaced with --force alone, and only when it is such an export. --follow goes on until the
run's sitting is over.

mlflow: the resolved experiment as parameters, versions, revision, SHA-256 of plugins and data as tags, experiment.toml
and summary.json as artifacts, the students' weights with --weights. A study is a run with its runs nested below it. An
MLflow run that was made from the same run is gone on with: what it lacks is added, nothing is there twice.

Exit code 2: what was asked for cannot be done.
"""

import argparse
import json
import sys
from pathlib import Path

from run_directory import Refused, open_directory


def to_tensorboard(options):
    import tensorboard_export

    source = open_directory(options.run)
    count = tensorboard_export.write(source, options.out, options.force, options.every if options.follow else None)
    return {"out": str(options.out), "values": count}, f"wrote {count} values to {options.out}"


def to_mlflow(options):
    import mlflow_export

    report = mlflow_export.write(open_directory(options.run), options.uri, options.experiment, options.weights)
    lines = [
        f"{one['name']}: {'went on with' if one['was_there'] else 'made'} {one['run_id']}, {one['metrics']} values added"
        for one in [report, *report.get("children", ())]
    ]
    return report, "\n".join(lines)


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected seconds greater than 0, found '{text}'")
    return value


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    targets = parser.add_subparsers(dest="target", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("run", type=Path, help="the directory of a run or of a study")
    common.add_argument("--json", action="store_true", help="print the report as JSON")
    board = targets.add_parser("tensorboard", parents=[common], help="event files")
    board.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    board.add_argument("--force", action="store_true", help="replace an earlier export")
    board.add_argument("--follow", action="store_true", help="go on while the run lives")
    board.add_argument("--every", type=seconds, default=5.0, metavar="SECONDS", help="between two looks (default 5)")
    board.set_defaults(export=to_tensorboard)
    flow = targets.add_parser("mlflow", parents=[common], help="a tracking server or store")
    flow.add_argument("--uri", required=True, help="the tracking URI: http://localhost:5000, sqlite:///mlflow.db")
    flow.add_argument("--experiment", metavar="NAME", help="MLflow's experiment; the run's name unless given")
    flow.add_argument("--weights", action="store_true", help="upload the students' weights, too")
    flow.set_defaults(export=to_mlflow)
    return parser.parse_args(words)


def main(words=None):
    options = parse(words)
    try:
        report, text = options.export(options)
    except (Refused, OSError) as refusal:
        print(f"export_run: error: {refusal}", file=sys.stderr)
        return 2
    print(json.dumps(report) if options.json else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

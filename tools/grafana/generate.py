#!/usr/bin/env python3
"""Writes the dashboards beside it, run.json and study.json, from the tables below.

tools/grafana/generate.py
"""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COLUMNS = 24  # of Grafana's grid
HEIGHT = 8
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

# What a run's dashboard is about, in the selector of every series: a process, and stages of its run.
PROCESS = 'job="$job", instance=~"$instance"'
STAGE = f'{PROCESS}, stage=~"$stage"'

RATIO, SECONDS, BYTES, NUMBER = "percentunit", "s", "bytes", "short"
IMAGES_PER_SECOND, STEPS_PER_SECOND, NATS = "suffix: images/s", "suffix: steps/s", "suffix: nats"


def query(expression, legend="", *, instant=False, table=False):
    """What a panel asks for; `legend` names a series by its labels."""
    return {
        "expr": expression,
        "legendFormat": legend,
        "instant": instant,
        "range": not instant,
        "format": "table" if table else "time_series",
    }


def panel(kind, title, queries, description, *, unit=NUMBER, width=8, height=HEIGHT, custom=None, options=None, **more):
    """A panel without its place; `custom` and `options` are those of its kind."""
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, **one} for i, one in enumerate(queries)],
        "fieldConfig": {"defaults": {"unit": unit, "custom": custom or {}}, "overrides": []},
        "options": options or {},
        "gridPos": {"w": width, "h": height},
        **more,
    }


def lines(title, queries, description, *, log=False, stacked=False, **more):
    """Values over time."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 40 if stacked else 0, "showPoints": "auto"}
    if log:
        custom["scaleDistribution"] = {"type": "log", "log": 10}
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "none"}}
    return panel("timeseries", title, queries, description, custom=custom, options=options, **more)


def now(title, queries, description, *, name=False, **more):
    """The latest value; `name`: of the series that are there, the names."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if name else "auto",
        "colorMode": "none",
        "graphMode": "none",
    }
    return panel("stat", title, queries, description, options=options, width=4, height=4, **more)


def bars(title, queries, description, **more):
    """The latest values beside each other."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
    }
    return panel("bargauge", title, queries, description, options=options, **more)


def table(title, queries, description, *, columns, hidden=(), units=None, **more):
    """One row for each set of labels that the queries share; `columns`: what a field is called, in order."""
    organize = {
        "excludeByName": {name: True for name in ("Time", *hidden)},
        "indexByName": {name: index for index, name in enumerate(columns)},
        "renameByName": columns,
    }
    transformations = [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]
    made = panel("table", title, queries, description, transformations=transformations, **more)
    made["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
        for name, unit in (units or {}).items()
    ]
    return made


def over_steps(title, value, description, **more):
    """A value of each run, one series by run_id, over the steps it has done, whenever it did them."""
    queries = [query(of_runs("retort_step"), table=True), query(value, table=True)]
    by_step = "Value #A\\run_id"  # what the matrix calls its first column
    transformations = [
        {"id": "merge", "options": {}},
        {
            "id": "groupingToMatrix",
            "options": {
                "columnField": "run_id",
                "rowField": "Value #A",
                "valueField": "Value #B",
                "emptyValue": "null",
            },
        },
        {
            "id": "convertFieldType",
            "options": {"conversions": [{"targetField": by_step, "destinationType": "number"}], "fields": {}},
        },
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": by_step}]}},
    ]
    custom = {"drawStyle": "line", "lineWidth": 1, "spanNulls": True, "showPoints": "never"}
    options = {
        "xField": by_step,
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    return panel(
        "trend", title, queries, description, custom=custom, options=options, transformations=transformations, **more
    )


def variable(name, source, *, label=None, several=False):
    """A choice among the values of a label, `source`: label_values(SERIES, LABEL)."""
    made = {
        "name": name,
        "label": label or name,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": source,
        "query": {"query": source, "refId": f"variable-{name}"},
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
    }
    if several:
        # An empty label, as that of runs outside of studies, is matched too.
        made |= {"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}
    return made


def dashboard(uid, title, description, variables, rows):
    panels = []
    y = 0
    for name, members in rows:
        panels.append({"type": "row", "title": name, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}, "panels": []})
        y += 1
        x = row_height = 0
        for member in members:
            place = member["gridPos"]
            if x + place["w"] > COLUMNS:
                x, y, row_height = 0, y + row_height, 0
            panels.append(member | {"gridPos": {"x": x, "y": y, **place}})
            x += place["w"]
            row_height = max(row_height, place["h"])
        y += row_height
    datasource = {"name": "datasource", "label": "data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["retort"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [datasource, *variables]},
        "annotations": {"list": []},
        "links": [
            {"type": "dashboards", "tags": ["retort"], "title": "Retort", "asDropdown": True, "includeVars": False}
        ],
        "panels": [{"id": number} | one for number, one in enumerate(panels, start=1)],
    }


def run_now():
    return [
        now(
            "state", [query(f"retort_run_state{{{PROCESS}}} == 1", "{{state}}", instant=True)], "Of the run.", name=True
        ),
        now("epoch", [query(f"retort_epoch{{{STAGE}}}", "{{stage}}")], "That each stage is in, from 1.", unit="none"),
        now("epochs to do", [query(f"retort_epoch_target{{{STAGE}}}", "{{stage}}")], "In all.", unit="none"),
        now(
            "ETA",
            [query(f"retort_eta_seconds{{{PROCESS}}}", "ETA")],
            "Until the present stage has trained.",
            unit=SECONDS,
        ),
        now(
            "test accuracy",
            [query(f'retort_accuracy_ratio{{{STAGE}, split="test", topk="1"}}', "{{stage}}")],
            "Top-1 of each stage's student at its latest evaluation.",
            unit=RATIO,
        ),
        now(
            "images/s",
            [query(f"retort_images_per_second{{{STAGE}}}", "{{stage}}")],
            "Over the latest report of each stage.",
            unit="none",
        ),
        table(
            "firing alerts",
            [query(f'ALERTS{{{PROCESS}, alertstate="firing"}}', instant=True, table=True)],
            "Of tools/prometheus/retort.rules.yml.",
            columns={"alertname": "alert", "severity": "severity", "stage": "stage"},
            hidden=("Value", "__name__", "alertstate", "job", "instance"),
            width=12,
        ),
        table(
            "run and build",
            [
                query(f"retort_run_info{{{PROCESS}}}", instant=True, table=True),
                query(f"retort_build_info{{{PROCESS}}}", instant=True, table=True),
            ],
            "Which run this is, and which build of Retort trains it.",
            columns={"run_id": "run", "device": "device", "version": "Retort", "git_revision": "revision"},
            hidden=("Value #A", "Value #B", "__name__"),
            width=12,
        ),
        lines(
            "step",
            [query(f"retort_step{{{STAGE}}}", "{{stage}}")],
            "Optimizer steps that each stage has done, those before a resume included.",
        ),
        table(
            "components",
            [query(f"retort_plugin_info{{{PROCESS}}}", instant=True, table=True)],
            "That the experiment uses.",
            columns={"kind": "kind", "name": "name", "version": "version"},
            hidden=("Value", "__name__", "job", "instance"),
        ),
        bars(
            "parameters",
            [query(f"retort_model_parameters{{{PROCESS}}}", "{{model}}", instant=True)],
            "Of each model.",
        ),
    ]


def run_objective():
    per_term = f'retort_loss_term{{{STAGE}, split="train"}}'
    return [
        lines(
            "objective",
            [query(f"retort_loss{{{STAGE}}}", "{{stage}} {{split}}")],
            "The weighted sum of the terms. A gap is a value that is not finite.",
            width=12,
        ),
        lines(
            "terms",
            [query(f"retort_loss_term{{{STAGE}}}", "{{stage}} {{term}} {{split}}")],
            "Before their weights.",
            width=12,
        ),
        lines(
            "share in the objective",
            [
                query(
                    f"{per_term} * on (job, instance, stage, term) group_left () retort_loss_term_weight{{{STAGE}}}",
                    "{{stage}} {{term}}",
                )
            ],
            "Each term times its weight, on the training split.",
        ),
        lines("weights", [query(f"retort_loss_term_weight{{{STAGE}}}", "{{stage}} {{term}}")], "At the latest step."),
        lines(
            "parameters on a schedule",
            [query(f"retort_loss_parameter{{{STAGE}}}", "{{stage}} {{term}} {{parameter}}")],
            "Of the terms' losses: a temperature that falls, for instance.",
        ),
    ]


def run_quality():
    return [
        lines(
            "accuracy",
            [
                query(f'retort_accuracy_ratio{{{STAGE}, topk="1"}}', "{{stage}} {{split}}"),
                query(f"retort:teacher_accuracy:ratio{{{STAGE}}}", "{{stage}} teacher {{split}}"),
                query(f"retort:guess_accuracy:ratio{{{STAGE}}}", "{{stage}} guessing"),
            ],
            "Top-1 of the student, beside its teacher and guessing.",
            unit=RATIO,
            width=12,
        ),
        lines(
            "top-5 accuracy",
            [query(f'retort_accuracy_ratio{{{STAGE}, topk="5"}}', "{{stage}} {{split}}")],
            "Of the student.",
            unit=RATIO,
            width=12,
        ),
        lines(
            "agreement",
            [query(f"retort_teacher_agreement_ratio{{{STAGE}}}", "{{stage}} {{split}}")],
            "Share of the samples for which student and teacher name the same class.",
            unit=RATIO,
        ),
        lines(
            "who is right",
            [query(f"retort_outcome_ratio{{{STAGE}}}", "{{stage}} student {{student}}, teacher {{teacher}}")],
            "Shares of the samples.",
            unit=RATIO,
            stacked=True,
        ),
        lines(
            "distance of the logits",
            [query(f"retort_logit_distance{{{STAGE}}}", "{{stage}} {{split}}")],
            "Mean Euclidean distance of the student's logits from the teacher's.",
        ),
        lines(
            "calibration error",
            [query(f"retort_expected_calibration_error{{{STAGE}}}", "{{stage}} {{model}} {{split}}")],
            "ECE: mean gap between confidence and accuracy.",
            unit=RATIO,
        ),
        lines(
            "entropy",
            [query(f"retort_predictive_entropy{{{STAGE}}}", "{{stage}} {{model}} {{split}}")],
            "Of the predicted class probabilities.",
            unit=NATS,
        ),
        lines(
            "top logit difference",
            [query(f"retort_top_logit_difference{{{STAGE}}}", "{{stage}} {{model}} {{split}}")],
            "TLD: the true class's logit minus the largest of the others.",
        ),
        lines(
            "size of the logits",
            [query(f"retort_logit_norm{{{STAGE}}}", "{{stage}} {{model}} {{split}}")],
            "Mean Euclidean norm.",
            width=12,
        ),
        lines(
            "size of the penultimate layer",
            [query(f"retort_penultimate_norm{{{STAGE}}}", "{{stage}} {{model}} {{split}}")],
            "Mean Euclidean norm, of models that have this tap.",
            width=12,
        ),
    ]


def run_optimization():
    return [
        lines(
            "learning rate", [query(f"retort_learning_rate{{{STAGE}}}", "{{stage}}")], "At the latest step.", log=True
        ),
        lines(
            "gradient norm",
            [query(f"retort_gradient_norm{{{STAGE}}}", "{{stage}}")],
            "Of all gradients, before clipping.",
            log=True,
        ),
        lines(
            "steps that were not finite",
            [
                query(f"increase(retort_nonfinite_loss_total{{{STAGE}}}[$__rate_interval])", "{{stage}} not finite"),
                query(f"increase(retort_skipped_steps_total{{{STAGE}}}[$__rate_interval])", "{{stage}} left out"),
            ],
            "And those of them that schedule.on_divergence left out.",
        ),
        lines(
            "gradient norm of each term",
            [query(f"retort_term_gradient_norm{{{STAGE}}}", "{{stage}} {{term}}")],
            "With respect to the student, before the term's weight; with metrics.diagnostics_every.",
            log=True,
        ),
        lines(
            "cosines of the terms' gradients",
            [query(f"retort_gradient_cosine{{{STAGE}}}", "{{stage}} {{term}}, {{other}}")],
            "Below 0 two terms pull the student apart; with metrics.diagnostics_every.",
            width=16,
        ),
    ]


def run_projectors():
    return [
        lines(
            "singular values",
            [query(f"retort_projector_singular_value{{{STAGE}}}", "{{stage}} {{projector}} {{weight}} {{which}}")],
            "Largest and smallest of each projector; with metrics.diagnostics_every, as all of this row but the last.",
            log=True,
            width=12,
        ),
        lines(
            "effective rank",
            [query(f"retort_projector_effective_rank{{{STAGE}}}", "{{stage}} {{projector}} {{weight}}")],
            "exp of the entropy of the normalised singular values.",
            width=12,
        ),
        lines(
            "correlation of features",
            [query(f"retort_projector_feature_correlation{{{STAGE}}}", "{{stage}} {{projector}} {{side}}")],
            "Mean absolute correlation of two features on a side of the projector.",
        ),
        lines(
            "relational terms",
            [query(f"retort_projector_relation_norm{{{STAGE}}}", "{{stage}} {{projector}} {{relation}}")],
            "Norms of C_s, C_st and C_st - C_s W of a linear projector W.",
        ),
        lines(
            "values of components",
            [query(f"retort_component_value{{{PROCESS}}}", "{{component}} {{name}}")],
            "What components of the experiment report.",
        ),
    ]


def run_speed():
    def quantile(q):
        return f"histogram_quantile({q}, rate(retort_step_duration_seconds_bucket{{{STAGE}}}[$__rate_interval]))"

    phases = f"retort_phase_duration_seconds_sum{{{STAGE}}}", f"retort_phase_duration_seconds_count{{{STAGE}}}"
    return [
        lines(
            "images a second",
            [query(f"retort:train_samples:rate5m{{{STAGE}}}", "{{stage}}")],
            "Over five minutes, evaluations and checkpoints included.",
            unit=IMAGES_PER_SECOND,
        ),
        lines(
            "steps a second",
            [query(f"retort:train_steps:rate5m{{{STAGE}}}", "{{stage}}")],
            "Over five minutes, evaluations and checkpoints included.",
            unit=STEPS_PER_SECOND,
        ),
        lines(
            "epochs",
            [query(f"retort_epochs_completed_total{{{STAGE}}}", "{{stage}}")],
            "That this process has completed.",
        ),
        lines(
            "time of a step",
            [query(quantile(q), f"{{{{stage}}}} {name}") for q, name in ((0.5, "median"), (0.9, "90%"), (0.99, "99%"))]
            + [query(f"retort:step_duration_seconds:mean5m{{{STAGE}}}", "{{stage}} mean")],
            "Quantiles, interpolated within the histogram's buckets, and the mean over five minutes.",
            unit=SECONDS,
            width=12,
        ),
        panel(
            "heatmap",
            "time of a step, by bucket",
            [
                query(
                    f"sum by (le) (increase(retort_step_duration_seconds_bucket{{{STAGE}}}[$__rate_interval]))",
                    "{{le}}",
                )
                | {"format": "heatmap"}
            ],
            "How many steps took how long.",
            unit=SECONDS,
            width=12,
            options={"calculate": False, "yAxis": {"unit": SECONDS}, "cellGap": 1},
        ),
        lines(
            "time of each phase",
            [
                query(
                    f"rate({phases[0]}[$__rate_interval]) / rate({phases[1]}[$__rate_interval])", "{{stage}} {{phase}}"
                )
            ],
            "Mean of the steps in which it was measured: a captured graph has no phases.",
            unit=SECONDS,
            stacked=True,
        ),
        lines(
            "share of each phase",
            [query(f"retort:phase_duration_seconds:share5m{{{STAGE}}}", "{{stage}} {{phase}}")],
            "In the time of the steps; what is left to 100% is outside the phases.",
            unit=RATIO,
            stacked=True,
        ),
        lines(
            "share of waiting for data",
            [query(f"retort:data_wait:share5m{{{STAGE}}}", "{{stage}}")],
            "In the time of the steps. Above one half RetortDataBound fires.",
            unit=RATIO,
        ),
        lines(
            "hits of the logit cache",
            [query(f"retort:logit_cache_hits:share5m{{{STAGE}}}", "{{stage}}")],
            "Share of the samples that spared the teacher; with engine.logit_cache.",
            unit=RATIO,
        ),
        lines(
            "since the latest report",
            [query(f"time() - retort_last_step_timestamp_seconds{{{PROCESS}}}", "of a step")],
            "After ten minutes RetortStepStalled fires.",
            unit=SECONDS,
        ),
        lines(
            "what the metrics leave out",
            [
                query(f"retort_nonfinite_observations_total{{{PROCESS}}}", "observations that are not finite"),
                query(f"retort_rejected_series_total{{{PROCESS}}}", "values of components beyond 200 series"),
            ],
            "Both stay 0 in a run that is well.",
        ),
    ]


def run_process():
    return [
        lines(
            "memory",
            [
                query(f"process_resident_memory_bytes{{{PROCESS}}}", "in RAM"),
                query(f"process_virtual_memory_bytes{{{PROCESS}}}", "address space"),
            ],
            "Of the process; not the device's.",
            unit=BYTES,
            log=True,
        ),
        lines(
            "processors",
            [query(f"rate(process_cpu_seconds_total{{{PROCESS}}}[$__rate_interval])", "busy")],
            "How many the process keeps busy.",
        ),
        lines(
            "open files",
            [
                query(f"process_open_fds{{{PROCESS}}}", "open"),
                query(f"process_max_fds{{{PROCESS}}}", "limit"),
            ],
            "File descriptors.",
            log=True,
        ),
        lines(
            "up",
            [query(f"time() - process_start_time_seconds{{{PROCESS}}}", "up")],
            "Time since the process began.",
            unit=SECONDS,
        ),
        lines(
            "age of the latest checkpoint",
            [
                query(f"time() - retort_last_checkpoint_timestamp_seconds{{{PROCESS}}}", "age"),
                query(f"retort:checkpoint_interval_seconds:mean{{{PROCESS}}}", "mean interval"),
            ],
            "What a crash would lose.",
            unit=SECONDS,
        ),
        lines(
            "checkpoints",
            [query(f"retort_checkpoints_total{{{PROCESS}}}", "{{result}}")],
            "That this process has written.",
        ),
        lines(
            "time to write a checkpoint",
            [
                query(
                    f"histogram_quantile(0.9, rate(retort_checkpoint_duration_seconds_bucket{{{PROCESS}}}[1h]))",
                    "90% over an hour",
                )
            ],
            "Interpolated within the histogram's buckets.",
            unit=SECONDS,
        ),
        now(
            "teacher changed",
            [query(f"retort_teacher_changed{{{PROCESS}}}", "changed")],
            "1 when the frozen teacher was found changed.",
            unit="none",
        ),
    ]


def run_dashboard():
    return dashboard(
        "retort-run",
        "Retort: a run",
        "One run, from its objective to the time of its steps.",
        [
            variable("run", "label_values(retort_run_info, run_id)"),
            variable("job", 'label_values(retort_run_info{run_id="$run"}, job)'),
            variable("instance", 'label_values(retort_run_info{run_id="$run", job="$job"}, instance)', several=True)
            | {"allValue": None},
            variable("stage", 'label_values(retort_step{job="$job", instance=~"$instance"}, stage)', several=True),
        ],
        [
            ("now", run_now()),
            ("objective", run_objective()),
            ("quality", run_quality()),
            ("optimization", run_optimization()),
            ("projectors and components", run_projectors()),
            ("speed", run_speed()),
            ("process and checkpoints", run_process()),
        ],
    )


# The runs of a study's dashboard. The label `study` is the one that prometheus.yml makes of the folder.
RUNS = 'job=~"$job", study=~"$study", experiment=~"$experiment", run_id=~"$run"'
NAMED = f"on (job, instance) group_left (run_id, experiment) retort_run_info{{{RUNS}}}"


def of_runs(series, *matchers, stage=True, by=("run_id",)):
    """A series of the chosen runs, under their names. A run that two jobs scrape is there once."""
    selector = ", ".join(['job=~"$job"', *(['stage="$stage"'] if stage else []), *matchers])
    return f"max by ({', '.join(by)}) ({series}{{{selector}}} * {NAMED})"


TEST = 'split="test"', 'topk="1"'


def over_seeds(operation, series, *matchers):
    """`operation` over the runs that differ in their seed alone: without it their experiments have one name."""
    named = of_runs(series, *matchers, by=("run_id", "experiment"))
    every = f'label_replace({named}, "group", "$1", "experiment", "(.*)")'
    return f'{operation} by (group) (label_replace({every}, "group", "$1$2", "experiment", "(.*?),?seed=[0-9]+(.*)"))'


def deviation_over_seeds(series, *matchers):
    """Of the sample, as `retort compare` has it; PromQL's stddev is that of a population. None of a single run."""
    runs = over_seeds("count", series, *matchers)
    return f"{over_seeds('stddev', series, *matchers)} * sqrt({runs} / ({runs} - 1 > 0))"


def study_table():
    columns = {
        "experiment": ("experiment", None, None),
        "run_id": ("run", None, None),
        "state": ("state", None, None),
        "Value #A": (
            "",
            None,
            f"{of_runs('retort_run_state', stage=False, by=('run_id', 'experiment', 'state'))} == 1",
        ),
    }
    values = (
        ("epoch", "none", of_runs("retort_epoch", by=("run_id", "experiment"))),
        ("of", "none", of_runs("retort_epoch_target", by=("run_id", "experiment"))),
        ("test accuracy", RATIO, of_runs("retort_accuracy_ratio", *TEST, by=("run_id", "experiment"))),
        ("teacher", RATIO, of_runs("retort:teacher_accuracy:ratio", TEST[0], by=("run_id", "experiment"))),
        ("agreement", RATIO, of_runs("retort_teacher_agreement_ratio", TEST[0], by=("run_id", "experiment"))),
        ("test loss", NUMBER, of_runs("retort_loss", TEST[0], by=("run_id", "experiment"))),
        ("images/s", "none", of_runs("retort_images_per_second", by=("run_id", "experiment"))),
        ("not finite", "none", of_runs("retort_nonfinite_loss_total", by=("run_id", "experiment"))),
        ("ETA", SECONDS, of_runs("retort_eta_seconds", stage=False, by=("run_id", "experiment"))),
    )
    for letter, value in zip("BCDEFGHIJ", values):
        columns[f"Value #{letter}"] = value
    return table(
        "runs",
        [query(expression, instant=True, table=True) for _, _, expression in columns.values() if expression],
        "Those that are scraped now. Of the stage chosen above; the ETA is that of the stage the run is in.",
        columns={field: name for field, (name, _, _) in columns.items() if name},
        hidden=("Value #A",),
        units={name: unit for name, unit, _ in columns.values() if unit},
        width=24,
        height=10,
    )


def of_each_run(title, expression, description, **more):
    return lines(title, [query(expression, "{{run_id}}")], description, **more)


def study_dashboard():
    half = {"width": 12}
    phases = of_runs("retort:phase_duration_seconds:share5m", by=("run_id", "phase"))
    rows = [
        ("runs", [study_table()]),
        (
            "accuracy",
            [
                of_each_run(
                    "test accuracy",
                    of_runs("retort_accuracy_ratio", *TEST),
                    "Top-1 over time.",
                    unit=RATIO,
                    **half,
                ),
                over_steps(
                    "test accuracy over steps",
                    of_runs("retort_accuracy_ratio", *TEST),
                    "Top-1 at the latest evaluation before each step.",
                    unit=RATIO,
                    **half,
                ),
                bars(
                    "latest test accuracy",
                    [query(of_runs("retort_accuracy_ratio", *TEST), "{{run_id}}", instant=True)],
                    "Top-1.",
                    unit=RATIO,
                ),
                table(
                    "over seeds",
                    [
                        query(expression, instant=True, table=True)
                        for expression in (
                            over_seeds("avg", "retort_accuracy_ratio", *TEST),
                            deviation_over_seeds("retort_accuracy_ratio", *TEST),
                            over_seeds("count", "retort_accuracy_ratio", *TEST),
                        )
                    ],
                    "Latest test accuracy of the experiments that differ in their seed alone.",
                    columns={"group": "experiment", "Value #A": "mean", "Value #B": "deviation", "Value #C": "runs"},
                    units={"mean": RATIO, "deviation": RATIO, "runs": "none"},
                ),
                of_each_run(
                    "behind the teacher",
                    f"{of_runs('retort:teacher_accuracy:ratio', TEST[0])} - {of_runs('retort_accuracy_ratio', *TEST)}",
                    "Test accuracy of the teacher minus that of the student.",
                    unit=RATIO,
                ),
                of_each_run(
                    "agreement",
                    of_runs("retort_teacher_agreement_ratio", TEST[0]),
                    "Share of the test samples for which student and teacher name the same class.",
                    unit=RATIO,
                ),
                of_each_run(
                    "calibration error",
                    of_runs("retort_expected_calibration_error", TEST[0], 'model="student"'),
                    "ECE of the students.",
                    unit=RATIO,
                ),
                of_each_run(
                    "distance of the logits",
                    of_runs("retort_logit_distance", TEST[0]),
                    "Mean Euclidean distance of the student's logits from the teacher's.",
                ),
            ],
        ),
        (
            "objective",
            [
                of_each_run(
                    "training loss",
                    of_runs("retort_loss", 'split="train"'),
                    "The weighted sum of the terms. Comparable between runs with the same terms and weights.",
                ),
                of_each_run("test loss", of_runs("retort_loss", TEST[0]), "The same on the test split."),
                over_steps(
                    "test loss over steps",
                    of_runs("retort_loss", TEST[0]),
                    "At the latest evaluation before each step.",
                ),
                lines(
                    "terms",
                    [query(of_runs("retort_loss_term", 'split="train"', by=("run_id", "term")), "{{run_id}} {{term}}")],
                    "On the training split, before their weights.",
                    width=16,
                ),
                of_each_run("learning rate", of_runs("retort_learning_rate"), "At the latest step.", log=True),
            ],
        ),
        (
            "speed",
            [
                of_each_run(
                    "images a second",
                    of_runs("retort:train_samples:rate5m"),
                    "Over five minutes.",
                    unit=IMAGES_PER_SECOND,
                ),
                of_each_run(
                    "median time of a step",
                    of_runs("retort:step_duration_seconds:quantile5m", 'quantile="0.5"'),
                    "Over five minutes.",
                    unit=SECONDS,
                ),
                of_each_run(
                    "share of waiting for data",
                    of_runs("retort:data_wait:share5m"),
                    "In the time of the steps.",
                    unit=RATIO,
                ),
                lines(
                    "share of each phase",
                    [query(phases, "{{run_id}} {{phase}}")],
                    "In the time of the steps.",
                    unit=RATIO,
                    **half,
                ),
                of_each_run(
                    "memory",
                    of_runs("process_resident_memory_bytes", stage=False),
                    "Of each process, in RAM.",
                    unit=BYTES,
                    **half,
                ),
            ],
        ),
    ]
    return dashboard(
        "retort-study",
        "Retort: a study",
        "Several runs beside each other.",
        [
            variable("job", "label_values(retort_run_info, job)", several=True),
            variable("study", "label_values(retort_run_info, study)", several=True),
            variable("experiment", 'label_values(retort_run_info{study=~"$study"}, experiment)', several=True),
            variable(
                "run", 'label_values(retort_run_info{study=~"$study", experiment=~"$experiment"}, run_id)', several=True
            ),
            variable("stage", "label_values(retort_step, stage)"),
        ],
        rows,
    )


def dashboards():
    """The text of each file."""
    made = {"run.json": run_dashboard(), "study.json": study_dashboard()}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


def main():
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()

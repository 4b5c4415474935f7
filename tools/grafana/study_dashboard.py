"""The dashboard of several runs."""

from panels import (
    BYTES,
    IMAGES_PER_SECOND,
    NUMBER,
    RATIO,
    SECONDS,
    bars,
    dashboard,
    lines,
    panel,
    query,
    table,
    variable,
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

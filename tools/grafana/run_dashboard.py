"""The dashboard of one run."""

from panels import (
    BYTES,
    IMAGES_PER_SECOND,
    NATS,
    RATIO,
    SECONDS,
    STEPS_PER_SECOND,
    bars,
    dashboard,
    lines,
    now,
    panel,
    query,
    table,
    variable,
)

# What a run's dashboard is about, in the selector of every series: a process, and stages of its run.
PROCESS = 'job="$job", instance=~"$instance"'
STAGE = f'{PROCESS}, stage=~"$stage"'


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

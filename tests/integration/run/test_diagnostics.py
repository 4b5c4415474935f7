"""Diagnoses of projectors and gradients reach history and endpoint, and leave the training as it is."""

import math

import pytest
from harness import SMALL, changed, metric, read_safetensors, settings

numpy = pytest.importorskip("numpy")

PROJECTOR = "loss.representation.student.projector"
TERMS = ("label", "soft", "representation")
PAIRS = (("label", "soft"), ("label", "representation"), ("soft", "representation"))
# 16 steps an epoch; the teacher's stage is the same in all runs.
SHORT = changed(SMALL, "[student]\n", "[teacher.training]\nschedule.epochs = 1\n\n[student]\n")
EVERY = 17


@pytest.fixture(scope="module")
def experiment(shared_retort):
    return shared_retort.write(SHORT)


@pytest.fixture(scope="module")
def diagnosed(shared_retort, experiment):
    return shared_retort("run", experiment, *settings(metrics__diagnostics_every=EVERY)).run


def diagnoses(run, stage="student"):
    return {
        record["step"]: {name: value for name, value in record["values"].items() if name != "images_per_second"}
        for record in run.history()
        if record["stage"] == stage and "gradient_norm.label" in record["values"]
    }


def test_training_is_the_same_without(shared_retort, experiment, diagnosed):
    run = shared_retort("run", experiment).run
    assert diagnoses(run) == {}
    for file in ("student.safetensors", "best.safetensors"):
        for stage in ("teacher", "student"):
            path = f"stages/{stage}/{file}"
            assert (run.root / path).read_bytes() == (diagnosed.root / path).read_bytes(), path
    assert read_safetensors(run.checkpoint)[0] == read_safetensors(diagnosed.checkpoint)[0]


def test_values_appear_in_the_history(diagnosed):
    found = diagnoses(diagnosed)
    assert list(found) == [17]
    values = found[17]
    for term in TERMS:
        assert values[f"gradient_norm.{term}"] > 0, term
    for term, other in PAIRS:
        assert -1 <= values[f"gradient_cosine.{term}.{other}"] <= 1, (term, other)
    for side in ("input", "output"):
        assert 0 < values[f"{PROJECTOR}.correlation.{side}"] < 1
    for relation in ("self", "cross", "residual"):
        assert values[f"{PROJECTOR}.relation.{relation}"] > 0
    assert 1 <= values[f"{PROJECTOR}.map.effective_rank"] <= 8


def test_singular_values_are_those_of_the_weights(shared_retort, experiment, diagnosed):
    # The first epoch alone leaves the weights that the diagnosis of the 17th step saw.
    run = shared_retort("run", experiment, *settings(schedule__epochs=1)).run
    tensors, position = read_safetensors(run.checkpoint)
    assert position["step"] == "16"
    weight = tensors[f"module.{PROJECTOR}/linear.weight"]
    matrix = numpy.array(weight.floats(), dtype=numpy.float64).reshape(weight.shape)
    expected = numpy.linalg.svd(matrix, compute_uv=False)
    shares = expected / expected.sum()
    values = diagnoses(diagnosed)[17]
    assert values[f"{PROJECTOR}.map.singular_value_max"] == pytest.approx(expected[0], rel=1e-5)
    assert values[f"{PROJECTOR}.map.singular_value_min"] == pytest.approx(expected[-1], rel=1e-4)
    rank = math.exp(-(shares * numpy.log(shares)).sum())
    assert values[f"{PROJECTOR}.map.effective_rank"] == pytest.approx(rank, rel=1e-5)


def test_values_are_served(diagnosed):
    text = (diagnosed.root / "metrics.prom").read_text()
    values = diagnoses(diagnosed)[17]

    def served(name, **labels):
        return metric(text, name, stage="student", **labels)

    for term in TERMS:
        assert served("retort_term_gradient_norm", term=term) == pytest.approx(values[f"gradient_norm.{term}"])
    for term, other in PAIRS:
        cosine = values[f"gradient_cosine.{term}.{other}"]
        assert served("retort_gradient_cosine", term=term, other=other) == pytest.approx(cosine)
    of_projector = {"projector": PROJECTOR}
    for which in ("max", "min"):
        found = served("retort_projector_singular_value", weight="map", which=which, **of_projector)
        assert found == pytest.approx(values[f"{PROJECTOR}.map.singular_value_{which}"])
    assert served("retort_projector_effective_rank", weight="map", **of_projector) is not None
    for side in ("input", "output"):
        assert served("retort_projector_feature_correlation", side=side, **of_projector) is not None
    for relation in ("self", "cross", "residual"):
        assert served("retort_projector_relation_norm", relation=relation, **of_projector) is not None


def test_resumed_run_has_the_same_diagnoses(shared_retort, experiment):
    words = settings(metrics__diagnostics_every=3, schedule__epochs=10)
    expected = shared_retort("run", experiment, *words).run
    with shared_retort.start("run", experiment, *words) as running:
        run = running.hold_at_step("student", 18)
        running.kill()
    shared_retort("run", "--resume", run.root)
    assert diagnoses(run) == diagnoses(expected)
    assert run.student().read_bytes() == expected.student().read_bytes()

"""Every trained projector moves, is saved with the run, and goes on to the same bits."""

import signal

import pytest
from harness import SMALL, STOPPED, changed, read_safetensors, settings

# Name of the term: projector, and the taps that it joins.
PROJECTORS = {
    "linear": ('{ use = "linear" }', "penultimate", "penultimate"),
    "mlp": ('{ use = "mlp", depth = 2, width = 12, activation = "gelu" }', "penultimate", "penultimate"),
    "orthogonal": ('{ use = "orthogonal" }', "penultimate", "penultimate"),
    "orthogonal_exponential": ('{ use = "orthogonal", map = "exponential" }', "penultimate", "penultimate"),
    "ensemble": ('{ use = "ensemble", size = 2, relu = true }', "penultimate", "penultimate"),
    "ensemble_of_mlps": ('{ use = "ensemble", kind = "mlp", size = 2 }', "penultimate", "penultimate"),
    "conv": ('{ use = "conv", kernel = 3, batch_norm = true, relu = true }', "layer1", "layer1"),
    "strided_conv": ('{ use = "conv" }', "layer1", "layer2"),
    "adapter": ('{ use = "adapter" }', "layer1", "layer2"),
    "growing_adapter": ('{ use = "adapter" }', "layer2", "layer1"),
    "pooling_adapter": ('{ use = "adapter" }', "layer1", "penultimate"),
}


def term(name, projector, student, teacher):
    return f"""
[loss.{name}]
use = "logsum"
weight = 0.02
eps = 1e-3
student = {{ tap = "{student}", projector = {projector} }}
teacher = {{ tap = "{teacher}" }}
"""


# The student's stage takes a second or more, so that the signal finds it at work.
ALL = changed(changed(SMALL, "epochs = 2", "epochs = 10"), "train = 512", "train = 256")
ALL += "".join(term(name, *parts) for name, parts in PROJECTORS.items())
STEPS = 10 * 256 // 32


def projector_state(path, name):
    tensors, _ = read_safetensors(path)
    prefix = f"module.loss.{name}.student.projector/"
    state = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
    assert state, f"{path} has no tensor of {prefix}"
    return state


@pytest.fixture(scope="module")
def undisturbed(shared_retort):
    return shared_retort("run", shared_retort.write(ALL)).run


@pytest.fixture(scope="module")
def resumed(shared_retort):
    """Stopped in the student's stage; (the run after it went on, what its checkpoint held when it was stopped)."""
    with shared_retort.start("run", shared_retort.write(ALL)) as running:
        run = running.hold_at_step("student", STEPS // 4)
        done = running.end(signal.SIGTERM)
    assert done.code == STOPPED, done.stderr
    _, position = read_safetensors(run.checkpoint)
    assert position["stage"] == "student" and 0 < int(position["step"]) < STEPS
    stopped = {name: projector_state(run.checkpoint, name) for name in PROJECTORS}
    shared_retort("run", "--resume", run.root)
    return run, stopped


def trained(state):
    """The parameters among the tensors: what is neither a running statistic nor a fixed base."""
    statistics = ("running_mean", "running_var", "num_batches_tracked", "base")
    return {name: tensor.data for name, tensor in state.items() if not name.endswith(statistics)}


@pytest.mark.parametrize("name", PROJECTORS)
def test_projector_is_trained_and_saved(undisturbed, resumed, name):
    _, stopped = resumed
    before, after = trained(stopped[name]), trained(projector_state(undisturbed.checkpoint, name))
    assert before.keys() == after.keys() and after
    for parameter in after:
        assert before[parameter] != after[parameter], f"{parameter} stood still"


@pytest.mark.parametrize("name", PROJECTORS)
def test_projector_goes_on_to_the_same_bits(undisturbed, resumed, name):
    run, _ = resumed
    expected = projector_state(undisturbed.checkpoint, name)
    found = projector_state(run.checkpoint, name)
    assert found == expected


def test_student_goes_on_to_the_same_bits(undisturbed, resumed):
    run, _ = resumed
    assert run.student().read_bytes() == undisturbed.student().read_bytes()

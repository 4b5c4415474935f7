"""Chains of stages that are killed, and distillation that is switched off."""

import signal

import pytest
from harness import SMALL, Run, changed, read_safetensors, settings

# The student of each stage teaches the next one.
OBJECTIVE = SMALL[SMALL.index("[loss.label]") : SMALL.index("[optimizer]")]
CHAIN = changed(changed(SMALL, "epochs = 2", "epochs = 12"), "train = 512", "train = 1024")
CHAIN = changed(CHAIN, '[teacher]\nuse = "convnet"\nchannels = [8, 16]\n\n', "").replace(OBJECTIVE, "")
CHAIN += """
[stage.first]
student.channels = [8, 16]
loss.label = { use = "cross_entropy" }

[stage.second]
teacher = { use = "convnet", channels = [8, 16], stage = "first" }
student.channels = [6, 12]
loss.soft = { use = "kl_divergence" }

[stage.third]
teacher = { use = "convnet", channels = [6, 12], stage = "second" }
loss.logits = { use = "mse_logits" }
"""
STEPS = 12 * 1024 // 32


@pytest.fixture(scope="module")
def undisturbed(shared_retort):
    return shared_retort("run", shared_retort.write(CHAIN)).run


@pytest.mark.parametrize("moment", [0.1, 0.5, 0.9])
def test_chain_killed_in_its_second_stage_ends_with_the_same_bits(retort, undisturbed, moment):
    with retort.start("run", retort.write(CHAIN)) as running:
        run = running.hold_at_step("second", int(moment * STEPS))
        assert running.kill().code == -signal.SIGKILL
    finished = retort("run", "--resume", run.root)
    assert "stage first: done in an earlier sitting" in finished.stderr
    for stage in ("first", "second", "third"):
        assert read_safetensors(run.student(stage))[0] == read_safetensors(undisturbed.student(stage))[0], stage
        times = {"seconds": 0}
        assert Run(run.root).stages[stage] | times == undisturbed.stages[stage] | times


def test_distillation_switched_off_is_plain_training(retort):
    plain = changed(SMALL, '[teacher]\nuse = "convnet"\nchannels = [8, 16]\n\n', "")
    plain = plain[: plain.index("[loss.soft]")] + plain[plain.index("[optimizer]") :]
    alone = retort("run", retort.write(plain)).run
    assert list(alone.stages) == ["student"]
    off = ["--set", "loss.soft.weight=0", "--set", "loss.representation.weight=0"]
    beside_a_teacher = retort("run", retort.write(SMALL), *off).run
    assert list(beside_a_teacher.stages) == ["teacher", "student"]
    removed = retort("run", retort.write(SMALL), "--unset", "loss.soft", "--unset", "loss.representation").run
    distilled = retort("run", retort.write(SMALL), *settings(loss__representation__weight=0)).run
    weights = read_safetensors(alone.student())[0]
    assert weights == read_safetensors(beside_a_teacher.student())[0]
    assert weights == read_safetensors(removed.student())[0]
    assert weights != read_safetensors(distilled.student())[0]

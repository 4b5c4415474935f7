"""What a run watches over itself: the frozen teacher, the trained projectors, a finite objective."""

import hashlib
import struct

import pytest
from harness import EXPLOSION, FAILED, SMALL, USAGE, Run, changed, metric, read_safetensors, settings

PROJECTOR = "module.loss.representation.student.projector/linear.weight"
# As LibTorch calls them.
TYPE_NAMES = {"F32": "Float", "I64": "Long"}


def state_hash(tensors):
    """SHA-256 over name, type, sizes and bytes of each tensor, each behind its length."""
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        sizes = struct.pack(f"<{len(tensor.shape)}q", *tensor.shape)
        for field in (name.encode(), TYPE_NAMES[tensor.dtype].encode(), sizes, tensor.data):
            digest.update(struct.pack("<Q", len(field)) + field)
    return digest.hexdigest()


@pytest.fixture(scope="module")
def run(shared_retort):
    return shared_retort("run", shared_retort.write()).run


def only_run(retort):
    (root,) = (retort.folder / "runs/small").iterdir()
    return Run(root)


def test_outcome_is_the_same_on_stdout_and_in_the_summary(retort):
    done = retort("run", retort.write(), "--json", *settings(schedule__epochs=1))
    assert done.json == Run(done.json["directory"]).summary
    assert done.json["state"] == "finished"


def test_teacher_is_the_one_that_was_trained(run):
    tensors, _ = read_safetensors(run.student("teacher"))
    assert run.stages["student"]["teacher_hash"] == state_hash(tensors)
    assert run.stages["teacher"]["teacher_hash"] == ""


def test_teacher_from_a_file_is_left_as_it_is(retort, run):
    weights = run.student("teacher")
    before = weights.read_bytes()
    done = retort("run", retort.write(), *settings(teacher__weights=weights, schedule__epochs=1))
    assert weights.read_bytes() == before
    assert list(done.run.stages) == ["student"]
    assert done.run.stages["student"]["teacher_hash"] == run.stages["student"]["teacher_hash"]


def test_projector_that_stands_still_fails_the_run(retort, run):
    frozen = settings(optimizer__lr=0, teacher__training__optimizer__lr=0.05, schedule__epochs=1)
    done = retort("run", retort.write(), *frozen, code=FAILED)
    assert "loss.representation.student.projector did not move in stage 'student'" in done.stderr
    initial, _ = read_safetensors(only_run(retort).checkpoint)
    trained, _ = read_safetensors(run.checkpoint)
    assert initial[PROJECTOR].shape == trained[PROJECTOR].shape == [16, 8]
    assert initial[PROJECTOR].data != trained[PROJECTOR].data


def test_diverging_run_names_stage_and_term_and_keeps_its_checkpoint(retort):
    # Finite for two epochs, then far too large a step.
    explosion = settings(
        teacher__training__schedule__epochs=1,
        teacher__training__schedule__lr__gamma=1,
        schedule__epochs=5,
        schedule__lr='{ use = "multistep", milestones = [2], gamma = 1e30 }',
    )
    done = retort("run", retort.write(), *explosion, "--unset", "loss.representation", code=FAILED)
    assert "stage 'student' diverged: the objective is not finite at step " in done.stderr
    assert "loss.label" in done.stderr and "loss.soft" in done.stderr and "optimizer.lr" in done.stderr
    run = only_run(retort)
    assert run.summary["state"] == "failed"
    assert list(run.stages) == ["teacher"]
    diverged, at_the_end = read_safetensors(run.root / "stages/student/diverged.safetensors")
    assert f"its state is in {run.root}/stages/student/diverged.safetensors" in done.stderr
    assert int(at_the_end["step"]) == run.history()[-1]["step"]
    assert not all(abs(value) < 1e6 for value in diverged["module.student/fc.weight"].floats())
    tensors, metadata = read_safetensors(run.checkpoint)
    assert (metadata["stage"], metadata["epoch"], metadata["step"]) == ("student", "2", "32")
    assert all(abs(value) < 1e6 for value in tensors["module.student/fc.weight"].floats())
    last = run.history()[-1]
    assert last["step"] > 32 and "loss" in last["nonfinite"] and last["values"]["loss"] is None
    text = (run.root / "metrics.prom").read_text()
    assert metric(text, "retort_run_state", state="failed") == 1
    assert metric(text, "retort_nonfinite_loss_total", stage="student") == 1


def test_steps_that_are_not_finite_can_be_left_out(retort):
    words = [retort.write(), *EXPLOSION, *settings(metrics__every=4), "--unset", "loss.representation"]
    done = retort("run", *words)
    run = done.run
    assert "stage student: of the steps up to 36, 4 were not finite and left out" in done.stderr
    left_out = [r["values"].get("skipped_steps", 0) for r in run.history() if r["stage"] == "student" and r["split"] == "train"]
    assert left_out == [0] * 8 + [4] * 4
    tests = [r["values"] for r in run.history() if r["stage"] == "student" and r["split"] == "test"]
    assert tests[2] == tests[1]
    text = (run.root / "metrics.prom").read_text()
    assert metric(text, "retort_skipped_steps_total", stage="student") == 16
    refused = retort("run", *words, *settings(schedule__on_divergence="{ skip = 15 }"), code=FAILED)
    assert "16 steps were not finite; schedule.on_divergence allows 15" in refused.stderr


def test_teacher_must_be_as_accurate_as_expected(retort, run):
    accuracy = run.stages["teacher"]["top1"]
    text = changed(
        changed(
            SMALL,
            "channels = [8, 16]\n",
            f'channels = [8, 16]\nweights = "{run.student("teacher")}"\nexpect_accuracy = 0.125\n',
        ),
        "epochs = 2",
        "epochs = 1",
    )
    experiment = retort.write(text)
    done = retort("run", experiment, code=USAGE)
    line = text.splitlines().index("expect_accuracy = 0.125") + 1
    assert (
        f"{experiment}:{line}:19: error: teacher.expect_accuracy is 0.1250, but the teacher reaches {accuracy:.4f}"
        in done.stderr
    )
    assert not (only_run(retort).root / "stages").exists()
    retort("run", experiment, *settings(teacher__expect_accuracy=accuracy))

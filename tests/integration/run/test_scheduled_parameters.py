"""A loss's parameter may change while a stage trains: a function of the epoch, told in metrics and kept by a resume."""

import signal

import pytest
from harness import SMALL, STOPPED, USAGE, changed, settings

FALLING = settings(loss__soft__temperature="{ value = 8, use = 'linear', final = 1 }")
EPOCHS, STEPS_PER_EPOCH = 2, 512 // 32


def temperatures(run):
    name = "parameter.soft.temperature"
    return {r["step"]: r["values"][name] for r in run.history() if r["split"] == "train" and name in r["values"]}


def test_a_temperature_follows_its_schedule(retort):
    run = retort("run", retort.write(), *FALLING).run
    steps = EPOCHS * STEPS_PER_EPOCH
    told = temperatures(run)
    assert list(told)[-1] == steps
    assert told == pytest.approx({step: 8 - 7 * step / steps for step in told}, rel=1e-12)


def test_a_plain_temperature_is_no_metric(retort):
    assert temperatures(retort("run", retort.write()).run) == {}


def test_a_resumed_run_goes_on_along_the_schedule(retort):
    experiment = retort.write(changed(SMALL, "epochs = 2", "epochs = 20"))
    undisturbed = retort("run", experiment, *FALLING).run
    with retort.start("run", experiment, *FALLING) as running:
        run = running.hold_at_step("student", 20)
        assert running.end(signal.SIGTERM).code == STOPPED
    retort("run", "--resume", run.root)
    assert temperatures(run) == temperatures(undisturbed)
    assert run.student().read_bytes() == undisturbed.student().read_bytes()


def test_infinite_temperature_is_kept_in_the_resolved_experiment(retort):
    run = retort("run", retort.write(), *settings(loss__soft__temperature="inf")).run
    assert "temperature = inf\n" in (run.root / "experiment.toml").read_text()
    assert retort("config", run.root / "experiment.toml").stdout.count("temperature = inf") == 1


def test_a_schedule_that_leaves_the_range_is_refused_before_anything_starts(retort):
    wrong = settings(loss__soft__temperature="{ value = 8, use = 'linear', final = -1 }")
    done = retort("check", retort.write(), *wrong, code=USAGE)
    assert "loss.soft.temperature.final: expected a number of at least 0, found -1" in done.stderr


def test_the_drawing_and_the_listing_tell_of_it(retort):
    assert "temperature = 8.0 linear" in retort("graph", retort.write(), *FALLING).stdout
    assert "(a number of at least 0 (or inf); can be scheduled)" in retort("plugins", "kl_divergence").stdout
    listed = retort("plugins", "kl_divergence", "--json").json["components"][0]["params"]
    assert [param["name"] for param in listed if param.get("scheduled")] == ["temperature"]

"""How a step is computed is the user's choice, can be seen, and changes results by no more than rounding."""

import signal

import pytest
from harness import SMALL, STOPPED, USAGE, changed, read_safetensors, settings

# Networks in which every pass finds something to do, on images of CIFAR's shape.
NETWORKS = changed(
    changed(
        changed(SMALL, "image = [1, 8, 8]\ntrain = 512\ntest = 100", "image = [3, 16, 16]\ntrain = 256\ntest = 100"),
        'transforms = ["random_crop(8, padding=1)", "random_flip"]',
        'transforms = ["random_crop(16, padding=1)", "random_flip"]',
    ),
    'use = "convnet"\nchannels = [8, 16]',
    'use = "resnet8"',
).replace('use = "convnet"\nchannels = [4, 8]', 'use = "wrn_10_1"')

SWITCHES = ("record", "channels_last", "fold_batch_norm", "fuse_batch_norm", "prepack", "fuse_losses")
OFF = settings(**{f"engine__{switch}": "false" for switch in SWITCHES})


def last_loss(run):
    return [record for record in run.history() if record["split"] == "train"][-1]["values"]["loss"]


@pytest.fixture(scope="module")
def plain(shared_retort):
    return shared_retort("run", shared_retort.write(NETWORKS, "plain.toml"), *OFF).run


def test_the_graph_tells_what_the_passes_did(retort):
    drawn = retort("graph", retort.write(NETWORKS)).stdout
    for note in (
        "fold_batch_norm: 9 batch norms folded into convolutions (teacher)",
        "prepack: 9 convolutions prepacked, with the sum and ReLU behind them (teacher)",
        "fuse_batch_norm: 7 batch norms in one pass with the sum and ReLU behind them (student)",
    ):
        assert note in drawn, drawn
    without = retort("graph", retort.write(NETWORKS), *OFF).stdout
    for switch in SWITCHES:
        assert f"{switch}:" not in without, without


@pytest.mark.parametrize("switch", ("none", *SWITCHES))
def test_no_switch_changes_more_than_rounding(retort, plain, switch):
    off = [] if switch == "none" else settings(**{f"engine__{switch}": "false"})
    run = retort("run", retort.write(NETWORKS), *off).run
    assert last_loss(run) == pytest.approx(last_loss(plain), rel=2e-2)


def test_bfloat16_trains_float32_weights(retort, plain):
    run = retort("run", retort.write(NETWORKS), *settings(run__precision='"bfloat16"')).run
    tensors, _ = read_safetensors(run.student())
    assert {tensor.dtype for name, tensor in tensors.items() if "num_batches" not in name} == {"F32"}
    assert last_loss(run) == pytest.approx(last_loss(plain), rel=5e-2)


@pytest.mark.parametrize("precision", ("float32", "bfloat16"))
def test_a_stopped_run_goes_on_to_the_same_bits(retort, precision):
    long = changed(NETWORKS, "epochs = 2", "epochs = 6")
    words = [retort.write(long), *settings(run__precision=f'"{precision}"')]
    undisturbed = retort("run", *words).run
    with retort.start("run", *words) as running:
        run = running.hold_at_step("student", 15)
        assert running.end(signal.SIGTERM).code == STOPPED
    retort("run", "--resume", run.root)
    assert run.student().read_bytes() == undisturbed.student().read_bytes()


def test_an_unknown_switch_is_refused(retort):
    done = retort("check", retort.write(NETWORKS + "\n[engine]\nfold_batchnorm = true\n"), code=USAGE)
    assert "small.toml:" in done.stderr and "did you mean 'fold_batch_norm'" in done.stderr

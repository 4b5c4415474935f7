"""Label noise, subsets, withheld labels, a second data set, ensembles, and stages that go on with a student."""

import csv

import pytest
from harness import SMALL, USAGE, Run, changed, read_safetensors, settings

SHORT = settings(schedule__epochs=1, teacher__training__schedule__epochs=1)
NOISY = changed(
    SMALL, "noise = 2.0\n", 'noise = 2.0\nlabel_noise = { kind = "symmetric", rate = 0.4, seed = 7 }\n'
)
MEMBERS = changed(
    SMALL,
    '[teacher]\nuse = "convnet"\nchannels = [8, 16]\n',
    "".join(f'[teacher.members.{name}]\nuse = "convnet"\nchannels = {channels}\n' for name, channels in
            {"a": [8, 16], "b": [8, 16], "c": [4, 16]}.items())
    + "[teacher]\n",
)  # fmt: skip
MEMBERS = changed(MEMBERS, '[loss.representation]\nuse = "logsum"\nweight = 0.1\nalpha = 4.0\n', "[loss.unused]\n")
MEMBERS = MEMBERS[: MEMBERS.index("[loss.unused]")] + MEMBERS[MEMBERS.index("[optimizer]") :]


def noise_of(run, stage="student"):
    with (run.root / "stages" / stage / "label_noise.csv").open() as file:
        return [{key: int(value) for key, value in row.items()} for row in csv.DictReader(file)]


def weights(run, stage="student"):
    return read_safetensors(run.student(stage))[0]


def test_label_noise_is_saved_and_can_be_used_again(retort):
    first = retort("run", retort.write(NOISY), *SHORT).run
    changes = noise_of(first)
    assert 512 * 0.3 < len(changes) < 512 * 0.5
    assert all(row["label"] != row["clean_label"] for row in changes)
    assert [row["index"] for row in changes] == sorted({row["index"] for row in changes})
    assert changes == noise_of(first, "teacher")

    saved = first.root / "stages/student/label_noise.csv"
    text = changed(NOISY, 'kind = "symmetric", rate = 0.4, seed = 7', f'kind = "file", file = "{saved}"')
    second = retort("run", retort.write(text), *SHORT).run
    assert noise_of(second) == changes
    assert weights(second) == weights(first)
    assert weights(retort("run", retort.write(), *SHORT).run) != weights(first)


def test_label_noise_does_not_reach_the_test_images(retort):
    # Every label wrong: the student learns the next class, and is wrong on almost all test images.
    noise = 'label_noise = { kind = "pair_flip", rate = 1.0 }\n'
    text = changed(changed(SMALL, "noise = 2.0\n", f"noise = 0.5\n{noise}"), "weight = 0.1\n", "weight = 0.0\n")
    run = retort("run", retort.write(text), *settings(schedule__epochs=8)).run
    train = [record for record in run.history() if record["split"] == "train" and record["stage"] == "student"][-1]
    assert train["values"]["accuracy.top1"] > 0.6
    assert run.stages["student"]["top1"] < 0.3


def test_subset_is_what_is_trained_on(retort):
    text = changed(SMALL, "noise = 2.0\n", "noise = 2.0\nsubset = { fraction = 0.25, classes = [0, 2] }\n")
    run = retort("run", retort.write(text), *SHORT).run
    # 512 images of 4 classes, a quarter of two of these: 64 images are two batches of 32.
    assert run.stages["student"]["steps"] == 2


def test_second_data_set_adds_images_without_labels(retort):
    more = 'unlabelled = { use = "synthetic", classes = 9, image = [1, 8, 8], train = 256, seed = 3 }\n'
    run = retort("run", retort.write(changed(SMALL, "noise = 2.0\n", f"noise = 2.0\n{more}")), *SHORT).run
    assert run.stages["student"]["steps"] == (512 + 256) // 32


def test_without_labels_only_the_teacher_is_learnt_from(retort):
    text = changed(SMALL, "noise = 2.0\n", "noise = 2.0\nwithheld_labels = { fraction = 1.0 }\n")
    pretrained = retort("run", retort.write(), *SHORT).run.student("teacher")
    text = changed(text, "channels = [8, 16]\n", f'channels = [8, 16]\nweights = "{pretrained}"\n')
    with_labels = retort("run", retort.write(text), *SHORT).run
    without_term = retort("run", retort.write(text), *SHORT, "--set", "loss.label.weight=0").run
    assert weights(with_labels) == weights(without_term)
    values = [record["values"] for record in with_labels.history() if record["split"] == "train"]
    assert all(value["loss.label"] == 0 and "accuracy.top1" not in value for value in values)


def test_ensemble_members_differ_and_teach_together(retort):
    run = retort("run", retort.write(MEMBERS), *settings(schedule__epochs=1)).run
    assert list(run.stages) == ["teacher.a", "teacher.b", "teacher.c", "student"]
    assert weights(run, "teacher.a") != weights(run, "teacher.b")
    assert run.stages["student"]["teacher_top1"] > 0.25
    assert 0 < run.stages["student"]["teacher_agreement"] < 1

    evaluated = retort("eval", run.root, "--json").json
    assert evaluated["top1"] == run.stages["student"]["top1"]
    assert evaluated["teacher"]["top1"] == run.stages["student"]["teacher_top1"]
    seen = retort("inspect", run.root, "--classes", "0,1,2")
    assert "no plane of the teacher" in seen.stderr and "ensemble" in seen.stdout


def test_ensemble_can_be_drawn_and_checked(retort):
    experiment = retort.write(MEMBERS)
    retort("check", experiment, "--no-data")
    assert "ensemble of convnet, convnet, convnet" in retort("graph", experiment, "--stage", "student").stdout


def test_student_goes_on_with_an_earlier_stages_student(retort):
    objective = SMALL[SMALL.index("[loss.label]") : SMALL.index("[optimizer]")]
    chain = SMALL.replace('[teacher]\nuse = "convnet"\nchannels = [8, 16]\n\n', "").replace(
        objective, '[loss.label]\nuse = "cross_entropy"\n\n'
    )
    chain += "\n[stage.first]\n\n[stage.second.student]\nstage = 'first'\n\n[stage.second.optimizer]\nlr = 0.0\n"
    run = retort("run", retort.write(chain), *settings(schedule__epochs=1)).run
    def learnt(stage):  # all but the statistics of batch norm, which follow the images
        statistics = ("running_mean", "running_var", "num_batches_tracked")
        return {name: tensor for name, tensor in weights(run, stage).items() if not name.endswith(statistics)}

    assert learnt("first") == learnt("second")


def test_stage_ends_when_it_is_accurate_enough(retort):
    words = settings(schedule__epochs=50, schedule__stop_at_accuracy=0.6)
    run = retort("run", retort.write(changed(SMALL, "noise = 2.0\n", "noise = 0.5\n")), *words).run
    for stage in ("teacher", "student"):
        epochs = [r for r in run.history() if r["stage"] == stage and r["split"] == "train" and r["step"] % 16 == 0]
        assert run.stages[stage]["steps"] == epochs[-1]["step"] < 50 * 16
    again = retort("run", "--resume", run.root).run
    assert again.stages == Run(run.root).stages


@pytest.mark.parametrize(
    "line, words",
    {
        "label_noise = { kind = 'symmetric', rate = 1.5 }": "dataset.label_noise.rate: expected a number in [0, 1]",
        "label_noise = { kind = 'asymmetric', rate = 0.5, map = { 7 = 1 } }": "there is no class \"7\"",
        "label_noise = { kind = 'asymmetric', rate = 0.5, map = { 1 = 1 } }": "becomes itself",
        "label_noise = { kind = 'file', file = 'no.csv' }": "there is no file",
        "subset = { classes = [4] }": "there is no class 4",
        "unlabelled = { use = 'synthetic', image = [3, 8, 8] }": "has images of 3x8x8",
    }.items(),
    ids=lambda value: value if "=" in str(value) else "",
)
def test_mistakes_are_located(retort, line, words):
    text = changed(SMALL, "noise = 2.0\n", f"noise = 2.0\n{line}\n")
    experiment = retort.write(text)
    for command in ("run", "check"):
        said = retort(command, experiment, *(["--no-data"] if command == "check" else []), code=USAGE).stderr
        number = text.splitlines().index(line) + 1
        assert f"{experiment}:{number}:" in said and words in said
    assert not (retort.folder / "runs").exists()

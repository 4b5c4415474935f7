"""The teacher's logits are kept by view: what is trained does not change, and a second run spares the teacher."""

import re

import pytest
from harness import DONE, SMALL, USAGE, changed, metric, read_safetensors, settings

# 18 views of each of 512 images, 8 epochs of 4 batches.
LOGITS_ALONE = changed(SMALL[: SMALL.index("[loss.representation]")] + SMALL[SMALL.index("[optimizer]") :],
                       "epochs = 2\nbatch_size = 32", "epochs = 8\nbatch_size = 128")
EXPERIMENT = changed(LOGITS_ALONE, "[student]\n", "[teacher.training]\nschedule.epochs = 1\n\n[student]\n")
CACHED = EXPERIMENT + '\n[engine]\nlogit_cache = "logits"\nlogit_cache_type = "float32"\n'


@pytest.fixture(scope="module")
def plain(shared_retort):
    return shared_retort("run", shared_retort.write(EXPERIMENT)).run


@pytest.fixture(scope="module")
def cold(shared_retort, plain):
    return shared_retort("run", shared_retort.write(CACHED))


@pytest.fixture(scope="module")
def warm(shared_retort, cold):
    return shared_retort("run", shared_retort.write(CACHED))


def use(run):
    return run.stages["student"]["logit_cache"]


def test_float32_logits_change_nothing(plain, cold, warm):
    assert plain.stages["student"]["logit_cache"] is None
    for run in (cold.run, warm.run):
        assert run.student().read_bytes() == plain.student().read_bytes()
        assert read_safetensors(run.checkpoint)[0] == read_safetensors(plain.checkpoint)[0]


def test_a_second_run_spares_the_teacher(cold, warm):
    first, second = use(cold.run), use(warm.run)
    assert first["hits"] + first["misses"] == 8 * 512
    # Views come back: of 18, an image sees 6.6 different ones in 8 epochs on the average. But the teacher computes 32
    # samples at once.
    assert 0.02 < first["spared"] < 0.17
    assert second == {"hits": 8 * 512, "misses": 0, "spared": 1.0}
    assert "stage student: 100.0% of the teacher's work was spared: the cache had the logits of 4096 of 4096" in warm.stderr


def test_metrics_count_hits_and_misses(cold, warm):
    for run in (cold.run, warm.run):
        text = (run.root / "metrics.prom").read_text()
        assert metric(text, "retort_logit_cache_hits_total", stage="student") == use(run)["hits"]
        assert metric(text, "retort_logit_cache_misses_total", stage="student") == use(run)["misses"]
        assert metric(text, "retort_logit_cache_hits_total", stage="teacher") is None


def test_one_file_says_what_it_holds(shared_retort, warm):
    (file,) = (shared_retort.folder / "logits").iterdir()
    assert str(file) in warm.stderr
    header = file.read_bytes()[:4096].rstrip(b"\0").decode()
    assert header.startswith("retort logits 1\n")
    assert "rows: 9216\n" in header
    assert 'teacher: convnet' in header and "transform: random_crop" in header


def test_bfloat16_logits_are_reproducible(retort):
    experiment = retort.write(changed(CACHED, '"float32"', '"bfloat16"'))
    first, second = retort("run", experiment).run, retort("run", experiment).run
    assert first.student().read_bytes() == second.student().read_bytes()
    assert use(second)["spared"] == 1.0


def test_another_teacher_or_augmentation_has_another_file(retort):
    experiment = retort.write(CACHED)
    retort("run", experiment, *settings(schedule__max_steps=2))
    for change in (settings(run__seed=8), settings(dataset__transforms=["random_flip"]),
                   settings(run__precision="bfloat16"), settings(dataset__noise=1.5)):
        assert use(retort("run", experiment, *settings(schedule__max_steps=2), *change).run)["hits"] == 0
    # Labels do not matter to a teacher that has its weights; whether they are wrong neither.
    assert len(list((retort.folder / "logits").iterdir())) == 5


def test_features_cannot_be_kept(retort):
    done = retort("run", retort.write(SMALL + '\n[engine]\nlogit_cache = "logits"\n'), *settings(schedule__max_steps=2))
    assert done.code == DONE
    assert re.search(r"small\.toml:\d+:\d+: engine\.logit_cache: not used in stage 'student': its objective asks the "
                     r"teacher for .*penultimate.*, and logits alone can be kept", done.stderr)
    assert not (retort.folder / "logits").exists()


def test_a_folder_that_cannot_be_made_is_named(retort):
    (retort.folder / "logits").write_text("a file")
    done = retort("run", retort.write(CACHED), *settings(schedule__max_steps=2), code=USAGE)
    assert done.code == USAGE
    assert re.search(r"small\.toml:\d+:\d+: error: engine\.logit_cache: \S+/logits/\w+\.logits: ", done.stderr)

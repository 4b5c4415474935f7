"""engine.logit_cache in a study: members with the same teacher share one file, and it is told what that spared."""

import re

import pytest
from harness import changed, read_safetensors
from studies import SMALL, run_study

EPOCHS, IMAGES, VIEWS = 20, 256, 2
TEXT = changed(SMALL, "[schedule]\n", f"[schedule]\nepochs = {EPOCHS}\n")
TEXT = changed(TEXT, "noise = 2.0\n", 'noise = 2.0\ntransforms = ["random_flip"]\n')
CACHED = TEXT + '[engine]\nlogit_cache = "logits"\nlogit_cache_type = "float32"\n'
TEMPERATURES = '[study.axes]\n"loss.soft.temperature" = [1, 2, 4]\n'


@pytest.fixture(scope="module")
def plain(shared_retort):
    return run_study(shared_retort, TEXT + TEMPERATURES, out="plain")


@pytest.fixture(scope="module")
def together(shared_retort):
    """All members at once."""
    return run_study(shared_retort, CACHED + TEMPERATURES, "-j", 3, out="together")


def use(study, name):
    return study.run(name).stages["student"]["logit_cache"]


def times(study, name):
    found = [record["time"] for record in study.run(name).history()]
    return min(found), max(found)


def test_members_that_run_at_once_share_a_file(together, plain, shared_retort):
    _, study = together
    begins, ends = zip(*(times(study, name) for name in study.members))
    assert max(begins) < min(ends), "the members must have been at work at the same time"
    assert len(list((shared_retort.folder / "logits").iterdir())) == 1
    uses = [use(study, name) for name in study.members]
    for one in uses:
        assert one["hits"] + one["misses"] == EPOCHS * IMAGES
        # Alone a member would miss each view that it sees; the teacher computes 32 samples at once.
        assert one["hits"] > 0
    for name in study.members:
        ours, theirs = study.run(name), plain[1].run(name)
        assert read_safetensors(ours.student())[0] == read_safetensors(theirs.student())[0]
        assert ours.stages["student"]["top1"] == theirs.stages["student"]["top1"]


def test_later_members_spare_the_teacher(retort):
    _, study = run_study(retort, CACHED + TEMPERATURES)
    first, *others = (use(study, name) for name in study.members)
    assert first["misses"] >= IMAGES * VIEWS * 0.9
    # They train on the same views in the same order.
    assert [one["misses"] for one in others] == [0, 0]


def test_each_teacher_has_its_file(retort):
    _, study = run_study(retort, CACHED + '[study.axes]\n"loss.soft.temperature" = [1, 4]\nseed = [1, 2]\n', "-j", 2)
    assert len(study.teachers) == 2
    assert len(list((retort.folder / "logits").iterdir())) == 2


def test_the_study_tells_what_was_spared(together, shared_retort):
    done, study = together
    uses = [use(study, name) for name in study.members]
    hits, misses = (sum(one[key] for one in uses) for key in ("hits", "misses"))
    assert hits + misses == 3 * EPOCHS * IMAGES
    share = hits / (hits + misses)
    sentence = f"the logit cache spared {hits} of {hits + misses} teacher forward passes ({100 * share:.1f} %)"
    assert re.search(rf"(?m)^{re.escape(sentence)}$", done.stdout)
    assert study.record["logit_cache"] == {"hits": hits, "misses": misses, "spared": pytest.approx(share)}
    for format in ("text", "markdown"):
        assert sentence in shared_retort("compare", study.root, "--format", format).stdout
    assert shared_retort("compare", study.root, "--format", "json").json["logit_cache"]["hits"] == hits


def test_without_a_cache_nothing_is_told(plain, shared_retort):
    done, study = plain
    assert "logit cache" not in done.stdout and study.record["logit_cache"] is None
    assert "logit cache" not in shared_retort("compare", study.root).stdout

"""Plugins that cannot be used are told with the place that asks for them; exit code 3, and nothing is written."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest
from harness import BUILD, FAILED, PLUGINS, PLUGIN_FAILED, SMALL, USAGE, changed, metric, settings
from test_errors import place, refused

BROKEN = Path(os.environ.get("RETORT_BROKEN_PLUGINS") or BUILD / "tests/fixtures/plugins")


@pytest.fixture
def broken(retort):
    """Puts broken plugins, by name, into a folder that --plugin-path can name."""
    folder = retort.folder / "plugins"
    folder.mkdir()

    def put(name):
        if not (BROKEN / f"{name}.so").exists():
            pytest.skip(f"{BROKEN} has no {name}.so; the tests' plugins are not built")
        for path in BROKEN.glob(f"{name}.*"):
            if path.suffix in (".so", ".toml"):
                shutil.copy(path, folder)
        return folder

    return put


@pytest.fixture
def changed_library(broken):
    """A plugin that works, with its library changed; its manifest follows the change or does not."""

    def put(change, manifest_follows=True):
        folder = broken("throws_in_forward")
        library, manifest = folder / "throws_in_forward.so", folder / "throws_in_forward.plugin.toml"
        library.write_bytes(change(library.read_bytes()))
        if manifest_follows:
            digest = hashlib.sha256(library.read_bytes()).hexdigest()
            manifest.write_text(re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{digest}"', manifest.read_text()))
        return folder

    return put


def as_label(name, parameters=""):
    """The experiment with another loss for the labels."""
    return changed(SMALL, 'use = "cross_entropy"', f'use = "{name}"\n{parameters}')


WORKING = as_label("throws_in_forward", "step = 1000000")
LIBRARY = "throws_in_forward.so"


def refused_plugin(retort, text, folder, where, code=PLUGIN_FAILED):
    experiment = retort.write(text)
    said = refused(retort, experiment, "--plugin-path", folder, code=code)
    assert f"{experiment}:{place(text, where)}: error: " in said
    return said


def unusable(retort, folder):
    """What `retort plugins` says against the libraries below `folder`, by name."""
    listed = retort("plugins", "--json", "--plugin-path", folder).json["unusable"]
    return {Path(entry["library"]).name: entry["reason"] for entry in listed}


def another_compiler(content):
    (name,) = set(re.findall(rb";compiler=(gcc-\d+|clang-\d+);", content))
    return content.replace(b";compiler=" + name + b";", b";compiler=" + b"x" * len(name) + b";")


def test_whole_plugin_is_used(retort, changed_library):
    assert LIBRARY not in unusable(retort, folder := changed_library(lambda content: content))
    retort("check", retort.write(WORKING), "--plugin-path", folder)


def test_library_of_another_compiler(retort, changed_library):
    folder = changed_library(another_compiler)
    said = refused_plugin(retort, WORKING, folder, '"throws_in_forward"')
    assert (
        f"loss 'throws_in_forward' cannot be used: {folder}/{LIBRARY}: built against another SDK (compiler differ"
        in said
    )
    assert re.search(r"plugin: compiler=x+\n\s*host: +compiler=(gcc|clang)-\d+\n", said)
    assert "rebuild the plugin" in said
    assert "compiler" in unusable(retort, folder)[LIBRARY]


def test_manifest_of_another_sdk(retort, broken):
    manifest = (folder := broken("throws_in_forward")) / "throws_in_forward.plugin.toml"
    manifest.write_text(re.sub(r"headers=\w+;", "headers=0123456789ab;", manifest.read_text()))
    said = refused_plugin(retort, WORKING, folder, '"throws_in_forward"')
    assert "built against another SDK (headers differ" in said and "headers=0123456789ab" in said


def test_library_that_its_manifest_does_not_describe(retort, changed_library):
    folder = changed_library(lambda content: content + b"\0", manifest_follows=False)
    said = refused_plugin(retort, WORKING, folder, '"throws_in_forward"')
    assert f"{LIBRARY}: it is not the library its manifest describes (SHA-256 " in said
    assert "it is not the library" in unusable(retort, folder)[LIBRARY]


@pytest.mark.parametrize("size", [0, 10, 1000, 40000])
def test_library_that_is_truncated(retort, changed_library, size):
    folder = changed_library(lambda content: content[:size])
    assert f"{LIBRARY}: no plugin: " in refused_plugin(retort, WORKING, folder, '"throws_in_forward"')


def test_manifest_without_its_library(retort, broken):
    ((folder := broken("throws_in_forward")) / LIBRARY).unlink()
    said = refused_plugin(retort, WORKING, folder, '"throws_in_forward"')
    assert f"cannot read {folder}/{LIBRARY}" in said


def test_broken_manifest_hides_no_other_plugin(retort, broken):
    folder = broken("throws_in_forward")
    (folder / "throws_in_forward.plugin.toml").write_text("format = \n")
    assert "its manifest cannot be read" in unusable(retort, folder)[LIBRARY]
    said = refused_plugin(retort, WORKING, folder, '"throws_in_forward"', code=USAGE)
    assert "there is no loss 'throws_in_forward'" in said
    retort("check", retort.write(), "--plugin-path", folder)


def test_library_that_is_no_plugin(retort, broken):
    folder = broken("no_plugin")
    text = changed(SMALL, 'use = "kl_divergence"', 'use = "kl_divergence"\nlibrary = "plugins/no_plugin.so"')
    said = refused_plugin(retort, text, folder, '"plugins/no_plugin.so"')
    assert (
        f"loss 'kl_divergence' cannot be used: {folder}/no_plugin.so: no plugin: it has no .retort.abi section" in said
    )
    assert "it has no manifest (no_plugin.plugin.toml beside it)" in unusable(retort, folder)["no_plugin.so"]


def test_library_that_is_not_there(retort):
    text = changed(SMALL, 'use = "kl_divergence"', 'use = "kl_divergence"\nlibrary = "nowhere.so"')
    said = refused_plugin(retort, text, retort.folder, '"nowhere.so"')
    assert "nowhere.so" in said


def test_library_that_offers_something_else(retort, broken):
    folder = broken("throws_on_create")
    text = changed(SMALL, 'use = "kl_divergence"', 'use = "throws_on_crate"\nlibrary = "plugins/throws_on_create.so"')
    said = refused_plugin(retort, text, folder, '"throws_on_crate"', code=USAGE)
    assert "there is no loss 'throws_on_crate' in " in said
    assert "did you mean 'throws_on_create'?" in said


def test_two_plugins_of_one_name(retort, broken):
    folder = broken("second_cross_entropy")
    said = refused_plugin(retort, SMALL, folder, '"cross_entropy"')
    assert "loss 'cross_entropy' is offered by two plugins: " in said
    for library in (folder / "second_cross_entropy.so", PLUGINS / "losses/cross_entropy.so"):
        assert str(library.resolve()) in said
    chosen = settings(
        loss__label__library="plugins/second_cross_entropy.so",
        teacher__training__loss__label__use="cross_entropy",
        teacher__training__loss__label__library=PLUGINS / "losses/cross_entropy.so",
    )
    retort("check", retort.write(), "--plugin-path", folder, *chosen)


CONSTRUCTORS = {
    "retort_error": (USAGE, "this was not to be"),
    "invalid_parameter": (USAGE, "what must be something else"),
    "runtime_error": (PLUGIN_FAILED, "something broke"),
    "torch_error": (PLUGIN_FAILED, "mat1 and mat2 shapes cannot be multiplied"),
    "integer": (PLUGIN_FAILED, "threw something that is no exception"),
}


@pytest.mark.parametrize("what", CONSTRUCTORS)
def test_constructor_that_throws(retort, broken, what):
    code, message = CONSTRUCTORS[what]
    text = changed(SMALL, 'use = "kl_divergence"', f'use = "throws_on_create"\nwhat = "{what}"')
    text = changed(text, "temperature = 4.0\n", "")
    said = refused_plugin(retort, text, broken("throws_on_create"), '"throws_on_create"', code=code)
    assert f"loss.soft (loss 'throws_on_create') while being created: {message}" in said
    assert "frame #" not in said


def test_forward_that_throws_is_found_before_training(retort, broken):
    text = as_label("throws_in_forward", "step = 0")
    said = refused_plugin(retort, text, broken("throws_in_forward"), '"throws_in_forward"')
    assert "loss.label (loss 'throws_in_forward') in its forward pass: something broke in step 0" in said


def test_forward_that_throws_later_ends_the_run(retort, broken):
    text = as_label("throws_in_forward", "step = 20")
    experiment = retort.write(text)
    done = retort("run", experiment, "--plugin-path", broken("throws_in_forward"), code=PLUGIN_FAILED)
    position = place(text, '"throws_in_forward"')
    assert (
        f"{experiment}:{position}: loss.label (loss 'throws_in_forward') in its forward pass: something broke in step 20"
        in done.stderr
    )
    (root,) = (retort.folder / "runs/small").iterdir()
    assert '"state": "failed"' in (root / "summary.json").read_text()


def test_teacher_that_changes_fails_the_run(retort, broken):
    text = SMALL[: SMALL.index("[loss.representation]")] + SMALL[SMALL.index("[optimizer]") :]
    text = changed(text, 'use = "convnet"\nchannels = [8, 16]', 'use = "restless"')
    words = settings(optimizer__lr=0.01, schedule__epochs=1)
    done = retort("run", retort.write(text), "--plugin-path", broken("restless_model"), *words, code=FAILED)
    assert "the teacher of stage 'student' changed while the student was trained" in done.stderr
    (root,) = (retort.folder / "runs/small").iterdir()
    assert metric((root / "metrics.prom").read_text(), "retort_teacher_changed") == 1


def test_projector_that_cannot_move_fails_the_run(retort, broken):
    text = changed(SMALL, 'projector = { use = "linear" }', 'projector = { use = "stuck" }')
    experiment = retort.write(text)
    words = settings(schedule__epochs=1)
    done = retort("run", experiment, "--plugin-path", broken("stuck_projector"), *words, code=FAILED)
    assert "the objective of stage 'student' does not reach loss.representation.student.projector.weight" in done.stderr
    assert "loss.representation.student.projector did not move in stage 'student'" in done.stderr

"""What the commands other than `run` print, and that they agree with it."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest
from harness import CONFIGS, RETORT, SMALL, USAGE, Retort, changed, read_safetensors, settings, tree
from test_errors import place

QUICKSTART = CONFIGS / "quickstart.toml"
COMMANDS = ["run", "check", "graph", "config", "plugins", "schema", "loss", "model", "eval", "inspect", "soften", "export", "bench"]


@pytest.fixture(scope="module")
def run(shared_retort):
    return shared_retort("run", shared_retort.write()).run


# The command line


def test_help_lists_every_command(retort):
    said = retort("--help").stdout
    listed = re.findall(r"(?m)^  (\w[\w-]*)  ", said.partition("Subcommands:")[2])
    assert set(COMMANDS) <= set(listed)
    assert "75 stopped and resumable" in said
    for command in listed:
        described = retort(command, "--help").stdout
        assert re.search(rf"retort {command}\b", described), command
        assert all(line == line.rstrip() or "  " not in line.strip() for line in described.splitlines())


def test_version(retort):
    header = (CONFIGS.parent / "sdk/include/retort/version.hpp").read_text()
    version = ".".join(re.findall(r"define RETORT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
    assert retort("--version").stdout == version + "\n"


@pytest.mark.parametrize(
    "words, message",
    [
        (["rum"], "there is no command 'rum'; did you mean 'run'? (commands: run, study, compare, report, check, "),
        (["chekc", "x.toml"], "there is no command 'chekc'; did you mean 'check'?"),
        ([], "A subcommand is required"),
        (["run", "--epochs", "3"], "see 'retort run --help'"),
        (["check"], "CONFIG is required; see 'retort check --help'"),
        (["export", "nowhere"], "--out is required"),
        (["bench", "x.toml", "--steps", "0"], "--steps"),
        (["graph", "x.toml", "--format", "svg"], "--format"),
    ],
)
def test_wrong_words_are_refused(retort, words, message):
    done = retort(*words, code=USAGE)
    assert done.stderr.startswith("retort: error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr
    assert done.stdout == ""


# config


def test_config_prints_what_can_be_read_again(retort):
    base = retort.write()
    experiment = retort.write('extends = "small.toml"\nunset = "loss.soft"\n[schedule]\nepochs = 3\n', "e.toml")
    printed = retort("config", experiment, "--set", "run.seed=11").stdout
    values = tomllib.loads(printed)
    expected = tomllib.loads(base.read_text())
    del expected["loss"]["soft"]
    expected["schedule"]["epochs"], expected["run"]["seed"] = 3, 11
    assert values == expected
    again = retort.write(printed, "again.toml")
    assert retort("config", again).stdout == printed


def test_config_shows_where_values_come_from(retort):
    base = retort.write()
    experiment = retort.write('extends = "small.toml"\n[schedule]\nepochs = 3\n', "e.toml")
    printed = retort("config", experiment, "--show-origin", "--set", "run.seed=11").stdout
    assert re.search(rf"(?m)^epochs = 3 +# {experiment}:3:10$", printed)
    assert re.search(r"(?m)^seed = 11 +# --set #1$", printed)
    position = place(SMALL, "temperature = |4.0")
    assert re.search(rf"(?m)^temperature = 4.0 +# {base}:{position}$", printed)
    assert tomllib.loads(printed)["schedule"]["epochs"] == 3


def test_config_keeps_references_to_variables(tmp_path):
    retort = Retort(tmp_path, RETORT_DATA="/secret")
    experiment = CONFIGS / "cifar10/resnet20-resnet8-kl.toml"
    printed = retort("config", experiment).stdout
    assert "${env:RETORT_DATA" in printed and "/secret" not in printed
    assert 'root = "/secret/cifar-10-batches-bin"' in retort("config", experiment, "--show-values").stdout


def test_config_prints_the_reference_of_all_keys(retort):
    reference = retort("config", "--reference").stdout
    for key in ("checkpoint_every", "expect_accuracy", "clip_norm", "milestones", "evaluate_every", "projector"):
        assert f"`{key}`" in reference


# check


def test_check_needs_no_data_when_told_so(tmp_path):
    retort = Retort(tmp_path, RETORT_DATA=str(tmp_path / "nowhere"))
    experiment = CONFIGS / "cifar10/resnet20-resnet8-logsum.toml"
    stages = retort("check", experiment, "--no-data", "--json").json
    assert stages["valid"] is True
    assert [stage["stage"] for stage in stages["stages"]] == ["teacher", "student"]
    student = stages["stages"][1]
    assert (student["teacher"], student["student"]) == ("resnet20", "resnet8")
    assert student["terms"] == ["label", "representation"]
    assert student["unreached_parameters"] == []
    said = retort("check", experiment, code=USAGE).stderr
    assert f"{tmp_path}/nowhere/cifar-10-batches-bin/data_batch_1.bin: there is no such file" in said
    assert tree(tmp_path) == {}


def test_check_counts_parameters(retort, run):
    student = retort("check", QUICKSTART, "--json").json["stages"][1]
    # Two blocks of convolution and batch norm, and the classifier.
    assert student["student_parameters"] == (4 * 9 + 8) + (4 * 8 * 9 + 16) + (8 * 10 + 10)


# graph


def test_graph_in_four_formats(retort):
    # A normalization that a loss takes over is no node.
    experiment = retort.write(SMALL + "\n[engine]\nfuse_losses = false\n")
    document = retort("graph", experiment, "--format", "json").json
    assert retort("graph", experiment, "--json").json == document
    text, mermaid, dot = (retort("graph", experiment, "--format", name).stdout for name in ("text", "mermaid", "dot"))
    assert retort("graph", experiment).stdout == text
    teacher, student = document["stages"]
    assert (teacher["stage"], student["stage"]) == ("teacher", "student")
    for stage in document["stages"]:
        ids = [node["id"] for node in stage["nodes"]]
        assert len(set(ids)) == len(ids)
        for edge in stage["edges"]:
            assert edge["from"] in ids and edge["to"] in ids
        assert {edge["to"] for edge in stage["edges"]} | {"dataset"} == set(ids)
        for node in stage["nodes"]:
            assert node["label"] in mermaid and node["label"] in dot
            assert node["label"] in text or node["kind"] == "objective"
    nodes = {node["id"]: node for node in student["nodes"]}
    assert {node["kind"] for node in nodes.values()} == {
        *("dataset", "transforms", "model", "tap", "projector", "normalization", "loss", "objective", "optimizer")
    }
    trained = {name for name, node in nodes.items() if node["trained"]}
    assert trained == {"student", "loss.representation.student.projector"}
    path = ["student", "student.penultimate", "loss.representation.student.projector"]
    path += ["loss.representation.student.normalization", "loss.representation", "objective", "optimizer"]
    edges = {(edge["from"], edge["to"]): edge["label"] for edge in student["edges"]}
    assert [edges[pair] for pair in zip(path, path[1:])] == ["8", "8", "16", "16", "x 0.1", "gradients"]
    assert mermaid.count("flowchart") + mermaid.count("graph ") >= 2
    assert dot.count("digraph") == 2
    alone = retort("graph", experiment, "--json", "--stage", "student").json["stages"]
    assert alone == [student]


def test_graph_is_drawn_by_graphviz(retort):
    if not (dot := shutil.which("dot")):
        pytest.skip("dot (Graphviz) is not on PATH")
    text = retort("graph", retort.write(), "--format", "dot").stdout
    drawn = subprocess.run([dot, "-Tsvg"], input=text, capture_output=True, text=True)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.count("<svg ") == 2


def test_graph_names_what_is_pruned(retort):
    words = settings(loss__soft__weight=0, loss__label__weight=0)
    student = retort("graph", retort.write(), "--json", *words).json["stages"][1]
    assert "prune: loss.soft has weight 0 and is left out" in student["notes"]
    assert "prune: teacher stops before logits" in student["notes"]
    assert not [node for node in student["nodes"] if node["id"] in ("loss.soft", "teacher.logits")]


# plugins


def test_plugins_lists_and_describes(retort):
    listed = retort("plugins", "--json").json
    assert listed["unusable"] == []
    names = {(component["kind"], component["name"]) for component in listed["components"]}
    assert {
        *(("loss", name) for name in ("cross_entropy", "kl_divergence", "mse_logits", "logsum")),
        *(("projector", name) for name in ("linear", "identity")),
        *(("normalization", name) for name in ("batch_norm", "l2", "layer_norm", "none")),
        *(("model", name) for name in ("resnet20", "wrn_16_2", "convnet", "mlp")),
        *(("dataset", name) for name in ("cifar10", "cifar100", "digits", "idx", "synthetic")),
    } <= names
    text = retort("plugins").stdout
    for _, name in names:
        assert re.search(rf"(?m)^  {name} ", text), name
    described = retort("plugins", "kl_divergence").stdout
    assert "temperature = 4.0" in described and "a number of at least 0 (or inf); can be scheduled" in described and "Hinton" in described


def test_plugins_tells_whether_there_is_one(retort):
    assert retort("plugins", "logsum", "--exists").stdout == ""
    assert retort("plugins", "nothing", "--exists", code=1).stdout == ""
    assert "there is no component 'logsun'; did you mean 'logsum'?" in retort("plugins", "logsun", code=USAGE).stderr


# schema


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def resolved(schema, reference):
    found = schema
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def test_schema_is_one_and_accepts_the_experiments(retort):
    schema = retort("schema").json
    assert {"run", "dataset", "teacher", "student", "loss", "optimizer", "schedule"} <= set(schema["properties"])
    for reference in references(schema):
        assert resolved(schema, reference)
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed beside this Python")
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    for path in [*CONFIGS.rglob("*.toml"), retort.write()]:
        errors = list(validator(schema).iter_errors(tomllib.loads(path.read_text())))
        assert errors == [], f"{path}: {errors[0].message}"
    wrong = tomllib.loads(changed(SMALL, "temperature", "temprature"))
    assert not validator(schema).is_valid(wrong)


def test_schema_is_understood_by_taplo(retort):
    if not (taplo := shutil.which("taplo")):
        pytest.skip("taplo is not on PATH")
    (retort.folder / "retort.schema.json").write_text(retort("schema").stdout)
    experiment = retort.write("#:schema ./retort.schema.json\n" + SMALL)
    checked = subprocess.run([taplo, "check", experiment], cwd=retort.folder, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    retort.write("#:schema ./retort.schema.json\n" + changed(SMALL, "epochs = 2", 'epochs = "two"'))
    assert subprocess.run([taplo, "check", experiment], cwd=retort.folder, capture_output=True).returncode != 0


# eval and export


def test_eval_finds_the_accuracy_of_the_run(retort, run):
    for stage in ("teacher", "student"):
        outcome = run.stages[stage]
        found = retort("eval", run.root, "--stage", stage, "--json").json
        assert (found["model"], found["samples"]) == ("convnet", 100)
        assert (found["top1"], found["top5"]) == (outcome["top1"], outcome["top5"])
        assert retort("eval", run.root, "--stage", stage, "--best", "--json").json["top1"] == outcome["best_top1"]
    last = [record for record in run.history() if record["split"] == "test"][-1]
    assert retort("eval", run.root, "--json").json["loss"] == last["values"]["loss"]
    assert f"{100 * run.stages['student']['top1']:.2f}% of 100 test images right" in retort("eval", run.root).stdout


def test_eval_takes_an_experiment_and_weights(retort, run):
    found = retort("eval", retort.write(), "--weights", run.student(), "--json").json
    assert found["top1"] == run.stages["student"]["top1"]
    assert "needs --weights" in retort("eval", retort.write(), code=USAGE).stderr
    said = retort("eval", retort.write(), "--weights", run.student("teacher"), code=USAGE).stderr
    assert "does not fit student 'convnet': " in said and "fc.weight (expected 4x8, found 4x16)" in said
    said = retort("eval", run.root, "--stage", "studnet", code=USAGE).stderr
    assert "has no student of a stage 'studnet'; did you mean 'student'?" in said


def test_export_writes_the_student(retort, run):
    for words, source in (([], run.student()), (["--stage", "teacher"], run.student("teacher"))):
        out = retort.folder / f"{source.parent.name}.safetensors"
        retort("export", run.root, "--out", out, *words)
        assert read_safetensors(out) == read_safetensors(source)
        before = out.read_bytes()
        assert "nothing is overwritten" in retort("export", run.root, "--out", out, *words, code=USAGE).stderr
        assert out.read_bytes() == before
    tensors, metadata = read_safetensors(out)
    assert metadata["model"] == "convnet" and metadata["stage"] == "teacher"
    assert tensors["fc.weight"].shape == [4, 16]


# bench


def test_bench_measures_the_parts_of_a_step(retort):
    found = retort("bench", QUICKSTART, "--json", "--steps", "40", "--warmup", "5").json
    assert (found["steps"], found["batch_size"], found["threads"]) == (40, 64, 1)
    step, parts = found["step_ms"], found["parts_ms"]
    assert list(parts) == ["data", "teacher", "student", "terms", "backward", "optimizer", "host"]
    assert all(value > 0 for value in parts.values())
    assert 0 < step["p10"] <= step["median"] <= step["p90"]
    assert sum(parts.values()) == pytest.approx(step["mean"], rel=1e-6)
    assert found["images_per_second"] == pytest.approx(1000 * 64 / step["median"], rel=1e-6)
    assert 0 <= found["host_share"] < 1
    assert 50e6 < found["peak_memory_bytes"] < 8e9
    # The teacher's stage has no teacher to run.
    assert retort("bench", QUICKSTART, "--json", "--steps", "5", "--stage", "teacher").json["parts_ms"]["teacher"] == 0
    assert tree(retort.folder) == {}


def test_bench_switches_each_pass_off_in_turn(retort):
    engine = retort("schema").json["properties"].get("engine", {}).get("properties", {})
    passes = [name for name, key in engine.items() if key.get("type") == "boolean" and key.get("default") is True]
    length = ["--passes", "--rounds", "2", "--steps", "3", "--warmup", "1"]
    if not passes:
        assert "no pass of [engine] is on" in retort("bench", QUICKSTART, *length, code=USAGE).stderr
        return
    found = retort("bench", QUICKSTART, *length, "--json").json["variants"]
    names = [one["name"] for one in found]
    assert names[0] == "all" and names[-1] == "none"
    assert sorted(names[1:-1]) == sorted(f"without {name}" for name in passes)
    assert found[0]["ratio"] == {"median": 1, "min": 1, "max": 1}
    assert all(0 < one["ratio"]["min"] <= one["ratio"]["median"] <= one["ratio"]["max"] for one in found)


# Distillation switched off


def test_student_without_distillation_is_the_one_that_has_no_teacher(retort):
    experiment = retort.write()
    switched_off = settings(loss__soft__weight=0, loss__representation__weight=0)
    removed = ["--unset", "loss.soft", "--unset", "loss.representation"]
    students = [
        retort("run", experiment, *words, *settings(schedule__epochs=1)).run.student().read_bytes()
        for words in (switched_off, removed, [*removed, "--unset", "teacher"])
    ]
    assert len(set(students)) == 1
    distilled = retort("run", experiment, *settings(schedule__epochs=1)).run.student().read_bytes()
    assert distilled != students[0]


def test_seed_decides(retort):
    experiment = retort.write()
    words = ["--unset", "teacher", "--unset", "loss.soft", "--unset", "loss.representation"]
    first, again, other = (
        retort("run", experiment, *words, *settings(schedule__epochs=1, run__seed=seed)).run.student().read_bytes()
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_program_is_started_from_anywhere(tmp_path):
    link = tmp_path / "retort"
    link.symlink_to(RETORT)
    done = subprocess.run([link, "plugins", "--json"], cwd="/", capture_output=True, text=True)
    assert "kl_divergence" in {component["name"] for component in json.loads(done.stdout)["components"]}

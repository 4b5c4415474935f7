"""A loss from outside the source tree: one C++ file, a few lines of CMake, one line of TOML."""

import os
import shutil
import subprocess

import pytest
from harness import BUILD, SMALL, USAGE, Retort, changed, settings
from test_errors import refused

SOURCE = """\
#include <retort/plugin.hpp>

struct Options {
  double delta = 1.0;
};

// Huber distance of the logits [N, K], mean over batch and classes.
class MyLoss final : public retort::Loss {
 public:
  MyLoss(const Options& options, retort::Context& context) : options_(options), context_(context) {}

  torch::Tensor forward(const retort::LossInputs& in) override {
    const torch::Tensor& student = in.student.single();
    const torch::Tensor& teacher = in.teacher.single();
    retort::check_same_shape(student, teacher, "student and teacher logits");
    context_.report("outliers", ((student - teacher).abs() > options_.delta).to(torch::kFloat32).mean());
    return torch::huber_loss(student, teacher, at::Reduction::Mean, options_.delta);
  }

 private:
  Options options_;
  retort::Context& context_;
};

RETORT_PLUGIN(MyLoss,
              retort::describe<Options>("my_loss", "1.2.0")
                  .summary("Huber distance of the logits.")
                  .reference("Huber 1964")
                  .param(&Options::delta, "delta", "Where it turns linear.", retort::Range::greater_than(0)));
"""
BUILD_FILE = """\
cmake_minimum_required(VERSION 3.25)
project(my_loss LANGUAGES CXX)
find_package(Retort REQUIRED)
retort_add_plugin(my_loss SOURCES my_loss.cpp)
"""
EXPERIMENT = changed(
    SMALL, 'use = "kl_divergence"\nweight = 0.5\ntemperature = 4.0', 'use = "my_loss"\nweight = 0.5\ndelta = 2.0'
)
ONE_EPOCH = settings(schedule__epochs=1, teacher__training__schedule__epochs=1)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """The folder in which the plugin was built."""
    for tool in ("cmake", "ninja"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not on PATH")
    folder = tmp_path_factory.mktemp("my_loss")
    (folder / "my_loss.cpp").write_text(SOURCE)
    (folder / "CMakeLists.txt").write_text(BUILD_FILE)
    environment = {key: value for key, value in os.environ.items() if key != "CMAKE_PREFIX_PATH"}
    for command in (
        ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={BUILD}"],
        ["cmake", "--build", "build"],
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout
    return folder / "build"


def test_takes_few_lines():
    assert len(SOURCE.splitlines()) <= 35
    assert len(BUILD_FILE.splitlines()) <= 4


def test_is_listed(retort, plugin):
    listed = retort("plugins", "--json", "--plugin-path", plugin).json
    (mine,) = [component for component in listed["components"] if component["name"] == "my_loss"]
    assert (mine["kind"], mine["version"], mine["summary"]) == ("loss", "1.2.0", "Huber distance of the logits.")
    assert mine["library"] == str((plugin / "my_loss.so").resolve())
    (delta,) = mine["params"]
    assert (delta["name"], delta["default"], delta["required"]) == ("delta", "1.0", False)
    assert listed["unusable"] == []


def assert_trains(retort, *words):
    run = retort("run", *words, *ONE_EPOCH).run
    values = [
        record["values"] for record in run.history() if record["stage"] == "student" and record["split"] == "train"
    ]
    assert all(record["loss.soft"] > 0 for record in values)
    assert all(0 <= record["loss.soft.outliers"] <= 1 for record in values)
    return run


def test_is_found_by_option(retort, plugin):
    assert_trains(retort, retort.write(EXPERIMENT), "--plugin-path", plugin)


def test_is_found_by_variable(retort, plugin):
    folders = f"/nowhere:{plugin}"
    assert_trains(Retort(retort.folder, RETORT_PLUGIN_PATH=folders), retort.write(EXPERIMENT))


def test_is_found_by_library_beside_the_experiment(retort, plugin, tmp_path_factory):
    text = changed(EXPERIMENT, 'use = "my_loss"', 'use = "my_loss"\nlibrary = "./my_loss.so"')
    elsewhere = Retort(tmp_path_factory.mktemp("elsewhere"))
    shutil.copy(plugin / "my_loss.so", retort.folder)
    run = assert_trains(elsewhere, retort.write(text))
    # The run's own copy of the experiment finds it as well.
    assert elsewhere("eval", run.root, "--json").json["top1"] == run.stages["student"]["top1"]


def test_is_not_found_otherwise(retort, plugin):
    said = refused(retort, retort.write(EXPERIMENT))
    assert "there is no loss 'my_loss'" in said
    assert retort("plugins", "my_loss", code=USAGE).stdout == ""


def test_its_parameters_are_checked_like_any_others(retort, plugin):
    experiment = retort.write(changed(EXPERIMENT, "delta = 2.0", "delta = 0"))
    said = refused(retort, experiment, "--plugin-path", plugin)
    assert "loss.soft.delta: expected a number greater than 0, found 0" in said


def test_is_evaluated_from_the_shell(retort, plugin):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed beside this Python")
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed beside this Python")
    student, teacher = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    safetensors.save_file({"logits": student.contiguous()}, retort.folder / "student.safetensors")
    safetensors.save_file({"logits": teacher.contiguous()}, retort.folder / "teacher.safetensors")
    files = ["--student", "student.safetensors", "--teacher", "teacher.safetensors"]
    found = retort("loss", "my_loss", "-p", "delta=0.5", *files, "--json", "--plugin-path", plugin).json["loss"]
    assert found == pytest.approx(torch.nn.functional.huber_loss(student, teacher, delta=0.5).item(), rel=1e-12)

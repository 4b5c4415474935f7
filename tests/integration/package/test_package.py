"""The installed tree and the archive run from another place than they were made for, without the build folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/integration/run"))
from harness import BUILD, USAGE, Run  # noqa: E402
from test_third_party import BUILD_FILE, EXPERIMENT, ONE_EPOCH, SOURCE  # noqa: E402

CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("RETORT_", "CMAKE_"))}
# Neither glibc nor LibTorch travels with the package.
NOT_OURS = re.compile(r"ld-linux|libc\.so|libm\.so|libpthread|libdl|librt\.so|libutil\.so|libtorch|libc10|libgomp")


def run(command, folder, code=0, **environment):
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=CLEAN | environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """An installed tree that was moved."""
    if not shutil.which("cmake"):
        pytest.skip("cmake is not on PATH")
    folder = tmp_path_factory.mktemp("package")
    run(["cmake", "--install", BUILD, "--prefix", folder / "installed", "--strip"], folder)
    (folder / "installed").rename(folder / "moved")
    return folder / "moved"


def loaded(package, *words, folder):
    """The files that the dynamic loader opened for a command."""
    run([package / "bin/retort", *words], folder, LD_DEBUG="files", LD_DEBUG_OUTPUT=folder / "loader")
    text = "".join(file.read_text() for file in folder.glob("loader.*"))
    return set(re.findall(r"calling init: (\S+)", text))


def test_lists_the_plugins_that_it_carries(package, tmp_path):
    listed = json.loads(run([package / "bin/retort", "plugins", "--json"], tmp_path).stdout)
    libraries = (BUILD / "lib/retort/plugins").rglob("*.so")
    built = sorted(path.stem for path in libraries if path.suffixes != [".cuda", ".so"])
    libraries = {component["library"] for component in listed["components"]}
    assert sorted(Path(library).stem for library in libraries) == built
    assert all(library.startswith(f"{package}/") for library in libraries)
    assert listed["unusable"] == []


def test_runs_the_quickstart_without_the_build_folder(package, tmp_path):
    one = ["--set", "schedule.max_steps=1", "--set", "teacher.training.schedule.max_steps=1"]
    quickstart = package / "share/retort/configs/quickstart.toml"
    files = loaded(package, "run", quickstart, *one, folder=tmp_path)
    assert any(file.startswith(f"{package}/") and file.endswith("digits.so") for file in files)
    assert [file for file in files if file.startswith(f"{BUILD}/")] == []
    (summary,) = tmp_path.rglob("summary.json")
    assert [stage["stage"] for stage in json.loads(summary.read_text())["stages"]] == ["teacher", "student"]


def test_needs_nothing_of_the_system_but_glibc(package, tmp_path):
    """Everything else that is loaded is LibTorch's or the package's."""
    files = loaded(package, "plugins", "kl_divergence", folder=tmp_path)
    files |= loaded(package, "check", package / "share/retort/configs/quickstart.toml", folder=tmp_path)
    foreign = [file for file in files if not file.startswith(f"{package}/") and not NOT_OURS.search(Path(file).name)]
    assert [file for file in foreign if "/torch" not in file and "/nvidia/" not in file] == []


def test_a_libtorch_that_is_not_there_is_named(package, tmp_path):
    done = run([package / "bin/retort", "--version"], tmp_path, code=USAGE, RETORT_TORCH="/nowhere")
    assert "RETORT_TORCH names '/nowhere'" in done.stderr


def test_libtorch_may_be_linked_beside_the_programs(package, tmp_path):
    cache = (BUILD / "CMakeCache.txt").read_text()
    torch = re.search(r"^RETORT_TORCH:\w+=(.+)$", cache, re.M)
    if not torch:
        pytest.skip("the build folder does not say where its LibTorch is")
    run([package / "bin/retort", "--version"], tmp_path, RETORT_TORCH=torch[1])
    (package / "torch").symlink_to(torch[1])
    try:
        files = loaded(package, "--version", folder=tmp_path)
    finally:
        (package / "torch").unlink()
    assert f"{package}/torch/lib/libtorch_cpu.so" in files


def test_builds_a_plugin(package, tmp_path):
    for tool in ("ninja", "g++"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not on PATH")
    (tmp_path / "my_loss.cpp").write_text(SOURCE)
    (tmp_path / "CMakeLists.txt").write_text(BUILD_FILE)
    (tmp_path / "experiment.toml").write_text(EXPERIMENT)
    run(["cmake", "-S", ".", "-B", "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={package}"], tmp_path)
    run(["cmake", "--build", "build"], tmp_path)
    assert str(BUILD) not in (tmp_path / "build/build.ninja").read_text()
    words = ["run", "experiment.toml", "--plugin-path", "build", *ONE_EPOCH]
    finished = Run(run([package / "bin/retort", *words], tmp_path).stdout.splitlines()[-1])
    values = [record["values"] for record in finished.history() if record["stage"] == "student"]
    assert any("loss.soft" in record for record in values)
    assert all(record["loss.soft"] > 0 for record in values if "loss.soft" in record)


def test_the_archive_holds_the_same(package, tmp_path):
    run(["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", "out"], tmp_path)
    (archive,) = (tmp_path / "out").glob("retort-*.tar.gz")
    assert archive.stat().st_size < 64 << 20
    with tarfile.open(archive) as content:
        content.extractall(tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()

    def files(folder):
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    assert files(root) == files(package)
    listed = json.loads(run([root / "bin/retort", "plugins", "--json"], tmp_path).stdout)
    assert listed["unusable"] == [] and listed["components"]

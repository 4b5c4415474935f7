"""What the scripts of this folder share: where things are, the machine, medians with their spread."""

import glob
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TORCHVISION = "torchvision==0.26.0"  # the one for torch 2.11
CIFAR_FOLDERS = {10: "cifar-10-batches-bin", 100: "cifar-100-binary"}


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "retort"


def python_with_torch() -> str:
    installed = sorted(glob.glob(str(cache_folder() / "torch-*/bin/python")))
    return installed[-1] if installed else sys.executable


def find_retort() -> Path:
    """The program of this source tree, or of the package that this folder is part of."""
    places = [FOLDER.parents[1] / "build/release/bin/retort", FOLDER.parents[2] / "bin/retort"]
    return Path(os.environ.get("RETORT_BIN") or next((place for place in places if place.exists()), places[0]))


class Failed(Exception):
    """A command that ended otherwise than it should; the message holds the end of what it said."""


def attempt(command: list, environment: dict | None = None, limit: float | None = None) -> str:
    """The standard output of a command; Failed when it does not succeed, or takes longer than `limit` seconds."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, env={**os.environ, **(environment or {})}, timeout=limit
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(words)} did not end within {limit:g} s") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise Failed(f"{' '.join(words)} ended with status {done.returncode}: {' | '.join(said)}")
    return done.stdout


def run(command: list, environment: dict | None = None) -> str:
    """The standard output of a command; ends the program when it does not succeed."""
    try:
        return attempt(command, environment)
    except Failed as failure:
        sys.exit(str(failure))


def cifar(classes: int) -> Path | None:
    """RETORT_DATA where it holds CIFAR-10 or CIFAR-100 in the binary version."""
    data = os.environ.get("RETORT_DATA")
    return Path(data).resolve() if data and (Path(data) / CIFAR_FOLDERS[classes]).is_dir() else None


def torchvision_path(python: str) -> str:
    """A folder for PYTHONPATH that holds torchvision and Pillow, installed on first use."""
    folder = cache_folder() / f"bench-{TORCHVISION.replace('==', '-')}"
    marker = folder / ".complete"
    if not marker.exists():
        print(f"installing {TORCHVISION} in {folder}", file=sys.stderr)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--upgrade"]
        run([*pip, "--no-deps", "--target", folder, TORCHVISION, "pillow"])
        marker.touch()
    return str(folder)


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def spread_text(values: dict[str, float], digits: int) -> str:
    return f"{values['median']:.{digits}f} ({values['min']:.{digits}f} to {values['max']:.{digits}f})"


def processor() -> str:
    try:
        return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.processor()


def machine() -> dict:
    return {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()}


def revision() -> str | None:
    """The commit of the source tree; none outside of one."""
    try:
        return attempt(["git", "-C", FOLDER, "describe", "--always", "--dirty"]).strip()
    except (Failed, OSError):
        return None


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")

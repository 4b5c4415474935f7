"""The documents agree with the program: commands, keys, drawings, experiments, links."""

import os
import re
import shutil
import tomllib

import pytest
from generated import BLOCKS, ROOT, retort

README = ROOT / "README.md"
WITH_EXPERIMENTS = ["README.md", "configs/README.md", "sdk/README.md"]
NOT_OURS = {".git", "build", "runs"}


def documents():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        yield from (os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(files) if name.endswith(".md"))


def fenced(document, language):
    """The fenced blocks of a document: line of the first word, text."""
    text = (ROOT / document).read_text()
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start(1)) + 1, match[1]


def without_code(text):
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def experiments():
    for document in WITH_EXPERIMENTS:
        for line, text in fenced(document, "toml"):
            if text.startswith("# experiment:") or re.search(r"^\[student\]", text, re.MULTILINE):
                yield pytest.param(text, id=f"{document}:{line}")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.document}:{block.name}")
def test_copies_are_current(block):
    _, found, _ = block.split()
    assert found == block.content(), "tests/integration/docs/generated.py writes it anew"


@pytest.mark.parametrize("text", list(experiments()))
def test_experiments_are_valid(text, tmp_path):
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    file = tmp_path / "configs" / "documented.toml"
    file.write_text(text)
    done = retort("check", "--no-data", file, RETORT_DATA="/data")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a documented experiment deserves no warning"


def test_there_are_experiments():
    assert len(list(experiments())) >= 5


@pytest.mark.parametrize("document", WITH_EXPERIMENTS)
def test_parts_of_experiments_are_toml(document):
    for line, text in fenced(document, "toml"):
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            pytest.fail(f"{document}:{line}: {error}")


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"`", "", heading).lower()).replace(" ", "-")


@pytest.mark.parametrize("document", list(documents()))
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code((ROOT / document).read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), f"{document}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in map(slug, headings), f"{document}: {target}"


def test_links_are_found():
    assert "sdk/README.md" in re.findall(r"\]\(([^)\s]+)\)", without_code(README.read_text()))


def table_under(heading):
    """The first cells of the first table below a heading of README.md, without its head."""
    _, found, rest = README.read_text().partition(f"\n## {heading}\n")
    assert found, heading
    rows = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_commands_are_those_of_the_program():
    listed = {re.match(r"`retort (\w[\w-]*)", cell)[1] for cell in table_under("Commands")}
    _, _, rest = retort("--help").stdout.partition("Subcommands:\n")
    assert listed == set(re.findall(r"^  ([a-z][\w-]*)", rest, re.MULTILINE))


def test_exit_codes_are_those_of_the_program():
    text = README.read_text()
    for code, meaning in re.findall(r"(\d+) ([^,.]+)", retort("--help").stdout.partition("Exit codes:")[2]):
        assert re.search(rf"\b{code}\b", text.partition("\n## Commands\n")[2]), f"{code} {meaning}"


def options_of(command):
    return set(re.findall(r"--[a-z][a-z-]*", retort(command, "--help").stdout))


@pytest.mark.parametrize("document", ["README.md", "configs/README.md", "BENCHMARKS.md", "sdk/README.md"])
def test_options_exist(document):
    """Every `retort COMMAND … --option` that a document shows."""
    text = (ROOT / document).read_text()
    for command, arguments in re.findall(r"\bretort ([a-z]+)\b([^\n`]*)", text):
        shown = set(re.findall(r"(?<!\S)--[a-z][a-z-]*", arguments))
        if shown:
            assert shown <= options_of(command), f"{document}: retort {command}{arguments}"


def test_metrics_in_the_documents_exist():
    table = (ROOT / "tools/prometheus/README.md").read_text()
    known = set(re.findall(r"^\| `([a-z_0-9]+)` \|", table, re.MULTILINE))
    assert known
    for document in ("README.md", "configs/README.md"):
        for name in re.findall(r"\bretort_[a-z_0-9]+\b", (ROOT / document).read_text()):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in known or base in known or name == "retort_add_plugin", f"{document}: {name}"

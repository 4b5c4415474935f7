#!/usr/bin/env python3
"""The parts of documents that are copies: of what a command prints, or of a source file.

Each stands between the lines <!-- NAME: begin --> and <!-- NAME: end -->. To write them anew:

  tests/integration/docs/generated.py
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RETORT = Path(os.environ.get("RETORT_BIN", ROOT / "build/release/bin/retort"))


def retort(*arguments, **environment):
    # One thread: several would wait for each other on a machine where other tests run at the same time.
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | environment
    return subprocess.run([RETORT, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True,
                          timeout=300)


def printed(*arguments):
    """What a command prints; RETORT_DATA is set, but no data is read."""
    done = retort(*arguments, RETORT_DATA="/data")
    if done.returncode != 0:
        raise RuntimeError(f"retort {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


@dataclass
class Block:
    document: str  # relative to the root
    name: str
    fence: str | None = None  # language of the fence around it; None: plain Markdown
    command: list[str] = field(default_factory=list)  # of retort
    source: str | None = None  # or a file

    def content(self):
        text = (ROOT / self.source).read_text() if self.source else printed(*self.command)
        return text.strip("\n") if self.fence is None else f"```{self.fence}\n{text.rstrip()}\n```"

    def split(self):
        """The document before the block, the block, and the document after it."""
        before, begin, rest = (ROOT / self.document).read_text().partition(f"<!-- {self.name}: begin -->\n")
        block, end, after = rest.partition(f"<!-- {self.name}: end -->\n")
        if not (begin and end):
            raise RuntimeError(f"{self.document} has no block '{self.name}'")
        return before + begin, block.strip("\n"), end + after


BLOCKS = [
    Block("README.md", "graph", "mermaid",
          ["graph", "configs/cifar10/resnet20-resnet8-logsum.toml", "--stage", "student", "--format", "mermaid"]),
    Block("README.md", "loss", "cpp", source="plugins/losses/soft_cross_entropy/soft_cross_entropy.cpp"),
    Block("README.md", "soften", "", ["soften", "--logits", "6,3,1", "--temperature", "0,1,2,4,20,inf"]),
    Block("configs/README.md", "keys", command=["config", "--reference"]),
]


if __name__ == "__main__":
    for one in BLOCKS:
        head, _, tail = one.split()
        (ROOT / one.document).write_text(f"{head}\n{one.content()}\n\n{tail}")

import sys
from pathlib import Path

for folder in ("run", "study"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

from exporting import run, study  # noqa: E402, F401
from fixtures import retort, shared_retort  # noqa: E402, F401

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

from fixtures import retort, shared_retort  # noqa: E402, F401

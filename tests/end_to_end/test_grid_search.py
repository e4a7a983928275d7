"""The example of a search runs as a user runs it, on digits."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "grid_search.py"


def test_the_search_runs(digits: Path, cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(digits), "1"],
        env=os.environ | {"WARMSTART_CACHE": str(cache)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("50 settings, ")
    assert sum(" ± " in line for line in lines) == 5
    assert [line.partition(":")[0] for line in lines[-2:]] == ["default", "tuned"]

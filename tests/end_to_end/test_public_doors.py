"""No raw error of Python, numpy, timm or torch comes out of a public door."""

import os
import subprocess
import sys
from pathlib import Path

import warmstart

PROGRAM = Path(__file__).with_name("junk.py")
SOURCE = Path(warmstart.__file__).parents[1]


def test_junk_is_refused_in_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == []
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("done ") > 40

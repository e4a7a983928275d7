"""Processes as torchrun starts them, on this computer."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


def begin(
    size: int, *words: str, torchrun: tuple[str, ...] = (), cwd: Path | None = None
) -> "subprocess.Popen[str]":
    """Start ``size`` processes of a script or ``-m`` module; one is started without torchrun."""
    first = [sys.executable] if size == 1 else [*TORCHRUN, f"--nproc-per-node={size}", *torchrun]
    return subprocess.Popen(
        [*first, *words],
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1", "WARMSTART_RANKS_SECONDS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begin_fit(
    size: int, folder: Path, how: str = "", torchrun: tuple[str, ...] = ()
) -> "subprocess.Popen[str]":
    """Start fit_together.py, whose store and results lie in ``folder``."""
    folder.mkdir(exist_ok=True)
    script = str(HERE / "fit_together.py")
    return begin(size, script, str(folder / "cache"), str(folder), how, torchrun=torchrun)

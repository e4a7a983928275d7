"""How far training by 2 and 3 processes is from training by one: losses, weights, predictions.

Each number of processes is started as torchrun does, on this computer's processor; they train a
small network on 101 pictures (tests/unit/ranks/fit_together.py), in a fixed batch of 33 rows.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parent.parent / "tests" / "unit" / "ranks" / "fit_together.py"
NAMES = ("frozen", "accuracy", "unfrozen", "sweep", "steps", "valid", "weights")


def found(size: int, folder: Path) -> dict[str, np.ndarray]:
    """What the first of so many processes found."""
    folder.mkdir()
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={size}"]
    words = [*(torchrun if size > 1 else []), str(SCRIPT), str(folder / "cache"), str(folder), ""]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *words], check=True, env=environment)
    return dict(np.load(folder / "rank-0.npz"))


def main() -> None:
    """Print the largest difference from one process, by number of processes."""
    with tempfile.TemporaryDirectory() as made:
        results = {size: found(size, Path(made) / str(size)) for size in (1, 2, 3)}
    print("processes  " + "  ".join(name.rjust(9) for name in NAMES))
    for size, result in results.items():
        far = [np.abs(result[name] - results[1][name]).max() for name in NAMES]
        print(f"{size:9}  " + "  ".join(f"{each:9.1e}" for each in far))


if __name__ == "__main__":
    main()

"""What is installed has everything that is read at run time, not only Python."""

import subprocess
import sys
import zipfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def test_the_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPO, check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    source = REPO / "src"
    files = {p.relative_to(source).as_posix() for p in (source / "warmstart").rglob("*")
             if p.is_file() and "__pycache__" not in p.parts}  # fmt: skip
    assert any(name.endswith(".html") for name in files)
    assert "warmstart/py.typed" in packed
    assert files - packed == set()

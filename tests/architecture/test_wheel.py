"""What is installed has everything that is read at run time, and is built the same every time."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
NEEDED = ("src", "pyproject.toml", "README.md", "README.zh.md", "CHANGELOG.md", "LICENSE")
EXTRAS = {
    "heif",
    "tensorboard",
    "mlflow",
    "backbones",
    "export",
    "serve",
    "cluster",
    "parquet",
    "remote",
}
FOR_BUILDERS = {"dev", "docs", "notebooks"}


def build(source: Path, out: Path) -> list[Path]:
    """The source archive and the wheel of a tree, without touching a network."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(out)],
        cwd=source, check=True, capture_output=True,
    )  # fmt: skip
    return sorted(out.iterdir())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build(REPO, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built: list[Path]) -> Path:
    return next(path for path in built if path.suffix == ".whl")


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    source = REPO / "src"
    files = {p.relative_to(source).as_posix() for p in (source / "warmstart").rglob("*")
             if p.is_file() and "__pycache__" not in p.parts}  # fmt: skip
    assert any(name.endswith(".html") for name in files)
    assert "warmstart/py.typed" in packed
    assert files - packed == set()


def test_two_builds_have_the_same_bytes(built: list[Path], tmp_path: Path) -> None:
    """Also elsewhere, later, by somebody with other rights on the files."""
    tree = tmp_path / "elsewhere"
    for name in NEEDED:
        copy = shutil.copytree if (REPO / name).is_dir() else shutil.copy
        tree.mkdir(exist_ok=True)
        copy(REPO / name, tree / name)
    shutil.copy(REPO / ".gitignore", tree)  # hatchling packs it with the source
    for path in tree.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            os.utime(path, (1e9, 1e9))
    again = build(tree, tmp_path / "dist")
    assert [path.name for path in again] == [path.name for path in built]
    sums = [[hashlib.sha256(path.read_bytes()).hexdigest() for path in each]
            for each in (built, again)]  # fmt: skip
    assert sums[0] == sums[1]


def test_the_wheel_names_its_extras_and_what_they_bring(wheel: Path) -> None:
    found = metadata(wheel)
    assert set(found.get_all("Provides-Extra", [])) == EXTRAS | FOR_BUILDERS
    needs = found.get_all("Requires-Dist", [])
    for extra in EXTRAS:
        assert any(f"extra == '{extra}'" in need for need in needs), extra
    heif = [need for need in needs if "extra == 'heif'" in need]
    assert [re.split(r"[>=;\[ ]", need)[0] for need in heif] == ["pillow-heif"]


def test_the_wheel_says_what_a_page_about_it_shows(wheel: Path) -> None:
    found = metadata(wheel)
    version = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert (found["Name"], found["Version"]) == ("warmstart", version)
    assert found["License-Expression"] == "Apache-2.0"
    assert found["License-File"] == "LICENSE"
    assert found["Description-Content-Type"] == "text/markdown"
    assert str(found.get_payload()).startswith("# warmstart")


def test_the_installed_wheel_is_what_runs(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, which borrows the dependencies of this one (see make bare)."""
    home = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = next(home.glob("bin/python*"), home / "Scripts" / "python.exe")
    places = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    site = Path(places.stdout.strip())
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}

    def run(*words: str) -> str:
        done = subprocess.run(
            [str(python), *words],
            check=False,
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("-m", "warmstart", "--version").startswith("warmstart ")
    where = run("-c", "import warmstart; print(warmstart.__file__); warmstart.ConvLearner")
    assert Path(where.strip()).is_relative_to(site)
    page = "(files('warmstart') / 'report/templates/report.html').read_text('utf-8')"
    assert "<html" in run("-c", f"from importlib.resources import files; print({page})")

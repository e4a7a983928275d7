"""Nothing that was not asked for: no connection, nothing in HOME."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.end_to_end.probe import SITE

START = "from warmstart.cli.main import main; main()"
NOT_HANDED_ON = (
    *("CI", "TF_BUILD", "JENKINS_URL"),  # where some dependencies are quiet anyway
    *("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"),  # which torch sets for this process
)
FAST = ["--size", "64", "--precision", "f32"]


@dataclass(frozen=True)
class Watched:
    """What processes did since the folder was made, and the folder."""

    home: Path
    place: Path
    python: Callable[..., "subprocess.CompletedProcess[str]"]

    def notes(self, kind: str) -> list[str]:
        """What was written down of one kind."""
        lines = (self.place / "watched").read_text().splitlines()
        return [line.removeprefix(f"{kind} ") for line in lines if line.startswith(f"{kind} ")]

    def strays(self) -> list[str]:
        """Files that were opened to write outside the run, the store and the temporary folder."""
        allowed = tuple(str(self.place / name) for name in ("run", "store", "temporary", "watched"))
        return [name for name in self.notes("file") if not name.startswith((*allowed, "/dev/null"))]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """Processes with an empty HOME that cannot be written to."""
    for name in ("home", "site", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    (tmp_path / "home").chmod(0o555)
    paths = [str(tmp_path / "site"), os.environ.get("PYTHONPATH", ""), *sys.path]
    kept = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
    own = {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "WARMSTART_CACHE": str(tmp_path / "store"),
        "WATCHED": str(tmp_path / "watched"),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def python(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", *words],
            cwd=tmp_path,
            env=kept | own,
            capture_output=True,
            text=True,
            check=False,
        )

    return Watched(tmp_path / "home", tmp_path, python)


def test_a_run_connects_to_nothing_and_leaves_nothing_in_home(
    watched: Watched, digits: Path
) -> None:
    for words in (
        ["train", str(digits), *FAST, "--epochs", "1", "--lr", "0.01", "--out", "run"],
        ["check", str(digits), *FAST],
        ["predict", "run/model", str(digits / "0")],
        ["evaluate", "run/model", str(digits)],
        ["report", "run"],
    ):
        done = watched.python(START, *words)
        assert done.returncode == 0, done.stderr
    assert any(name.endswith(".safetensors") for name in watched.notes("file"))  # it does watch
    assert watched.notes("net") == []
    assert watched.strays() == []
    assert list(watched.home.rglob("*")) == []


def test_what_is_written_elsewhere_and_what_connects_would_be_seen(watched: Watched) -> None:
    code = """
import os, pathlib, socket, threading
pathlib.Path(os.environ["TMPDIR"], "..", "stray").write_text("")
def ask():
    try: socket.getaddrinfo("name.invalid", 443)
    except OSError: pass
one = threading.Thread(target=ask); one.start(); one.join()
"""
    assert watched.python(code).returncode == 0
    assert watched.strays() == [str(watched.place / "stray")]
    assert [note.split()[0] for note in watched.notes("net")] == ["socket.getaddrinfo"]


def test_the_users_own_matplotlib_settings_count(watched: Watched) -> None:
    watched.home.chmod(0o755)
    own = watched.home / ".config" / "matplotlib"
    own.mkdir(parents=True)
    (own / "matplotlibrc").write_text("lines.linewidth: 7.5\n")
    before = sorted(watched.home.rglob("*"))
    code = """
import os
import warmstart.plots.figure, matplotlib
print(matplotlib.rcParams["lines.linewidth"], "MPLCONFIGDIR" in os.environ)
"""
    done = watched.python(code)
    assert done.stdout.split() == ["7.5", "False"], done.stderr
    assert sorted(watched.home.rglob("*")) == before


SHELL = {"PYTHONUNBUFFERED": ""}
RUN = [*FAST, "--epochs", "1", "--lr", "0.01", "--no-report"]


def in_shell(
    line: str, place: Path, digits: Path, cache: Path
) -> "subprocess.CompletedProcess[str]":
    """A line of bash, in which `warmstart` is this one; its exit codes are in the file `codes`."""
    start = f"{sys.executable} -c '{START}'"
    text = f'warmstart() {{ {start} "$@"; }}\n{line}; echo "${{PIPESTATUS[@]}}" > codes'
    return subprocess.run(
        ["bash", "-c", text],
        cwd=place,
        env=os.environ | SHELL | {"WARMSTART_CACHE": str(cache), "DIGITS": str(digits)},
        capture_output=True,
        text=True,
        check=False,
    )


TRAIN = " ".join(["warmstart", "train", '"$DIGITS"', *RUN, "--out", "run"])
LINES = {
    "a reader that goes": f"{TRAIN} | head -1",
    "a reader that was never there": f"{TRAIN} 2>&1 | true",
    "closed": f"{TRAIN} >&- 2>&-",
    "stdin too": f"{TRAIN} <&- >&- 2>&-",
    "a full disk": f"{TRAIN} > /dev/full 2> /dev/full",
}


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
@pytest.mark.parametrize("line", LINES)
def test_a_run_goes_on_to_its_model_when_nobody_reads(
    line: str, digits: Path, cache: Path, tmp_path: Path
) -> None:
    done = in_shell(LINES[line], tmp_path, digits, cache)
    assert (tmp_path / "codes").read_text().split()[0] == "0", done.stderr
    assert (tmp_path / "run" / "model" / "model.json").is_file()
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    recipe = (tmp_path / "run" / "recipe.toml").read_text(encoding="utf-8")
    assert "valid_accuracy" in recipe


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_lines_that_nobody_reads_end_the_work(
    unbuffered: str, digits: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHELL, "PYTHONUNBUFFERED", unbuffered)
    assert in_shell(TRAIN, tmp_path, digits, cache).returncode == 0
    done = in_shell('warmstart predict run/model "$DIGITS" | true', tmp_path, digits, cache)
    assert (tmp_path / "codes").read_text().split() == ["141", "0"]
    assert done.stderr == ""
    done = in_shell('warmstart predict run/model "$DIGITS" > /dev/full', tmp_path, digits, cache)
    assert (tmp_path / "codes").read_text().split() == ["1"]
    assert done.stderr.startswith("Error: the standard output cannot be written")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder that is used stays")
def test_a_folder_that_was_deleted_is_told(digits: Path, cache: Path, tmp_path: Path) -> None:
    line = f"mkdir gone; cd gone; rmdir ../gone; {TRAIN}; code=$?; cd {tmp_path}; (exit $code)"
    done = in_shell(line, tmp_path, digits, cache)
    assert "Error: the folder that this was started in has been deleted." in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "codes").read_text().split() == ["1"]

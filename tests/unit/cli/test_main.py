"""Before the word of a command: --version, --help, completion; and how it is started."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from tests.unit.cli.conftest import Run

from warmstart.cli.main import COMMANDS


def started(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """What `python -m warmstart` says in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "warmstart", *words],
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_version_is_that_of_the_package(run: Run) -> None:
    said = run("--version")
    assert (said.code, said.out, said.err) == (0, f"warmstart {version('warmstart')}\n", "")


def test_python_m_is_the_same_command() -> None:
    done = started("trian")
    assert done.returncode == 2
    assert "Fix: warmstart train" in done.stderr
    assert started("--version").stdout == f"warmstart {version('warmstart')}\n"


def test_help_names_every_command_and_is_as_wide_as_a_terminal(run: Run) -> None:
    said = run("--help")
    assert said.code == 0
    lines = said.out.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]]
    assert listed == [*COMMANDS, "cache"]
    assert max(map(len, lines)) <= 80
    for option in ("--version", "--install-completion", "--show-completion", "--help"):
        assert any(line.split()[:1] == [option] for line in lines), option


def test_the_shell_can_complete_words_and_options() -> None:
    def completed(words: str) -> list[str]:
        number = str(len(words.split(" ")) - 1)
        more = {"_WARMSTART_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number}
        done = started(**more)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    assert completed("warmstart com") == ["compare-runs", "compare"]
    assert completed("warmstart train --res") == ["--resume"]


def test_the_script_for_the_shell_is_shown() -> None:
    more = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = started("--show-completion", "bash", **more)
    assert done.returncode == 0, done.stderr
    assert "_WARMSTART_COMPLETE=complete_bash" in done.stdout


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"], ["trian"]])
def test_what_computes_nothing_loads_nothing(words: list[str]) -> None:
    code = (
        "import os, sys\nfrom warmstart.cli.main import main\nos._exit = sys.exit\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    heavy = {'numpy', 'PIL', 'rich', 'msgspec', 'torch', 'timm'} & set(sys.modules)\n"
        "    sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

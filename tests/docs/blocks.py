"""The blocks of a page of the documentation, and what it takes to run them as they stand."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from warmstart.cli.main import main

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
NOT_RUN = re.compile(r"<!-- not run: (?P<why>[^>]+) -->\s*$")
AN_EXAMPLE = re.compile(r"<!-- an example: (?P<why>[^>]+) -->\s*$")
RUN, SHOWN = ("python", "sh"), "text"
OF_THE_SHELL = set("|&;<>()$`*?~!")  # in a word: a shell has to read the line
SMALLER = {  # what the pages say for real photos, and what is quick on the tests' small ones
    "sz = 224": "sz = 64",
    "tfms_from_model(arch, 224": "tfms_from_model(arch, 64",
    "--full": "--full --size 64",
    "--seconds 60": "--seconds 60 --size 64",
    "--minutes 10": "--minutes 0.1",  # few steps fit; the README takes all eight
}
START = "from warmstart.cli.main import main; main()"


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, its line, and why it is not run, if it is not."""

    kind: str
    text: str
    line: int
    why_not: str = ""


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    content = page.read_text(encoding="utf-8")
    found = []
    for fence in FENCE.finditer(content):
        before = content[: fence.start()]
        marked = NOT_RUN.search(before) or AN_EXAMPLE.search(before)
        why_not = marked["why"] if marked else ""
        text = textwrap.dedent(fence["text"])
        found.append(Block(fence["kind"], text, before.count("\n") + 1, why_not))
    return found


def run_page(page: Path, env: Mapping[str, str]) -> None:
    """Run the blocks of a page in order, in this folder; compare what it says that they print.

    Args:
        page: Its Python shares one namespace.
        env: Of the shell's lines; ``warmstart`` and ``python`` are on its PATH.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for block in blocks_of(page):
        if block.why_not:
            continue
        place = f"{page.name}, line {block.line}"
        if block.kind == "python":
            printed = run_python(block, names, place)
        elif block.kind == "sh":
            printed = run_shell(block, env, place)
        elif block.kind == SHOWN:
            absent = list(missing_lines(block.text, printed))
            assert not absent, f"{place}: not printed: {absent}\n--- printed:\n{printed}"


def run_python(block: Block, names: dict[str, object], place: str) -> str:
    """What a block of Python prints, on either output."""
    out = io.StringIO()
    code = compile("\n" * block.line + smaller(block.text), place, "exec")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        exec(code, names)
    return out.getvalue()


def run_shell(block: Block, env: Mapping[str, str], place: str) -> str:
    """What a block of shell prints, on either output; a command that fails ends it.

    Commands of ours without anything of the shell's run in this process, which has torch already.
    """
    commands = plain_commands(smaller(block.text))
    if commands is not None:
        return "".join(run_command(words, place) for words in commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", smaller(block.text)], env=dict(env), check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, f"{place}: exit {done.returncode}\n{done.stdout}"
    return done.stdout


def plain_commands(text: str) -> list[list[str]] | None:
    """The words of each line, where all are ``warmstart`` and words; None if a shell is needed."""
    lines = text.replace("\\\n", " ").splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    commands = [words for words in commands if words]
    needs_shell = any(OF_THE_SHELL & set(word) for words in commands for word in words)
    if needs_shell or any(words[0] != "warmstart" for words in commands):
        return None
    return [words[1:] for words in commands]


def run_command(words: list[str], place: str) -> str:
    """What a command prints, on either output; it has to succeed."""
    out = io.StringIO()
    digits = few_digits() if words[:1] == ["demo"] else contextlib.nullcontext()
    redirected = contextlib.redirect_stdout(out), contextlib.redirect_stderr(out)
    with redirected[0], redirected[1], digits, pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code in {0, None}, f"{place}: {stopped.value.code}\n{out.getvalue()}"
    return out.getvalue()


@contextlib.contextmanager
def few_digits() -> Iterator[None]:
    """The demo with fewer digits: the whole demo is a test of its own."""
    import sklearn.datasets

    real = sklearn.datasets.load_digits
    every = real()
    every.images, every.target = every.images[:200], every.target[:200]
    sklearn.datasets.load_digits = lambda: every
    try:
        yield
    finally:
        sklearn.datasets.load_digits = real


def smaller(text: str) -> str:
    """The same with small pictures."""
    for large, small in SMALLER.items():
        text = text.replace(large, small)
    return text


def missing_lines(shown: str, printed: str) -> Iterator[str]:
    """Lines that a page shows and that were not printed in this order; numbers may differ."""
    rest = iter([form_of(line) for line in printed.splitlines()])
    for line in shown.splitlines():
        if form_of(line) and "…" not in line and form_of(line) not in rest:
            yield line


def form_of(line: str) -> str:
    """A line without its numbers, and without how wide its columns are."""
    return re.sub(r"[\s─━-]+", " ", re.sub(r"[-−+]?\d[\d.,e]*(-\d+)?", "#", line)).strip()


def shell_environment(folder: Path, cache: Path) -> dict[str, str]:
    """An environment in which ``warmstart`` is the source that is tested.

    Args:
        folder: Where two small scripts are put.
        cache: Where activations are kept.
    """
    folder.mkdir()
    (folder / "start.py").write_text(START, encoding="utf-8")
    for name, line in {"warmstart": f'"{folder / "start.py"}" ', "python": ""}.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {line}"$@"\n', encoding="utf-8")
        script.chmod(0o755)
    source = str(Path(__file__).resolve().parents[2] / "src")
    return os.environ | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": source,
        "WARMSTART_CACHE": str(cache),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "120",
    }

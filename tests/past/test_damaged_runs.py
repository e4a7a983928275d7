"""Run folders whose files are damaged, or were written by somebody else: refused in words (B4)."""

import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Run, run

__all__ = ["run"]
RUN = "finished_run"
Damage = Callable[[bytes], bytes]
ANY: dict[str, Damage] = {
    "nothing": lambda _: b"",
    "no text": lambda old: b"\xff\xfe" + old,
    "a pickle": lambda _: pickle.dumps([1, 2]),
    "a list": lambda _: b"[1]",
    "deep": lambda _: b"[" * 100_000,
    "zeros": lambda old: b"\0" * len(old),
    "cut": lambda old: old[: len(old) * 2 // 3].rstrip(b"\n").rstrip(b"}"),
}


def line(number: int, **values: object) -> Damage:
    """Another value in a line of JSON; ``...`` is none."""

    def damage(old: bytes) -> bytes:
        lines = old.splitlines()
        entry = json.loads(lines[number]) | values
        lines[number] = json.dumps({k: v for k, v in entry.items() if v is not ...}).encode()
        return b"\n".join(lines)

    return damage


def table(**values: object) -> Damage:
    """Likewise in a file that is one table."""

    def damage(old: bytes) -> bytes:
        entry = json.loads(old) | values
        return json.dumps({k: v for k, v in entry.items() if v is not ...}).encode()

    return damage


def cell(row: int, column: int, value: str) -> Damage:
    """Another cell of a CSV."""

    def damage(old: bytes) -> bytes:
        rows = list(csv.reader(old.decode().splitlines()))
        rows[row][column] = value
        return "\n".join(",".join(cells) for cells in rows).encode()

    return damage


def text(old: str, new: str) -> Damage:
    """A word that is another."""

    def damage(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return damage


DAMAGES: dict[str, dict[str, Damage]] = {
    "recipe.toml": {
        "bs is a text": text("bs = 8", 'bs = "x"'), "bs is a list": text("bs = 8", "bs = [8]"),
        "another key": text("bs = 8", "bs = 8\nother = 1"),
        "a key twice": text("bs = 8", "bs = 8\nbs = 8"),
        "no source": text("source", "soucre"),
        "a score that is none": text("valid_accuracy = ", 'valid_accuracy = "'),
        "infinity": text("valid_pct = 0.2", "valid_pct = inf"),
        "another table": text("[train]", "[other]\n[train]"),
    },
    "history.jsonl": {
        "NaN": line(0, train_loss=float("nan")), "an unknown kind": line(0, kind="x"),
        "an unknown key": line(0, other=1), "a missing key": line(0, epoch=...),
        "an epoch that is a text": line(0, epoch="1"), "rates that are one": line(0, lrs=1),
        "metrics of texts": line(0, metrics={"accuracy": "x"}),
        "steps of texts": line(-1, losses=["x"]),
    },
    "data.json": {
        "counts of texts": table(counts={"train": {"blue": "x"}}), "no notes": table(notes=...),
        "more": table(other=1), "notes that are one": table(notes="x"),
    },
    "environment.json": {
        "no versions": table(versions=...), "versions of numbers": table(versions={"torch": 1}),
        "more": table(other=1),
    },
    "lr_find.json": {
        "rates that do not grow": table(lrs=[1.0, 0.5], losses=[1.0, 1.0], before=None),
        "a loss too few": table(lrs=[0.1, 0.5], losses=[1.0], before=None),
        "more": table(other=1), "rates of texts": table(lrs=["x"]),
    },
    "exclusions.csv": {
        "a cell more": lambda old: old + b"a,b,c\n", "other titles": text("name", "nmae"),
    },
    "scores.json": {
        "no scores": table(scores=...), "scores of texts": table(scores={"accuracy": "x"}),
        "more": table(other=1), "rows of texts": table(num_rows="x"),
    },
    "predictions.csv": {
        "NaN": cell(1, 4, "nan"), "a probability of 7": cell(1, 4, "7"), "a word": cell(1, 4, "x"),
        "an unknown class": cell(1, 2, "green"), "no hash": cell(1, 0, "xyz"),
        "another class in the titles": cell(0, 4, "green"),
        "the same class twice": cell(0, 4, "red"),
        "a column less": lambda old: old.rsplit(b",", 1)[0],
    },
    "model/model.json": {"classes in another order": table(classes=["red", "blue"])},
}  # fmt: skip
NOT_SEEN = {("exclusions.csv", "cut")}  # within its last cell, which may hold any text
CASES = [
    (name, kind, damage)
    for name, own in DAMAGES.items()
    for kind, damage in (own if name.endswith("model.json") else ANY | own).items()
    if (name, kind) not in NOT_SEEN
]


@pytest.mark.parametrize(("name", "kind", "damage"), CASES, ids=[f"{n}: {k}" for n, k, _ in CASES])
def test_a_damaged_file_is_refused_and_named(
    here: Path, run: Run, name: str, kind: str, damage: Damage
) -> None:
    file = here / RUN / name
    new = damage(file.read_bytes())
    file.write_bytes(new)
    said = run("report", RUN)
    assert said.code == 1, (said.out, said.err)
    assert said.err.startswith("Error: "), said.err
    assert Path(name).name in said.err
    assert "Fix: " in said.err
    assert not (here / RUN / "report.html").exists()


@pytest.mark.parametrize("name", ["recipe.toml", "predictions.csv", "scores.json"])
@pytest.mark.parametrize("kind", ANY)
def test_other_commands_refuse_it_too(here: Path, run: Run, name: str, kind: str) -> None:
    file = here / RUN / name
    file.write_bytes(ANY[kind](file.read_bytes()))
    words = (
        ("train", "--resume", RUN) if name == "recipe.toml" else ("compare-runs", RUN, "full_run")
    )
    said = run(*words)
    assert said.code == 1, (said.out, said.err)
    assert said.err.startswith("Error: ")

"""What is kept on disk is read and written in one room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "warmstart"
WRITES = {"write_text", "write_bytes", "savez", "save_file", "dump", "to_csv", "mkstemp"}
READS = {"read_text", "read_bytes"}
PARSES = {("json", "load"), ("json", "loads"), ("tomllib", "load"), ("tomllib", "loads")}
ALLOWED = {
    ("cli/run/cells.py", "json.loads"): "one cell of a CSV",
    ("cli/commands/demo.py", "save"): "pictures to train on, which are data and no result",
}


def calls(file: Path) -> Iterator[str]:
    """What a file calls that reads or writes files."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            name = "open"
        if isinstance(owner, ast.Name) and (owner.id, name) in PARSES:
            yield f"{owner.id}.{name}"
        elif name in WRITES | READS:
            yield name
        elif name == "open" and opens_for_writing(node):
            yield "open to write"


def opens_for_writing(node: ast.Call) -> bool:
    """Whether a call of open has a mode that writes."""
    words = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
    modes = [word.value for word in words if isinstance(word, ast.Constant)]
    return any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes[:2])


@pytest.mark.parametrize(
    "file", [path for path in sorted(SRC.rglob("*.py")) if path.parent.name != "files"],
    ids=lambda path: str(path.relative_to(SRC)),
)  # fmt: skip
def test_only_the_room_of_files_opens_them(file: Path) -> None:
    place = str(file.relative_to(SRC))
    found = [call for call in calls(file) if (place, call) not in ALLOWED]
    assert not found


def test_the_exceptions_are_still_needed() -> None:
    for place, call in ALLOWED:
        text = (SRC / place).read_text(encoding="utf-8")
        assert call.rpartition(".")[2] in text

"""What the documents name exists, and what exists is named."""

import re
from pathlib import Path

import pytest

import warmstart

SOURCE = Path(warmstart.__file__).parent
REPO = Path(__file__).resolve().parents[2]
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
DECISIONS = sorted((REPO / "docs" / "decisions").iterdir())
HEADINGS = ["Choice", "Also weighed", "What would change our mind"]
FIGURE = re.compile(r"(?<![\w.-])\d[\d.,]*\d(?![\w-])")
CODE_LINE = re.compile(r"^(?:warmstart|learn\.|data =|predictions =)[^#\n]*", re.M)
LINK = re.compile(r"\]\((?!README)([^)]+)\)")
LONGEST_README, LONGEST_DECISION = 150, 60  # lines
TOP = ("src", "tests", "docs", "benchmarks")
DOCUMENTS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/experiments.md"]


def named_paths(text: str) -> list[str]:
    """Paths in backticks that begin with a top folder or a room."""
    names = re.findall(r"`([^`\s]+/[^`\s]*)`", text)
    return [name for name in names if name.partition("/")[0] in (*TOP, *ROOMS)]


def place_of(name: str) -> Path:
    return (REPO if name.partition("/")[0] in TOP else SOURCE) / name


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    "document", [*DOCUMENTS, *(f"docs/decisions/{path.name}" for path in DECISIONS)]
)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    names = named_paths((REPO / document).read_text(encoding="utf-8"))
    assert [name for name in names if not place_of(name).exists()] == []


def test_architecture_names_many_paths() -> None:
    """Else the test above would pass on a page that is written in another way."""
    assert len(named_paths((REPO / "ARCHITECTURE.md").read_text(encoding="utf-8"))) > 60


def test_architecture_names_every_room() -> None:
    text = (REPO / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"`{room}/`" not in text] == []


def test_architecture_says_where_each_law_is_tested() -> None:
    section = (REPO / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## The laws")[2]
    rows = re.findall(r"^\| (\d+) \|.*`tests/.*$", section, re.MULTILINE)
    assert rows == [str(number) for number in range(1, 22)]
    for path in (REPO / "tests" / "laws").glob("test_*.py"):
        assert f"`tests/laws/{path.name}`" in section


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [path.name[:5] for path in DECISIONS]
    assert numbers == [f"{number:04d}-" for number in range(1, len(DECISIONS) + 1)]
    assert {path.suffix for path in DECISIONS} == {".md"}


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_a_decision_has_its_three_headings(path: Path) -> None:
    lines = lines_of(path)
    assert lines[0].startswith(f"# {path.name[:4]} ")
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS
    assert len(lines) <= LONGEST_DECISION


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{document.name}: {target}"
        for document in (*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md"))
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", "\n".join(lines_of(document)))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_readme_is_short() -> None:
    assert len(lines_of(REPO / "README.md")) <= LONGEST_README


def test_the_chinese_readme_says_what_the_readme_says() -> None:
    english, chinese = ("\n".join(lines_of(REPO / f"README{end}.md")) for end in ("", ".zh"))
    assert english.count("\n## ") == chinese.count("\n## ")
    for what in (FIGURE, CODE_LINE, LINK):
        missing = set(what.findall(english)) - set(what.findall(chinese))
        assert missing == set()


def test_the_licence_is_whole() -> None:
    text = (REPO / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text[:100]
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "END OF TERMS AND CONDITIONS" in text

"""Every block of the documentation runs, page by page, and prints what the page says."""

import re
from pathlib import Path

import pytest
from tests.docs.blocks import RUN, SHOWN, blocks_of, missing_lines, run_page, shell_environment
from tests.docs.photos import write_photos

import warmstart

REPO = Path(__file__).resolve().parents[2]
RECORDS = ("measured.md", "experiments.md", "faults.md", "decisions")  # figures, not lessons
LESSONS = sorted(
    path
    for path in (REPO / "docs").rglob("*.md")
    if path.relative_to(REPO / "docs").parts[0] not in RECORDS
)
README, README_ZH = REPO / "README.md", REPO / "README.zh.md"
PAGES = [README, README_ZH, *LESSONS]
COMMENT = re.compile(r"\s*#.*")
NUM_NOT_RUN = 30


@pytest.mark.parametrize("page", [README, *LESSONS], ids=lambda path: str(path.relative_to(REPO)))
@pytest.mark.usefixtures("one_thread")
def test_every_block_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_photos(home)
    monkeypatch.chdir(home)
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    run_page(page, shell_environment(tmp_path / "bin", tmp_path / "cache"))


def test_the_chinese_readme_has_the_blocks_that_run_in_the_readme() -> None:
    """They take minutes, so they run once."""
    said = [
        [(b.kind, bool(b.why_not), COMMENT.sub("", b.text)) for b in blocks_of(page)]
        for page in (README, README_ZH)
    ]
    assert said[0] == said[1]


def test_every_block_has_a_language_that_is_run_or_compared_or_says_why_not() -> None:
    strange = [
        f"{page.name}, line {block.line}"
        for page in PAGES
        for block in blocks_of(page)
        if block.kind not in (*RUN, SHOWN) and not block.why_not
    ]
    assert strange == []


def test_what_is_not_run_is_counted() -> None:
    """Raise the number only for what needs a network, a camera, another system or hours."""
    found = [
        f"{page.name}, line {block.line}: {block.why_not}"
        for page in PAGES
        for block in blocks_of(page)
        if block.why_not
    ]
    assert len(found) == NUM_NOT_RUN, "\n".join(found)


def test_every_public_name_is_in_the_reference() -> None:
    pages = "\n".join(
        path.read_text(encoding="utf-8") for path in (REPO / "docs" / "reference").glob("*.md")
    )
    named = re.findall(r"^::: warmstart\.(\w+)$", pages, re.M)
    assert sorted(named) == sorted(warmstart.__all__)


def test_a_line_that_is_not_printed_is_found() -> None:
    assert list(missing_lines("a 1\nb", "a 2\nx\nb")) == []
    assert list(missing_lines("b\na 1", "a 2\nb")) == ["a 1"]
    assert list(missing_lines("accuracy 0.9", "loss 0.9")) == ["accuracy 0.9"]

"""The built documentation in a real browser: whole, quiet, no wider than a phone, and it finds."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.end_to_end.browser import CHROMIUM, Page, browser

REPO = Path(__file__).resolve().parents[2]
PHONE, DESKTOP = 390, 1280
SHOWN = (
    "index.html", "quick-start.html", "coming-from.html", "formats.html", "measured.html",
    "guide/views-and-precompute.html", "reference/learner.html", "reference/command-line.html",
    "zh/guide.html",
)  # fmt: skip
HITS = "document.querySelectorAll('.md-search-result__item').length"
TYPE = """(field => {
    field.focus();
    field.value = 'precompute';
    field.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true}));
})(document.querySelector('.md-search__input'))"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def build(source: Path, place: Path) -> "subprocess.CompletedProcess[str]":
    """Build the site as ``make docs`` does; with --quiet a warning would be no error."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(place)],
        cwd=source, capture_output=True, text=True, check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    done = build(REPO, place)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("needs a browser on PATH: chromium, chromium-browser or google-chrome")
    with browser(tmp_path / "profile") as opened:
        yield opened


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_pages_fetch_nothing_and_fit(site: Path, page: Page, width: int, is_dark: bool) -> None:
    for name in SHOWN:
        page.open(site / name, width=width, is_dark=is_dark)
        assert page.value(WIDER) <= 0, name
        scheme = page.value("document.body.getAttribute('data-md-color-scheme')")
        assert scheme == ("slate" if is_dark else "default")
    assert page.complaints == []
    assert [url for url in page.requested if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_search_finds_without_a_server(site: Path, page: Page) -> None:
    page.open(site / "index.html", width=DESKTOP)
    until = time.monotonic() + 60
    while not page.value(HITS) and time.monotonic() < until:
        page.value(TYPE)
        time.sleep(1)
    assert page.value(HITS) > 0


def test_every_page_is_in_the_navigation(site: Path) -> None:
    """Decisions too, which are listed by the build."""
    home = (site / "index.html").read_text(encoding="utf-8")
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html"}
    assert len(pages) > 40
    assert [name for name in sorted(pages) if f'href="{name}"' not in home] == []


def test_commands_are_those_of_the_program(site: Path) -> None:
    text = (site / "reference" / "command-line.html").read_text(encoding="utf-8")
    for name in ("train", "predict", "compare-runs", "cache gc"):
        assert f"<code>warmstart {name}</code>" in text
    assert "--on-unreadable" in text


def test_examples_of_docstrings_are_code(site: Path) -> None:
    text = (site / "reference" / "learner.html").read_text(encoding="utf-8")
    assert "&gt;&gt;&gt; " in text
    assert "<blockquote>" not in text


def test_a_page_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings = (REPO / "mkdocs.yml").read_text(encoding="utf-8")
    before, _, rest = settings.partition("\nnav:\n")
    after = rest[rest.index("\nplugins:\n") :]
    (tmp_path / "mkdocs.yml").write_text(
        before.replace("[mkdocs_hooks.py]", "[]") + "\nnav:\n  - Start: [index.md]\n" + after,
        encoding="utf-8",
    )
    page = tmp_path / "docs" / "index.md"
    page.write_text("# Start\n", encoding="utf-8")
    assert build(tmp_path, tmp_path / "site").returncode == 0
    page.write_text("# Start\n\n[lost](lost.md)\n", encoding="utf-8")
    assert "lost.md" in (done := build(tmp_path, tmp_path / "site")).stderr
    assert done.returncode == 1

"""The page of `warmstart review` in a real browser: keys and clicks, to the CSV."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.end_to_end.browser import CHROMIUM, Page, browser
from tests.end_to_end.test_report_in_browser import CONTRAST, WIDER
from tests.unit.cli.conftest import write_photos

from warmstart.data.fixes import Fix, read_fixes, write_fixes
from warmstart.web.review import LikelyClass, Review, ReviewItem, ReviewList, fixes_of
from warmstart.web.review_app import ExportAnswer, review_app
from warmstart.web.server import address_of, listening_socket

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,
    reason="needs a browser on PATH: chromium, chromium-browser or google-chrome",
)
PHONE, DESKTOP = 390, 1280
NAME = "document.getElementById('name').textContent"
ABOUT = "document.getElementById('about').textContent"


def opened_review(folder: Path, classes: tuple[str, ...]) -> Review:
    """Of eight photos, all called cat."""
    photos = write_photos(folder / "photos", 4)
    files = {path.relative_to(photos).as_posix(): path for path in sorted(photos.rglob("*.png"))}
    likely = (LikelyClass(classes[1], 0.9), LikelyClass(classes[0], 0.1))
    items = tuple(ReviewItem(name, classes[0], "train", 0.8, likely) for name in files)
    return Review.open(ReviewList("a run", "here", classes, items, files), folder / "review.jsonl")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


@pytest.fixture(params=[("cat", "dog"), tuple(f"bird {n}" for n in range(40))], ids=["2", "40"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Review]]:
    """A server in a thread of this process, and its review."""
    review = opened_review(tmp_path, request.param)

    def export() -> ExportAnswer:
        fixes = fixes_of(review)
        write_fixes(tmp_path / "fixes.csv", fixes)
        return ExportAnswer(str(tmp_path / "fixes.csv"), "warmstart train …", len(fixes))

    taken = listening_socket("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(review_app(review, export), log_config=None, ws="none", lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    yield address_of(taken), review
    server.should_exit = True
    thread.join(60)
    taken.close()
    review.journal.close()


def test_keys_and_clicks_become_fixes(
    page: Page, served: tuple[str, Review], tmp_path: Path
) -> None:
    address, review = served
    names, classes = [item.name for item in review.of.items], review.of.classes
    is_short = len(classes) <= 9
    page.complaints.clear()
    page.visit(address, width=DESKTOP)
    page.wait_for(f"{NAME} === {names[0]!r}")
    page.press("2" if is_short else "1")  # of many classes the first is the likeliest
    page.wait_for(f"{NAME} === {names[1]!r}")
    page.press("Enter", code=13)
    page.wait_for(f"{NAME} === {names[2]!r}")
    page.press("x")
    page.wait_for(f"{NAME} === {names[3]!r}")
    page.click("#remove")
    page.wait_for(f"{NAME} === {names[4]!r}")
    page.press("u")
    page.wait_for(f"{NAME} === {names[3]!r}")
    page.press("ArrowRight", code=39)
    page.wait_for(f"{NAME} === {names[4]!r}")
    if is_short:
        page.click("#classes li:nth-child(2) button")
    else:
        page.press("/")
        for key in "bird 1":
            page.press(key)
        assert page.value("document.querySelectorAll('#classes li').length") == 9
        page.press("Enter", code=13)
    page.wait_for(f"{NAME} === {names[5]!r}")
    assert page.value(ABOUT).startswith("4 of 8 decided")
    page.click("#export")
    page.wait_for("!document.getElementById('exported').hidden")
    found = [fix for _, fix in read_fixes(tmp_path / "fixes.csv")]
    assert [(fix.name, fix.action, fix.label) for fix in found] == [
        (names[0], "relabel", classes[1]),
        (names[1], "look", classes[0]),
        (names[2], "drop", ""),
        (names[4], "relabel", classes[1]),
    ]
    assert isinstance(found[0], Fix)
    page.visit(address, width=DESKTOP)  # it goes on where nothing was decided
    page.wait_for(f"{NAME} === {names[3]!r}")
    assert page.complaints == []


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_it_fits_and_can_be_read(
    page: Page, served: tuple[str, Review], width: int, is_dark: bool
) -> None:
    page.visit(served[0], width=width, is_dark=is_dark)
    page.wait_for(
        "document.querySelector('#classes li') && document.getElementById('picture').complete"
    )
    page.press("Enter", code=13)
    page.wait_for(f"{ABOUT}.startsWith('1 of 8 decided')")
    page.click("#export")
    page.wait_for("!document.getElementById('exported').hidden")
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value(WIDER) == []
    assert page.value(CONTRAST) == []
    page.wait_for("document.getElementById('picture').naturalWidth > 0")  # of the second item

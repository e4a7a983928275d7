"""The report in a real browser: quiet, whole, and no wider than a phone."""

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.end_to_end.browser import CHROMIUM, Page, browser
from tests.unit.report.content import content, predictions, with_every_figure

from warmstart.report.page import write_report

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,  # where a skipped test is not green
    reason="needs a browser on PATH: chromium, chromium-browser or google-chrome",
)
PHONE, DESKTOP = 390, 1280
WIDER = """[...document.querySelectorAll('body *')].filter(e =>
    !e.closest('.scroll, svg, .names') &&
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
).map(e => e.tagName + '.' + e.className)"""
CONTRAST = """(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v =>
    v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll(
      'p, td, th, h1, h2, h3, h4, dt, dd, a, summary, small')) {
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(e.className + ' ' + e.textContent.slice(0, 30) + ' ' + ratio);
  }
  return low; })()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


@pytest.fixture(scope="module", params=["2 classes", "200 classes"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "2 classes":
        whole = with_every_figure()
    else:
        long = "Passeriformes-without-a-space-" * 3
        names = tuple(f"{long if k % 9 == 0 else 'bird'} {k}" for k in range(200))
        whole = content(replace(predictions(names, 600), chosen_on_these=("the best epoch",)))
    return write_report(whole, tmp_path_factory.mktemp("report") / "report.html")


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_it_fits_is_quiet_and_can_be_read(
    page: Page, report: Path, width: int, is_dark: bool, tmp_path: Path
) -> None:
    page.complaints.clear()
    page.requested.clear()
    page.open(report, width=width, is_dark=is_dark)
    for details in ("true", "false"):  # also with everything unfolded
        page.value(f"document.querySelectorAll('details').forEach(d => d.open = {details})")
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.value(WIDER) == []
    assert page.value(CONTRAST) == []
    assert page.value("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert page.value("document.images.length") > 20
    for selector in ("#confusion svg", ".gallery"):
        shot = page.screenshot(tmp_path / "shot.png", selector)
        with Image.open(io.BytesIO(shot)) as image:
            pixels = np.asarray(image.convert("RGB"), float)
        corner = pixels[1, 1].mean()
        assert corner < 60 if is_dark else corner > 200
        assert pixels.std(axis=(0, 1)).max() > 5, f"nothing is to be seen of {selector}"
    assert page.complaints == []
    assert {url for url in page.requested if not url.startswith("data:")} == {
        report.resolve().as_uri()
    }


@pytest.fixture
def opened(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A report with everything in it, on a phone; some pictures are wrong, some unsure."""
    page.complaints.clear()
    file = write_report(with_every_figure(), tmp_path_factory.mktemp("opened") / "report.html")
    page.open(file, width=PHONE)
    return page


IS_OPEN = "document.querySelector('#zoom').open"
FOCUSED = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
SHOWN = "[...document.querySelectorAll('.gallery > li')].filter(e => e.offsetParent !== null)"
FILE = "document.querySelector('#zoom-words .file').textContent"


def test_a_picture_is_enlarged_by_click_and_by_key_and_the_focus_returns(opened: Page) -> None:
    second = ".gallery > li:nth-child(2) button.looks"
    files = opened.value(f"{SHOWN}.map(e => e.querySelector('.file').textContent)")
    label = opened.value(f"document.querySelector('{second}').getAttribute('aria-label')")
    assert label.startswith("Enlarge: ")
    small = opened.value(f"document.querySelector('{second} img').getBoundingClientRect().width")
    opened.click(second)
    opened.wait_for(IS_OPEN)
    assert opened.value(FOCUSED) == "Close"
    assert opened.value(FILE) == files[1]
    large = opened.value("document.querySelector('#zoom-stage img').getBoundingClientRect().width")
    assert large > 1.5 * small
    opened.press("ArrowRight")
    assert opened.value(FILE) == files[2]
    opened.press("ArrowLeft")
    opened.press("ArrowLeft")
    opened.press("ArrowLeft")  # there is none before the first
    assert opened.value(FILE) == files[0]
    opened.press("Escape")
    first = ".gallery > li:nth-child(1) button.looks"
    opened.wait_for(f"!{IS_OPEN} && document.activeElement === document.querySelector('{first}')")
    opened.press("Enter")  # the same by the keyboard
    opened.wait_for(IS_OPEN)
    opened.press("Enter")  # on Close
    opened.wait_for(f"!{IS_OPEN}")
    assert opened.value("document.documentElement.scrollWidth") <= PHONE
    assert opened.complaints == []


def test_a_figure_is_enlarged_and_put_back(opened: Page) -> None:
    before = opened.value("document.querySelectorAll('figure.plot svg').length")
    wide = "document.querySelector('#{} svg').getBoundingClientRect().width"
    small = opened.value(wide.format("confusion"))
    opened.click("#confusion .enlarge")
    assert opened.value(wide.format("zoom-stage")) > 1.5 * small
    assert opened.value("document.querySelector('#zoom').scrollWidth") <= PHONE
    assert opened.value("document.querySelectorAll('#zoom-stage svg').length") == 1
    assert opened.value("document.querySelectorAll('figure.plot svg').length") == before - 1
    opened.click("#zoom-close")
    opened.wait_for(f"document.querySelectorAll('figure.plot svg').length === {before}")
    assert opened.value(FOCUSED) == "Enlarge: Confusion matrix"


def test_pictures_are_filtered_by_verdict_by_doubt_and_by_class(opened: Page) -> None:
    every = opened.value(f"{SHOWN}.length")
    wrong = opened.value(f"{SHOWN}.filter(e => e.classList.contains('wrong')).length")
    assert 0 < wrong < every
    opened.click("#filter button[value=wrong]")
    assert opened.value(f"{SHOWN}.length") == wrong
    assert opened.value(f"{SHOWN}.every(e => e.classList.contains('wrong'))")
    assert opened.value("document.querySelector('#filter-count').textContent") == (
        f"{wrong} of {every} pictures"
    )
    pressed = "[...document.querySelectorAll('#filter [aria-pressed=true]')].map(e => e.value)"
    assert opened.value(pressed) == ["wrong"]
    titles = "[...document.querySelectorAll('.gallery-part')].filter(e => !e.hidden).length"
    assert opened.value(titles) <= 2  # a list without a picture has no title either
    opened.click("#filter button[value=unsure]")
    unsure = opened.value(f"{SHOWN}.length")
    assert 0 < unsure < every
    assert opened.value(f"{SHOWN}.every(e => e.hasAttribute('data-unsure'))")
    opened.click("#filter button[value=all]")
    opened.value(
        "(e => { e.value = '1'; e.dispatchEvent(new Event('change')); })"
        "(document.querySelector('#filter-class'))"
    )
    dogs = opened.value(f"{SHOWN}.map(e => e.innerText)")
    assert 0 < len(dogs) < every
    assert all("dog" in text for text in dogs)


def test_without_its_script_the_page_is_whole_and_offers_nothing_dead(
    page: Page, tmp_path: Path
) -> None:
    file = write_report(with_every_figure(), tmp_path / "report.html")
    page.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(file, width=PHONE)
        assert page.value("document.querySelectorAll('main button.looks, .enlarge').length") == 0
        assert page.value("document.querySelector('#filter').offsetParent === null")
        assert page.value(f"{SHOWN}.length") > 20
        assert not page.value(IS_OPEN)
    finally:
        page.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_on_a_phone_the_scores_come_before_the_pictures(opened: Page) -> None:
    """D8: they were seven screens down."""
    tops = [opened.value(f"document.querySelector('{part}').getBoundingClientRect().top")
            for part in ("#scores", "#confusion", "#pictures")]  # fmt: skip
    assert tops == sorted(tops)
    assert tops[0] < 2 * 844


def test_no_name_of_a_class_or_file_becomes_a_part_of_the_page(page: Page, tmp_path: Path) -> None:
    nasty = "</option><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    found = predictions((nasty, "dog"), 120, f"valid/{nasty}{{}}.jpg")
    page.complaints.clear()
    page.open(write_report(content(found, title=nasty, model=nasty), tmp_path / "r.html"),
              width=PHONE)  # fmt: skip
    page.click("button.looks")
    assert page.value("window.hacked === undefined")
    assert page.value("document.querySelectorAll('script').length") == 1
    assert nasty in page.value("document.querySelector('#filter-class').options[1].textContent")
    assert nasty in page.value(FILE)
    assert page.complaints == []


def test_a_page_with_a_fault_would_be_found(page: Page, tmp_path: Path) -> None:
    """Else the test above could not fail."""
    file = tmp_path / "bad.html"
    file.write_text(
        "<meta name=viewport content=width=device-width><body>"
        "<div style='width: 900px'>x</div><p style='color: #eee'>pale</p>"
        "<img src='gone.png'><script>console.error('loud'); nothing()</script>"
    )
    page.complaints.clear()
    page.requested.clear()
    page.open(file, width=PHONE)
    assert page.value("document.documentElement.scrollWidth") > PHONE
    assert page.value(WIDER)
    assert page.value(CONTRAST)
    told = " ".join(page.complaints)
    assert "loud" in told
    assert "nothing is not defined" in told
    assert "gone.png" in " ".join(page.requested)

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

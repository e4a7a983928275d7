"""The page of `warmstart serve` in a real browser, from click to answer to file."""

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.end_to_end.browser import CHROMIUM, Page, browser
from tests.end_to_end.test_report_in_browser import CONTRAST, WIDER
from tests.unit.cli.conftest import SMALL, write_photos

from warmstart import load_predictor
from warmstart.cli.main import main

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,
    reason="needs a browser on PATH: chromium, chromium-browser or google-chrome",
)
PHONE, DESKTOP = 390, 1280
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
READY = "document.getElementById('about').textContent.includes('classes')"
VERDICT = "document.getElementById('verdict').textContent"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and a model of them."""
    home = tmp_path_factory.mktemp("served")
    words = ["train", str(home / "photos"), "--lr", "0.01", *SMALL, "--out", str(home / "run")]
    write_photos(home / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMSTART_CACHE", str(home / "cache"))
        with pytest.raises(SystemExit):
            main(words)
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Where a server of its own process listens; Ctrl-C ends it in peace."""
    words = ["serve", str(home / "run" / "model"), "--port", "0"]
    code = f"from warmstart.cli.main import main; main({words!r})"
    source = str(Path(__file__).resolve().parents[2] / "src")
    server = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": source}, cwd=home,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    found = ADDRESS.match(server.stdout.readline())
    assert found is not None, server.communicate()
    before = sorted(home.rglob("*"))
    yield found[0]
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=60)
    assert server.returncode == 130
    assert err.endswith("\nStopped.\n")
    assert "photo" not in out
    assert sorted(home.rglob("*")) == before, "something of the pictures was kept"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser") / "profile") as opened:
        opened.ask("DOM.enable")
        yield opened


def test_from_click_to_answer(page: Page, address: str, home: Path) -> None:
    page.complaints.clear()
    page.requested.clear()
    photo = home / "photos" / "cat" / "03.png"
    page.visit(address, width=DESKTOP)
    page.wait_for(READY)
    page.choose_files("#files", [photo])
    page.wait_for("document.querySelectorAll('#bars li').length === 2")
    wanted = load_predictor(home / "run" / "model").predict(photo)
    (name,) = wanted.answers[0]
    assert page.value(VERDICT) == name
    first = page.value("document.querySelector('#bars li').textContent")
    assert first == f"{name}{100 * wanted.probabilities.max():.1f} %"
    heard = page.value("document.getElementById('heard').textContent")
    assert heard.startswith(f"03.png: {name}, ")
    assert page.complaints == []
    assert all(url.startswith((address, "blob:", "data:")) for url in page.requested)


def test_where_it_looked_is_shown_by_a_click_and_a_key(
    page: Page, address: str, home: Path
) -> None:
    page.visit(address, width=DESKTOP)
    page.wait_for(READY)
    page.choose_files("#files", [home / "photos" / "dog" / "01.png"])
    page.wait_for("document.getElementById('explaining').hidden === false")
    plain = page.value("document.getElementById('picture').src")
    page.click("#explain")
    told = "document.getElementById('explained-class').textContent"
    page.wait_for(told)
    pressed = "document.getElementById('explain').getAttribute('aria-pressed')"
    if page.value(pressed) == "true":  # at 32 pixels there may be no map to show
        assert page.value("document.getElementById('picture').src") != plain
        page.press("l")
        page.wait_for(f"{pressed} === 'false'")
        assert page.value("document.getElementById('picture').src") == plain
    else:
        assert "no places in it" in page.value(told)


def test_many_at_once_a_table_keys_and_a_csv(
    page: Page, address: str, home: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "=broken.jpg"
    broken.write_bytes(b"no picture")
    photos = [home / "photos" / kind / f"{n:02d}.png" for n in range(12) for kind in ("cat", "dog")]
    page.visit(address, width=DESKTOP)
    page.wait_for(READY)
    page.choose_files("#files", [*photos, broken])
    page.wait_for("!document.getElementById('download').disabled")
    assert page.value("document.querySelectorAll('#rows tr').length") == 25
    status = page.value("document.getElementById('status').textContent")
    assert status == "24 pictures answered, 1 could not be read"
    current = "[...document.querySelectorAll('#rows tr')].findIndex(r => r.ariaCurrent === 'true')"
    assert page.value(current) == 0
    for key, code, place in (("ArrowDown", 40, 1), ("ArrowDown", 40, 2), ("ArrowUp", 38, 1)):
        page.press(key, code=code)
        assert page.value(current) == place
    page.click("#rows tr:last-child .open")
    assert page.value(VERDICT).startswith("No answer")
    page.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "down"))
    page.click("#download")
    file = tmp_path / "down" / "predictions.csv"
    until = time.monotonic() + 30
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    wanted = load_predictor(home / "run" / "model").predict(photos)
    assert [row["name"] for row in rows] == [photo.name for photo in photos]
    for row, answer, shares in zip(rows, wanted.answers, wanted.probabilities, strict=True):
        assert row["predicted"] == answer[0]
        assert [float(row[name]) for name in wanted.classes] == shares.tolist()
    page.click("#clear")
    assert page.value("document.querySelectorAll('#rows tr').length") == 0


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_it_fits_and_can_be_read(
    page: Page, address: str, home: Path, width: int, is_dark: bool
) -> None:
    page.visit(address, width=width, is_dark=is_dark)
    page.wait_for(READY)
    page.choose_files("#files", [home / "photos" / "cat" / f"{n:02d}.png" for n in range(3)])
    page.wait_for("!document.getElementById('download').disabled")
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value(WIDER) == []
    assert page.value(CONTRAST) == []

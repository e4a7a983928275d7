"""The page of `warmstart export --to web` in a real browser.

It needs onnxruntime-web, which is not in the repository: WARMSTART_ORT_WEB names the file that
``npm pack onnxruntime-web`` writes, or the package's folder. Without it these tests are skipped;
tests/unit/export/test_web_folder.py tests the folder itself anywhere.
"""

import csv
import http.server
import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.end_to_end.browser import CHROMIUM, Page, browser
from tests.end_to_end.test_report_in_browser import CONTRAST, WIDER

from warmstart import ConvLearner, ImageClassifierData, Predictor, tfms_from_model
from warmstart.results.decision_rule import DecisionRule

RUNTIME = os.environ.get("WARMSTART_ORT_WEB", "")
pytestmark = [
    pytest.mark.skipif(
        not RUNTIME,
        reason="needs onnxruntime-web: npm pack it, and name the file in WARMSTART_ORT_WEB",
    ),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium or Chrome on PATH"),
]
NAMES = ["<script>alert(1)</script>", 'dog & "co"']
PHONE, DESKTOP = 390, 1280
READY = "document.getElementById('about').textContent.includes('classes')"
VERDICT = "document.getElementById('verdict').textContent"
DONE = "!document.getElementById('download').disabled"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> ConvLearner:
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (24, 40, 56, 3), np.uint8)
    labels = np.arange(24) % 2
    photos[labels == 1, :, :28] //= 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMSTART_CACHE", str(tmp_path_factory.mktemp("cache")))
        data = ImageClassifierData.from_arrays(
            trn=(photos, labels), val=(photos, labels), tfms=tfms_from_model("test_resnet", 32),
            classes=NAMES, quiet=True,
        )  # fmt: skip
        learn = ConvLearner.pretrained(
            "test_resnet", data, pretrained=False, quiet=True, precision="f32", seed=0
        )
        learn.fit_head("logistic")
    return learn


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Plain, lying on its side, with alpha, of one pixel, large."""
    home = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (40, 56, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(home / "plain.png")
    Image.fromarray(pixels).save(home / "turned.jpg", quality=95, exif=exif)
    layers = random.integers(0, 256, (40, 56, 4), np.uint8)
    Image.fromarray(layers, "RGBA").save(home / "alpha.png")
    Image.fromarray(pixels[:1, :1]).save(home / "pixel.png")
    large = Image.fromarray(pixels).resize((1600, 1203), Image.Resampling.BICUBIC)
    large.save(home / "large.jpg", quality=90)
    return sorted(home.iterdir())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address(learner: ConvLearner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    learner.export(folder, "web", ort=RUNTIME)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser") / "profile") as opened:
        opened.ask("DOM.enable")
        yield opened


def test_from_click_to_the_answers_of_python(
    page: Page, address: str, learner: ConvLearner, photos: list[Path], tmp_path: Path
) -> None:
    page.complaints.clear()
    page.requested.clear()
    page.visit(address, width=DESKTOP)
    page.wait_for(READY)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    page.choose_files("#files", [*photos, broken])
    page.wait_for(DONE)
    status = page.value("document.getElementById('status').textContent")
    assert status == f"{len(photos)} pictures answered, 1 could not be read"
    page.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "down"))
    page.click("#download")
    file = tmp_path / "down" / "predictions.csv"
    until = time.monotonic() + 30
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    wanted = learner.predictor().predict(photos)
    for row, name, answer, shares in zip(
        rows, photos, wanted.answers, wanted.probabilities, strict=True
    ):
        found = np.array([float(row[each]) for each in NAMES])
        exact = name.name in {"plain.png", "pixel.png"}  # decoders of JPEG differ, and alpha rounds
        assert np.abs(found - shares).max() < (1e-3 if exact else 2e-2), name
        assert row["predicted"] == answer[0]
    assert page.complaints == []
    assert all(url.startswith((address, "blob:", "data:")) for url in page.requested)


def test_names_of_classes_are_text(page: Page, address: str, photos: list[Path]) -> None:
    page.visit(address, width=DESKTOP)
    page.wait_for(READY)
    page.choose_files("#files", photos[-2:-1])
    page.wait_for("document.querySelectorAll('#bars li').length === 2")
    assert page.value("document.querySelectorAll('main script').length") == 0
    assert page.value(VERDICT) in NAMES
    heard = page.value("document.getElementById('heard').textContent")
    assert page.value(VERDICT) in heard


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_unknown_and_thresholds_are_those_of_the_model(
    page: Page, learner: ConvLearner, photos: list[Path], tmp_path: Path, is_multi_label: bool
) -> None:
    plain = learner.predictor()
    rule = DecisionRule(1.0, thresholds=(0.9999, 0.9999)) if is_multi_label else DecisionRule(
        1.0, unknown_below=0.9999999
    )  # fmt: skip
    card = replace(plain.card, answering=rule, is_multi_label=is_multi_label)
    asked = Predictor(plain.members, card)
    photo = next(file for file in photos if file.name == "plain.png")
    wanted = asked.predict([photo])
    asked.export(tmp_path / "page", "web", ort=RUNTIME, check=[photo])
    with served(tmp_path / "page") as address:
        page.visit(address, width=DESKTOP)
        page.wait_for(READY)
        page.choose_files("#files", [photo])
        page.wait_for("document.querySelectorAll('#bars li').length === 2")
        said = page.value(VERDICT)
    assert page.value("document.querySelectorAll('.threshold').length") == 2 * is_multi_label
    if is_multi_label:
        assert wanted.answers[0] == ()
        assert said.startswith("none of its classes")
    else:
        assert wanted.is_unknown.all()
        assert said.startswith("unknown")
        assert "the nearest: " in said


def test_nothing_can_be_sent_anywhere(page: Page, address: str) -> None:
    page.visit(address, width=DESKTOP)
    page.wait_for(READY)
    page.value(
        "window.sent = null;"
        "fetch('http://127.0.0.2:9/').then(() => { sent = 'yes'; }, () => { sent = 'no'; })"
        ";document.addEventListener('securitypolicyviolation', e => window.kept = e.blockedURI); 0"
    )
    page.wait_for("window.sent !== null")
    assert page.value("window.sent") == "no"
    assert page.value("window.kept") == "http://127.0.0.2:9/"


def test_a_file_that_was_double_clicked_says_how_to_open_it(page: Page, tmp_path: Path) -> None:
    from warmstart.export.web_folder import page_parts

    for name, content in page_parts().items():
        (tmp_path / name).write_bytes(content)
    page.open(tmp_path / "index.html", width=PHONE)
    page.wait_for("getComputedStyle(document.getElementById('unopened')).visibility === 'visible'")
    assert "http.server" in page.value("document.getElementById('unopened').innerText")


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_it_fits_and_can_be_read(
    page: Page, address: str, photos: list[Path], width: int, is_dark: bool
) -> None:
    page.visit(address, width=width, is_dark=is_dark)
    page.wait_for(READY)
    page.choose_files("#files", photos)
    page.wait_for(DONE)
    assert page.value(WIDER) == []
    assert page.value(CONTRAST) == []

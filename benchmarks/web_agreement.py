"""Does the page of `export --to web` say in a real browser what Python says?

``python benchmarks/web_agreement.py MODEL PACKAGE FOLDER [--num 100] [--num-some 10]`` exports a
model folder to a page, with onnxruntime-web from PACKAGE (what ``npm pack onnxruntime-web`` wrote),
gives it from a loopback web server to a headless Chromium, chooses photos there, and reads the CSV
that a person would download. Each answer is compared with Python's in f32. As files, so that
Chromium decodes them; and as PNG of the pixels that Python decoded, so that what is left is what
the runtime does. A colour profile, alpha and 12 megapixels are cases of their own, of the photos
that Python is least sure of; for the last, what Python says of the whole picture is there too.
"""

import argparse
import csv
import http.server
import io
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from measure import REPO, write
from PIL import Image

from warmstart import load_predictor
from warmstart.data.listing import list_images
from warmstart.images.decode import decode
from warmstart.images.image_file import encode_array
from warmstart.inference.checking import enlarged
from warmstart.inference.export_source import ExportOptions, exported
from warmstart.inference.exportable import export_source

sys.path.insert(0, str(REPO))
from tests.end_to_end.browser import Page, browser

READY = "document.getElementById('about').textContent.includes('classes')"
DONE = "!document.getElementById('download').disabled"
LARGE = "12 megapixels"
WIDE = ((0.515, 0.241, -0.001), (0.292, 0.692, 0.042), (0.157, 0.067, 0.784))  # Display P3, D50


def main() -> None:
    """Export, open, choose, download, compare, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("package", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--num", type=int, default=100)
    parser.add_argument("--num-some", type=int, default=10)
    asked = parser.parse_args()
    predictor = load_predictor(asked.model, device="cpu")
    exact = export_source(predictor).predict
    every = list_images([asked.folder]).files
    files = [every[i] for i in np.linspace(0, len(every) - 1, asked.num).round().astype(int)]
    photos = [(file.name, file.read_bytes()) for file in files]
    sure = exact([content for _, content in photos]).probabilities.max(axis=1)
    cases = cases_of(photos, np.argsort(sure)[: asked.num_some].tolist())
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "page")
        options = ExportOptions(ort=asked.package)
        exported(partial(export_source, predictor), folder, "web", options, check=files[:2])
        found["folder_megabytes"] = sum(f.stat().st_size for f in folder.iterdir()) / 1e6
        with served(folder) as address, browser(Path(home, "profile")) as page:
            found["browser"] = page.ask("Browser.getVersion")["product"]
            for name, pictures in cases.items():
                place = Path(home, name)
                began = time.perf_counter()
                rows = answered(page, address, place, pictures)
                seconds = (time.perf_counter() - began) / len(pictures)
                python = exact([content for _, content in pictures]).probabilities
                found[name] = compared(rows, python) | {"seconds per picture": seconds}
                print(name, found[name], flush=True)
            whole = [encode_array(np.array(decode(c, name))) for name, c in cases[LARGE]]
            rows = np.concatenate([exact([one]).probabilities for one in whole])
            python = exact([content for _, content in cases[LARGE]]).probabilities
            found[f"{LARGE}, whole, in Python"] = compared(rows, python)
            found["complaints"] = page.complaints
    write("web_agreement", found)


def cases_of(
    photos: list[tuple[str, bytes]], some: list[int]
) -> dict[str, list[tuple[str, bytes]]]:
    """Names and contents of each case's files; ``some`` are the least sure, which move most."""
    pixels = [np.array(decode(content, name)) for name, content in photos]
    return {
        "photos": photos,
        "the same pixels as PNG": [
            (f"{name}.png", encoded(Image.fromarray(array), "PNG"))
            for (name, _), array in zip(photos, pixels, strict=True)
        ],
        LARGE: [(f"l{photos[i][0]}", enlarged(photos[i][1], photos[i][0])) for i in some],
        "with alpha": [(f"a{i}.png", transparent(pixels[i])) for i in some],
        "with a P3 profile": [(f"p{i}.jpg", profiled(pixels[i])) for i in some],
        "lying on their side": [(f"t{i}.jpg", turned(pixels[i])) for i in some],
    }


def transparent(array: np.ndarray) -> bytes:
    """A PNG that fades from left to right."""
    alpha = np.linspace(0, 255, array.shape[1]).round().astype(np.uint8)
    layers = np.dstack([array, np.broadcast_to(alpha, array.shape[:2])])
    return encoded(Image.fromarray(layers, "RGBA"), "PNG")


def turned(array: np.ndarray) -> bytes:
    """A JPEG that EXIF says to turn."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.fromarray(array), "JPEG", quality=95, exif=exif)


def profiled(array: np.ndarray) -> bytes:
    """A JPEG whose profile says that its colours are those of a telephone's wide screen."""
    return encoded(Image.fromarray(array), "JPEG", quality=95, icc_profile=wide_profile())


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """A file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def wide_profile() -> bytes:
    """An ICC profile of version 2: the primaries of Display P3, gamma 2.2."""
    fixed = lambda *values: b"".join(struct.pack(">i", round(v * 65536)) for v in values)  # noqa: E731
    xyz = lambda values: b"XYZ \0\0\0\0" + fixed(*values)  # noqa: E731
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"P3\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    white = (0.9642, 1.0, 0.8249)
    tags = {
        b"desc": name + b"\0" * (-len(name) % 4),
        b"wtpt": xyz(white),
        b"cprt": b"text\0\0\0\0-\0\0\0",
    }
    tags |= {sign: xyz(row) for sign, row in zip((b"rXYZ", b"gXYZ", b"bXYZ"), WIDE, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    place = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for sign, value in tags.items():
        table += sign + struct.pack(">II", place + len(content), len(value))
        content += value
    head = struct.pack(
        ">I4sI4s4s4s", place + len(content), b"\0" * 4, 0x02100000, b"mntr", b"RGB ", b"XYZ "
    )
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(*white)
    return head.ljust(128, b"\0") + table + content


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Where a web server on the loopback gives a folder's files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def answered(
    page: Page, address: str, place: Path, pictures: list[tuple[str, bytes]]
) -> np.ndarray:
    """Probabilities (N, K) as the page writes them into its CSV."""
    place.mkdir()
    for name, content in pictures:
        (place / name).write_bytes(content)
    page.ask("DOM.enable")
    page.visit(address, width=1280)
    page.wait_for(READY)
    page.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(place / "down"))
    page.choose_files("#files", [place / name for name, _ in pictures])
    until = time.monotonic() + 240
    while not page.value(DONE) and time.monotonic() < until:
        time.sleep(0.2)
    page.click("#download")
    file = place / "down" / "predictions.csv"
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.2)
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert [row[0] for row in rows[1:]] == [name for name, _ in pictures]
    return np.array([row[2:] for row in rows[1:]], np.float64)


def compared(rows: np.ndarray, python: np.ndarray) -> dict[str, float]:
    """Same answers, and differences in probability."""
    apart = np.abs(rows - python).max(axis=1)
    return {
        "same": int((rows.argmax(1) == python.argmax(1)).sum()),
        "of": len(rows),
        "largest": float(apart.max()),
        "median": float(np.median(apart)),
    }


if __name__ == "__main__":
    main()

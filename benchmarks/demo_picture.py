"""The picture of the README: `warmstart demo` as it runs here, and the top of the report it writes.

Needs Chromium. Run: python benchmarks/demo_picture.py
"""

import html
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "assets" / "demo.png"
COLUMNS = 74
SIZE = (1440, 760)  # CSS pixels
SHARPNESS = 1.5  # device pixels in one
NUM_COLOURS = 128
START = "from warmstart.cli.main import main; main()"
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; width: {width}px; height: {height}px; display: flex; gap: 24px; padding: 24px;
  box-sizing: border-box; background: #d9e2e3; }}
pre, iframe {{ margin: 0; border: 0; border-radius: 8px; box-shadow: 0 4px 24px #0003; }}
pre {{ flex: 0 0 640px; box-sizing: border-box; padding: 20px 22px; overflow: hidden;
  white-space: pre-wrap;
  background: #14191f; color: #d7dde3; font: 13px/1.45 "DejaVu Sans Mono", monospace; }}
iframe {{ flex: 1; background: white; zoom: 0.75; }}
</style><pre>{terminal}</pre><iframe src="{report}"></iframe>"""


def main() -> None:
    """Run the demo in a temporary folder, lay both beside each other, and take the picture."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert chromium, "Chromium is not installed"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        printed = demo(folder)
        report = next(folder.rglob("report.html"))
        page = folder / "picture.html"
        width, height = SIZE
        page.write_text(
            PAGE.format(
                width=width, height=height, terminal=as_html(printed), report=report.as_uri()
            ),
            encoding="utf-8",
        )
        subprocess.run(
            [
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--allow-file-access-from-files", "--virtual-time-budget=5000",
                f"--force-device-scale-factor={SHARPNESS}", f"--window-size={width},{height}",
                f"--screenshot={folder / 'picture.png'}", page.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        with Image.open(folder / "picture.png") as picture:
            small = picture.convert("RGB").quantize(NUM_COLOURS, dither=Image.Dither.NONE)
            small.save(PICTURE, optimize=True)
    print(PICTURE, PICTURE.stat().st_size)


def demo(folder: Path) -> str:
    """What the demo prints, with its colours."""
    done = subprocess.run(
        [sys.executable, "-c", START, "demo"],
        cwd=folder, check=True, capture_output=True, text=True,
        env=os.environ
        | {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "WARMSTART_CACHE": str(folder / "cache")},
    )  # fmt: skip
    return f"$ warmstart demo\n{done.stdout}"


def as_html(printed: str) -> str:
    """Text with the terminal's colours → HTML with the same."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(printed), soft_wrap=True)
    return console.export_html(inline_styles=True, code_format="{code}") or html.escape(printed)


if __name__ == "__main__":
    main()

"""Names in any script; these hold on machines with fonts for them, and without."""

import base64
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from IPython.core import formatters, pylabtools
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from PIL import Image

from warmstart.plots import fonts
from warmstart.plots.confusion import plot_confusion
from warmstart.plots.figure import finished, svg_of
from warmstart.plots.pictures import plot_gallery

SCRIPTS = ("猫", "कुत्ता", "قطة", "😀 smile", "👨‍👩‍👧", "ｶﾀｶﾅ", "한국", "a\u0301")


def texts_of(figure: object) -> set[str]:
    found = figure.findobj(Text)  # type: ignore[attr-defined]
    return {text.get_text() for text in found} - {""}


def drawn(classes: tuple[str, ...], path: Path) -> tuple[object, list[str]]:
    """A matrix of so many classes, drawn, and what was warned of."""
    counts = np.eye(len(classes), dtype=np.int64) * 5
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure = plot_confusion(counts, classes, path)
    return figure, [str(each.message) for each in told]


@pytest.fixture
def without_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if only matplotlib's own fonts were there."""
    monkeypatch.setattr(fonts, "sign_font", lambda _sign: "")


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_sign_is_drawn_as_a_box(name: str, tmp_path: Path) -> None:
    _, told = drawn((name, "dog"), tmp_path / "a.png")
    assert not [text for text in told if "Glyph" in text]
    assert len(told) <= 1


def test_an_installed_font_is_taken(tmp_path: Path) -> None:
    if not fonts.sign_font("猫"):
        pytest.skip("no font with Chinese signs is installed")
    figure, told = drawn(("猫", "狗", "向日葵"), tmp_path / "a.png")
    assert told == []
    assert {"猫", "狗", "向日葵"} <= texts_of(figure)


@pytest.mark.usefixtures("without_fonts")
def test_without_a_font_names_are_numbered_and_one_notice_says_which(tmp_path: Path) -> None:
    figure, told = drawn(("猫", "big 狗", "dog"), tmp_path / "a.png")
    assert {"[1]", "big [2]", "dog"} <= texts_of(figure)
    assert len(told) == 1
    assert "[1] is 猫; [2] is 狗" in told[0]
    assert "fonts-noto-cjk" in told[0]


@pytest.mark.usefixtures("without_fonts")
def test_captions_and_other_scripts_are_numbered_too(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    with pytest.warns(UserWarning, match="Noto Sans Devanagari"):
        figure = plot_gallery([pixels], ["कु 0.9"], tmp_path / "a.png")
    assert "[1] 0.9" in texts_of(figure)


@pytest.mark.usefixtures("without_fonts")
def test_a_page_keeps_the_names_for_its_readers_fonts() -> None:
    figure = plot_confusion(np.eye(2, dtype=np.int64), ("猫", "dog"))
    assert "猫" in svg_of(figure, "matrix")


@pytest.mark.usefixtures("without_fonts")
def test_what_only_joins_signs_is_left_out_where_it_cannot_be_drawn() -> None:
    numbers: dict[str, int] = {}
    assert fonts.drawable("👨\u200d👩\ufe0f!", ("sans-serif",), numbers) == "[1]!"
    assert list(numbers) == ["👨👩"]
    assert fonts.drawable("ab", ("sans-serif",), numbers) == "ab"


def test_a_font_that_was_installed_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib lists fonts once, and keeps the list for ever."""
    entry = next(
        each
        for each in fontManager.ttflist
        if each.name == "DejaVu Sans" and each.style == "normal"
    )
    others = [each for each in fontManager.ttflist if not fonts.has_glyph(each.fname, "ظ")]
    monkeypatch.setattr(fontManager, "ttflist", others)
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [entry.fname])
    assert fonts.sign_font.__wrapped__("ظ") == "DejaVu Sans"


@pytest.mark.parametrize("has_inline", [False, True])
def test_a_figure_shows_itself_once(has_inline: bool, tmp_path: Path) -> None:
    untyped: Any = formatters
    formatter = untyped.DisplayFormatter()
    formatter.active_types = ["text/plain", "text/html", "image/png", "image/svg+xml"]
    if has_inline:
        inline: Any = pylabtools  # what the magic command calls
        inline.select_figure_formats(SimpleNamespace(display_formatter=formatter), {"png"})
    figure = finished(plot_confusion(np.eye(2, dtype=np.int64), ("cat", "dog")), None)
    bundle, _ = formatter.format(figure)
    assert set(bundle) == {"text/plain", "image/png"}
    content = bundle["image/png"]
    content = base64.b64decode(content) if isinstance(content, str) else content
    (tmp_path / "a.png").write_bytes(content)
    with Image.open(tmp_path / "a.png") as picture:
        assert min(picture.size) > 200

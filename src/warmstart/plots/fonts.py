"""Text in any script: by a font that has its signs; where none is installed, by a number.

DejaVu Sans, which matplotlib brings, has Latin, Greek, Cyrillic, Arabic and some symbols, but no
Chinese, Japanese, Korean or Indian signs.
"""

import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from warmstart.errors import first_few

GOOD = (  # of several that have a sign: drawn for screens, and even
    "Noto Sans", "Source Han Sans", "PingFang", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic",
    "Malgun Gothic", "WenQuanYi Micro Hei", "Nirmala UI", "Kohinoor", "Apple SD Gothic Neo",
)  # fmt: skip
NO_FONT = "Last Resort"  # matplotlib's own: a box for every sign
EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH"}


def make_drawable(texts: Sequence[Text], axes: Iterable[Axis]) -> None:
    """Give texts fonts for all of their signs; signs that no font has are numbered, and that told.

    Args:
        texts: All those of a figure.
        axes: Whose labels at fixed ticks are texts too, which each drawing sets anew.
    """
    undrawable: dict[str, int] = {}
    for axis in axes:
        labels = [label.get_text() for label in axis.get_ticklabels()]
        if isinstance(axis.get_major_locator(), FixedLocator) and not "".join(labels).isascii():
            families = families_of(axis.get_ticklabels()[0])
            drawn = [drawable(label, families, undrawable) for label in labels]
            if drawn != labels:
                axis.set_ticklabels(drawn)
    for text in texts:
        if not text.get_text().isascii():
            families = families_of(text)
            more = [sign_font(sign) for sign in absent(text.get_text(), families)]
            chosen = tuple(dict.fromkeys(family for family in more if family))
            text.set_fontfamily([*families, *(name for name in chosen if name not in families)])
            text.set_text(drawable(text.get_text(), families, undrawable))
    if undrawable:
        warnings.warn(notice(undrawable), stacklevel=2)


def families_of(text: Text) -> tuple[str, ...]:
    """The fonts that a text names, the first one that has a sign being used."""
    return tuple(text.get_fontfamily())


def drawable(text: str, families: tuple[str, ...], undrawable: dict[str, int]) -> str:
    """A text of which every sign can be drawn.

    Args:
        text: What it says.
        families: Fonts that it names itself.
        undrawable: Signs in a row that no font has, and their numbers; those of this text come to
            them.
    """
    missing = {sign for sign in absent(text, families) if not sign_font(sign)}
    parts = []
    for is_told, run in groupby(text, lambda sign: sign in missing or is_invisible(sign)):
        signs = "".join(run)
        if is_told and not missing.isdisjoint(signs):
            seen = "".join(sign for sign in signs if not is_invisible(sign))
            number = undrawable.setdefault(seen, len(undrawable) + 1) if seen else 0
            signs = f"[{number}]" if seen else ""
        parts.append(signs)
    return "".join(parts)


def absent(text: str, families: tuple[str, ...]) -> list[str]:
    """Signs of a text that none of its own fonts has, each once, as they come."""
    signs = dict.fromkeys(sign for sign in text if not sign.isascii())
    return [sign for sign in signs if not has_sign(families, sign)]


@cache
def has_sign(families: tuple[str, ...], sign: str) -> bool:
    """Whether one of these fonts has a sign."""
    return any(
        get_font(findfont(FontProperties(family=[name]))).get_char_index(ord(sign))
        for name in families
    )


@cache
def sign_font(sign: str) -> str:
    """The name of an installed font that has a sign; "" where none has.

    Fonts that were installed after matplotlib made its list are found too.
    """
    listed = {entry.fname for entry in fontManager.ttflist}
    for place in sorted(set(findSystemFonts()) - listed):
        try:
            fontManager.addfont(place)
        except (OSError, RuntimeError, ValueError):
            continue  # a damaged one, or one in a format that FreeType here does not know
    found = {
        entry.name: entry
        for entry in fontManager.ttflist
        if entry.style == "normal" and NO_FONT not in entry.name and has_glyph(entry.fname, sign)
    }

    def rank(name: str) -> tuple[int, int, str]:
        good = next((place for place, start in enumerate(GOOD) if name.startswith(start)), 99)
        return good, abs(int(found[name].weight) - 400), name

    return min(found, key=rank, default="")


def has_glyph(place: str, sign: str) -> bool:
    """Whether a font file can draw a sign at any size; fonts of coloured bitmaps cannot."""
    try:
        font = FT2Font(place)
    except (OSError, RuntimeError):  # removed since it was listed
        return False
    return bool(font.scalable and font.get_char_index(ord(sign)) and Path(place).is_file())


def is_invisible(sign: str) -> bool:
    """Whether a sign only says how its neighbours join, or which form of them is meant."""
    return unicodedata.category(sign) == "Cf" or "VARIATION SELECTOR" in unicodedata.name(sign, "")


def notice(undrawable: dict[str, int]) -> str:
    """What is not drawn, what stands for it, and which font helps."""
    listed = first_few([f"[{number}] is {signs}" for signs, number in undrawable.items()])
    fonts = sorted({font_for(signs[0]) for signs in undrawable})
    return (
        f"no installed font can draw some names; in the picture {listed}. Fix: install "
        f"{' and '.join(fonts)}, and draw it again."
    )


def font_for(sign: str) -> str:
    """A free font that has a sign, and the package of it where that is known."""
    script = unicodedata.name(sign, "SYMBOLS").split()[0]
    if script in EAST_ASIAN:
        return "Noto Sans CJK (Debian, Ubuntu: apt install fonts-noto-cjk)"
    if unicodedata.category(sign) == "So":
        return "Noto Emoji, the one without colours"
    return f"Noto Sans {script.title()} (Debian, Ubuntu: apt install fonts-noto-core)"

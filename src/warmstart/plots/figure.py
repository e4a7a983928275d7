"""An empty figure, and where it goes."""

import io
import warnings
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text

from warmstart.arguments import new_file, refuse
from warmstart.errors import printable
from warmstart.files.writing import writing
from warmstart.plots.fonts import make_drawable

DOTS_PER_INCH = 120
ACCENT, QUIET = "#1f6feb", "#8b949e"  # both can be read on white and on black
ERROR = "#e8590c"  # beside the accent: orange and blue differ for everybody
INK = "black"  # in a page: the colour of its text


class ShownFigure(Figure):
    """A figure that a notebook shows as the value of a cell, once, whether or not pyplot is used.

    ``%matplotlib inline`` knows figures by their class and asks in the same way; pyplot, which
    shows those that it made at the end of a cell, does not know this one. Names in any script are
    drawn by the fonts that there are, unless it ``keeps_text`` for a reader's own fonts.
    """

    keeps_text = False

    def draw(self, renderer: Any) -> None:
        """Draw it, every text in fonts that have its signs."""
        if not self.keeps_text:
            make_drawable(
                [each for each in self.findobj(Text) if isinstance(each, Text)],
                [axis for axes in self.axes for axis in (axes.xaxis, axes.yaxis)],
            )
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, without pyplot: it needs no display and leaks nothing."""
    return ShownFigure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


def finished(figure: Figure, path: str | Path | None) -> Figure:
    """Write the figure if there is a path; a notebook shows what is returned.

    Args:
        figure: What was drawn.
        path: A file; its suffix says the format. Its folder is made.
    """
    if path is not None:
        place = new_file("path", path)
        formats = figure.canvas.get_supported_filetypes()
        if place.suffix and place.suffix[1:].lower() not in formats:
            refuse("path", path, "a file of " + ", ".join(formats), str(place.with_suffix(".png")))
        kind = place.suffix[1:] or str(figure.canvas.get_default_filetype())
        with writing(place) as file:
            figure.savefig(file, bbox_inches="tight", format=kind)  # else a title's edge is cut
    return figure


def escaped(name: str) -> str:
    r"""A name for a label of matplotlib, which would take a$b$c for a formula, or fail at $\x$."""
    return "\n".join(map(printable, name.split("\n"))).replace("$", r"\$")


def short_name(name: str) -> str:
    """At most 18 characters."""
    return name if len(name) <= 18 else name[:17] + "…"


def svg_of(figure: Figure, name: str) -> str:
    """An <svg> element that has the colours of the page around it, on any background.

    Text stays text, so that the reader's own fonts draw it: names in any script can be read.

    Args:
        figure: What was drawn, in INK where it shall look like text.
        name: Part of the ids within, which must differ in a page.

    Returns:
        The element, the same characters for the same figure.
    """
    file = io.StringIO()
    settings = {"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}
    with rc_context(settings), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's has it
        if isinstance(figure, ShownFigure):
            figure.keeps_text = True
        figure.savefig(
            file, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
        if isinstance(figure, ShownFigure):
            figure.keeps_text = False
    text = file.getvalue()
    element = text[text.index("<svg") :].strip().replace("#000000", "currentColor")
    for attribute in ('id="', 'href="#', "url(#"):  # else "figure_1" is in every figure
        element = element.replace(attribute, f"{attribute}{name}-")
    return element

"""An empty figure, and where it goes."""

from pathlib import Path

from matplotlib.figure import Figure

DOTS_PER_INCH = 120
ACCENT, QUIET = "#1f6feb", "#8b949e"


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, without pyplot: it needs no display and leaks nothing."""
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


def finished(figure: Figure, path: str | Path | None) -> Figure:
    """Write the figure if there is a path; a notebook shows what is returned.

    Args:
        figure: What was drawn.
        path: A file; its suffix says the format. Its folder is made.
    """
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, bbox_inches="tight")  # else a title at the edge is cut
    return figure

"""ReportContent → one HTML file."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from warmstart.errors import SettingError, printable
from warmstart.files.reading import read_text
from warmstart.files.writing import write_whole
from warmstart.metrics.scores import Scores, main_score, words_of
from warmstart.plots.figure import finished
from warmstart.plots.pictures import plot_gallery
from warmstart.report.advice import FEWEST_ANSWERS, advice_of
from warmstart.report.choice import FEWEST_MAPPED
from warmstart.report.content import ReportContent
from warmstart.report.figures import (
    PageFigure,
    confusion_figure,
    map_figure,
    more_images_figure,
    reliability_figure,
    training_figures,
)
from warmstart.report.galleries import Gallery, shown_galleries
from warmstart.report.tables import MOST_PAIRS, by_reason, counted, scores_in_words, worst_first
from warmstart.report.usage import usage_of
from warmstart.results.gallery import most_wrong
from warmstart.results.predictions import Predictions
from warmstart.terminal.waiting import waiting

MOST_CONTRADICTED = 12


@dataclass(frozen=True, eq=False)
class ReportPictures:
    """The pictures of a report, before they are put on a page or into files."""

    confusion: PageFigure | None
    reliability: PageFigure | None
    activations: PageFigure | None
    more_images: PageFigure | None
    training: list[PageFigure]
    galleries: tuple[Gallery, ...]


@dataclass(frozen=True)
class Contradicted:
    """A training image that heads which did not see it call something else."""

    name: str
    label: str
    said: str
    probability: float


def write_report(
    content: ReportContent, path: str | Path, pictures: str | Path | None = None
) -> Path:
    """Write the report.

    Args:
        content: What it shows.
        path: An HTML file; its folder is made.
        pictures: A folder that each figure and gallery is written to as a PNG file too.

    Returns:
        The file. Everything is in it: it opens from disk, without a network; a script of its own
        enlarges and filters pictures, and nothing else needs it.

    Raises:
        SettingError: the path is a folder.
    """
    place = Path(path)
    if place.is_dir():
        raise SettingError(
            f"{place} is a folder.",
            expected="the file that the report is to be written to.",
            fix=f"give {place / 'report.html'}.",
            flags=("--out", str(place / "report.html")),
        )
    with waiting("drawing figures"):
        drawing = draw_pictures(content)
    with waiting("writing the page"):
        text = page(content, drawing)
    write_whole(place, text)
    if pictures is not None:
        write_pictures(drawing, Path(pictures))
    return place


def write_pictures(drawing: ReportPictures, folder: Path) -> None:
    """Write each figure and gallery as a PNG file, for slides."""
    several = [
        drawing.confusion,
        drawing.reliability,
        drawing.activations,
        drawing.more_images,
        *drawing.training,
    ]
    for figure in several:
        if figure is not None:
            finished(figure.drawing, folder / f"{figure.name}.png")
    for number, gallery in enumerate(drawing.galleries, start=1):
        looks = [look for one in gallery.pictures for look in one.looks]
        pixels, captions = zip(*looks, strict=True)
        plot_gallery(pixels, captions, folder / f"gallery-{number}.png", title=gallery.title)


def draw_pictures(content: ReportContent) -> ReportPictures:
    """Draw everything."""
    return ReportPictures(
        confusion_figure(content),
        reliability_figure(content),
        map_figure(content),
        more_images_figure(content),
        training_figures(content),
        shown_galleries(content.predictions, content.seen),
    )


def page(content: ReportContent, pictures: ReportPictures) -> str:
    """The HTML text; the same content gives the same characters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("warmstart.report"),
        autoescape=True,  # names of files and classes are anybody's
        finalize=printable_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": percent_to_a_tenth, "number": number, "seconds": seconds}
    script = source_of("script.js")
    predictions = content.predictions
    scores = content.scores or predictions.scores()
    first, others = worst_first(scores)
    lines = scores_in_words(scores)
    titles = dict.fromkeys(title for record in content.history.records for title in record.scores)
    return environment.get_template("report.html").render(
        content=content,
        main=main_score(scores)[1],
        scores=scores,
        scores_first=[line for line in lines if line.is_first],
        scores_others=[line for line in lines if not line.is_first],
        classes_first=first,
        classes_others=others,
        pairs=[]
        if predictions.is_multi_label
        else predictions.confusion_matrix().most_confused()[:MOST_PAIRS],
        counts=counted(content.data.counts),
        exclusions=by_reason(content.data.exclusions),
        pictures=pictures,
        metrics=list(titles),
        rise=content.history.loss_rise,
        contradicted=contradicted(content.out_of_fold),
        methods=methods(scores),
        advice=advice_of(content, scores),
        usage=usage_of(content.model),
        style=Markup(source_of("style.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        classes_shown=classes_shown(predictions.classes, pictures.galleries),
        fewest_answers=FEWEST_ANSWERS,
        fewest_mapped=FEWEST_MAPPED,
    )


def printable_value(value: object) -> object:
    """A text of somebody's without signs that turn the direction of writing, or are no text."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def contradicted(predictions: Predictions | None) -> list[Contradicted]:
    """Training rows whose label the heads that did not see them believe least, worst first."""
    if predictions is None:
        return []
    found, answers = [], predictions.answers
    for row in most_wrong(predictions, MOST_CONTRADICTED).tolist():
        truth = predictions.labels[row]
        labels = np.flatnonzero(truth == 1) if predictions.is_multi_label else [truth]
        names = ", ".join(predictions.classes[int(k)] for k in labels)
        said = ", ".join(answers[row])
        highest = float(predictions.probabilities[row].max())
        found.append(Contradicted(predictions.rows[row], names, said, highest))
    return found


def methods(scores: Scores) -> dict[str, list[str]]:
    """How the intervals were found: each method, and the scores that it is of."""
    found: dict[str, list[str]] = {}
    for name, score in scores.scores.items():
        if score.low is not None:
            found.setdefault(score.method, []).append(words_of(name).title)
    return found


def classes_shown(classes: Sequence[str], galleries: Sequence[Gallery]) -> list[tuple[int, str]]:
    """Positions and names of the classes that some picture is of, or is called."""
    found = {k for one in galleries for picture in one.pictures for k in picture.groups}
    return [(k, classes[k]) for k in sorted(found)]


def source_of(name: str) -> str:
    """The text of a template that is put in as it is."""
    return read_text(Path(__file__).with_name("templates") / name)


def percent_to_a_tenth(value: float | None) -> str:
    """A share in per cent."""
    return "–" if value is None else f"{100 * value:.1f} %"


def number(value: float | None) -> str:
    """Three digits behind the point."""
    return "–" if value is None else f"{value:.3f}"


def seconds(value: float) -> str:
    """Seconds, or minutes."""
    return f"{value:.1f} s" if value < 100 else f"{value / 60:.0f} min"

"""The figures of a report, each with the words that say the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from warmstart.metrics.labelled_rows import labelled_rows
from warmstart.metrics.probability_scores import answers_of, calibration_bins, even_bins
from warmstart.plots.activation_map import plot_activation_map, two_dimensions
from warmstart.plots.curves import plot_reliability
from warmstart.plots.figure import svg_of
from warmstart.report.advice import FEWEST_ANSWERS
from warmstart.report.choice import FEWEST_MAPPED
from warmstart.report.content import ReportContent
from warmstart.results.gallery import right_and_wrong

FLAT, TALL, WIDE = (
    (4.7, 3.1),
    (4.7, 4.9),
    (6.0, 3.6),
)  # inches; two stand side by side, one fits a phone
NARROW, WIDEST = 6.0, 10.3
FEWEST_IN_GROUP = 20  # answers of a group: with fewer an interval says nothing


@dataclass(frozen=True, eq=False)
class PageFigure:
    """A matplotlib figure; ``name`` is a file's and an element's, ``alt`` what it shows in words.

    A figure that ``is_wide`` scrolls in its own box instead of being made small.
    """

    name: str
    title: str
    alt: str
    caption: str
    drawing: Any
    is_wide: bool = False

    def sized(self, width: float, height: float) -> "PageFigure":
        """The same figure, so large in inches."""
        self.drawing.set_size_inches(width, height)
        return self

    @property
    def element(self) -> Markup:
        """As an element of the page; matplotlib has escaped every text in it."""
        return Markup(svg_of(self.drawing, self.name))


def confusion_figure(content: ReportContent) -> PageFigure | None:
    """Shares of each true class; None where a picture may have many."""
    if content.predictions.is_multi_label:
        return None
    matrix = content.predictions.confusion_matrix()
    right, total = int(matrix.counts.trace()), int(matrix.counts.sum())
    worst = "; ".join(
        f"{number} × {true} taken for {said}" for true, said, number in matrix.most_confused()[:3]
    )
    drawing = matrix.plot()
    width, height = (float(side) for side in drawing.get_size_inches())
    return PageFigure(
        "confusion", "Confusion matrix",
        f"Confusion matrix of {len(matrix.classes)} classes: {right} of {total} right. "
        + (f"Most often confused: {worst}." if worst else "Nothing is confused."),
        "Each row is a true class, each column what was said: blue is right, orange is wrong. The "
        "stronger the colour, the larger the share of the row.",
        drawing, is_wide=width > NARROW,
    ).sized(min(width, WIDEST), height * min(width, WIDEST) / width)  # fmt: skip


def reliability_figure(content: ReportContent) -> PageFigure | None:
    """What was said against what came true; None where too few answers can say it."""
    predictions = content.predictions
    rows = labelled_rows(predictions.probabilities, predictions.labels, predictions.classes)
    said, so = answers_of(rows)
    if len(said) < FEWEST_ANSWERS:
        return None
    groups = even_bins(said, so, least=max(FEWEST_IN_GROUP, len(said) // 20), width=0.04)
    number, off = len(groups.counts), groups.num_off
    judged = f"{number - off} of {number} intervals meet the line"
    bins = calibration_bins(rows)
    return PageFigure(
        "reliability", "Are the probabilities to be believed?",
        f"Reliability diagram of {number} groups of answers with 95 % intervals; {judged}.",
        f"Each dot is a group of {int(groups.counts.min())} answers or more. On the dashed line, "
        "of answers given with 70 % probability 70 % are right; below it the model is too sure, "
        f"above it too modest. {judged}; of right probabilities, 19 in 20 do.",
        plot_reliability(
            np.stack([groups.confidence, groups.truth, groups.low, groups.high], axis=1),
            bins.counts,
            title=f"{len(said)} answers in {number} {'group' if number == 1 else 'groups'}",
        ),
    ).sized(*TALL)  # fmt: skip


def map_figure(content: ReportContent) -> PageFigure | None:
    """The activations of the judged rows in a plane; None where there are none."""
    seen, predictions = content.seen, content.predictions
    if seen.activations is None or seen.mapped is None or predictions.is_multi_label:
        return None
    if len(seen.mapped) < FEWEST_MAPPED:
        return None
    points, method = two_dimensions(seen.activations)
    wrong, labels = right_and_wrong(predictions)[1][seen.mapped], predictions.labels[seen.mapped]
    return PageFigure(
        "map", "How the network sees the images",
        f"Map of {len(points)} images by their activations ({method}), coloured by class, "
        f"{int(wrong.sum())} wrong ones ringed.",
        f"Each point is a photo; what the network finds alike lies side by side ({method}). Only "
        "who is near to whom means something: not how far groups are from each other, nor how "
        "large they are, nor the direction. A point among another class is a photo to look at, "
        "and no proof of a wrong label.",
        plot_activation_map(points, labels, wrong, predictions.classes),
    ).sized(*TALL)  # fmt: skip


def more_images_figure(content: ReportContent) -> PageFigure | None:
    """Accuracy against the number of training images; None where it was not measured."""
    curve = content.learning_curve
    if curve is None:
        return None
    return PageFigure(
        "learning-curve", "Accuracy by number of training images",
        f"Learning curve: with {curve.num_rows} images about {curve.now}, with "
        f"{curve.twice.num_rows} about {curve.twice}.",
        "Dots: heads of a part of the training images, judged by the rest, with 95 % intervals. "
        "Line: the curve fitted to them, dashed beyond all images.",
        curve.plot(),
    ).sized(*WIDE)  # fmt: skip


def training_figures(content: ReportContent) -> list[PageFigure]:
    """Loss, rates, and how the rate was found, where they are known."""
    history, found = content.history, []
    if history.step_losses:
        found.append(PageFigure(
            "loss", "Loss", f"Training loss of {len(history.step_losses)} steps, "
            "and validation loss of each epoch.", "The lower, the better the fit.",
            history.plot_loss(),
        ).sized(*FLAT))  # fmt: skip
    if history.step_lrs:
        found.append(PageFigure(
            "rates", "Learning rate, as run", "The learning rate of each step.", "",
            history.plot_lr(),
        ).sized(*FLAT))  # fmt: skip
    if content.lr_curve is not None:
        suggestion = content.lr_curve.suggestion
        found.append(PageFigure(
            "lr-find", "Learning rate, as found",
            f"Loss against learning rate; {suggestion:.2g} is suggested.",
            "Rates from small to large were tried for a step each, then the weights put back.",
            content.lr_curve.plot(),
        ).sized(*FLAT))  # fmt: skip
    return found

"""``learning_curve``: the stored rows of a frozen backbone → what more images would buy."""

from collections.abc import Mapping
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.learner.cross_validation import check_frozen, units_of
from warmstart.learner.fitting import choose_balance
from warmstart.learner.head_rows import HeadRows, chosen_logistic, gathered_rows
from warmstart.learner.inputs import targets_of
from warmstart.learner.reading import read_inputs
from warmstart.learner.state import LearnerState
from warmstart.metrics.learning_curve import (
    AccuracyEstimate,
    CurveFit,
    SubsetErrors,
    fit_learning_curve,
)
from warmstart.results.head_fit import HeadFit
from warmstart.results.learning_curve import CurvePoint, LearningCurve
from warmstart.terminal.waiting import waits
from warmstart.training.head_card import Parts
from warmstart.training.logistic_head import unit_parts
from warmstart.training.nested_subsets import SubsetRows, num_chains, subset_errors

FEWEST_UNITS = 20  # images or groups of them
FEWEST_SIZES = 2
LINE_POINTS = 30


@waits("finding what more photos would bring")
def learning_curve(learn: LearnerState, balance: str | None) -> LearningCurve:
    """Solve heads of nested subsets of the training rows, and fit a curve to what they get wrong.

    Args:
        learn: Whose backbone is frozen; it stays as it is.
        balance: None, or how rare classes are heard.
    """
    check_frozen(learn.layers, has_moved=learn.has_moved_backbone, what="learning_curve")
    if learn.data.table.is_multi_label:
        refuse_curve("an image may have many classes, and the curve is one of accuracies")
    balance = choose_balance(balance, targets_of(learn.data.table, learn.holdout).train, quiet=True)
    inputs = read_inputs(learn, ("train",), learn.precompute or True)
    places, _ = learn.holdout.split(inputs.source.table)
    units = units_of(inputs, places)
    if len(set(units)) < FEWEST_UNITS:
        refuse_curve(f"{len(set(units))} training images say too little of more of them")
    if inputs.streams(len(places)):
        refuse_curve(f"heads of {len(places):,} images, which memory cannot hold, take long")
    feature_parts = learn.feature_parts
    rows = gathered_rows(
        inputs, places, units, feature_parts, balance,
        device=learn.device, seed=learn.seed, streams=False,
    )  # fmt: skip
    parts, penalty = logistic_settings(learn, rows, feature_parts)
    subsets = SubsetRows(
        unit_parts(np.asarray(rows.activations), parts),
        rows.targets,
        rows.weights,
        units,
        rows.num_classes,
    )
    if not num_chains(subsets):
        refuse_curve(f"heads of {len(places):,} images and {rows.num_classes:,} classes take long")
    sizes = subset_errors(subsets, penalty, seed=learn.seed, device=learn.device)
    if len(sizes) < FEWEST_SIZES:
        refuse_curve("some classes have so few images that a part of the images lacks them")
    fitted = fit_learning_curve(sizes, np.unique(units, return_inverse=True)[1])
    targets = rows.targets[: rows.num_pictures]
    return curve_of(fitted, sizes, targets, learn.data.table.classes)


def refuse_curve(why: str) -> NoReturn:
    """Say why the rows cannot tell what more of them would give.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        f"no learning curve: {why}.",
        expected=f"one class per image, {FEWEST_UNITS} training images or more, several of each "
        "class, and so few that they are solved within seconds.",
        fix="take more photos of each class, or compare two runs: warmstart compare-runs A B",
    )


def logistic_settings(
    learn: LearnerState, rows: HeadRows, feature_parts: Mapping[str, Parts]
) -> tuple[Parts, float]:
    """Part of the pooled row and penalty: what ``fit_head`` found, or what it would find."""
    for fit in reversed(learn.history.head_fits):
        found = logistic_part(fit)
        if found is not None and found[0] in feature_parts:
            return feature_parts[found[0]], found[1]
    choice = chosen_logistic(rows, feature_parts, learn.device)
    return choice.parts, choice.penalty


def logistic_part(fit: HeadFit) -> tuple[str, float] | None:
    """Name of the part and penalty of the logistic head that a fit kept, or tried."""
    if fit.penalty is not None:
        return fit.features, fit.penalty
    tried = [trial for trial in fit.trials if trial.penalty is not None]
    best = min(tried, key=lambda trial: trial.loss, default=None)
    return None if best is None or best.penalty is None else (best.features, best.penalty)


def curve_of(
    fitted: CurveFit,
    sizes: list[SubsetErrors],
    targets: NDArray[np.int64],
    classes: tuple[str, ...],
) -> LearningCurve:
    """What was found, as plain data.

    Args:
        fitted: The curves that go with the errors.
        sizes: What was measured, from few rows to many.
        targets: (N,) classes of the training images.
        classes: Their names.
    """
    total = len(targets)
    along = np.geomspace(sizes[0].num_rows, 2 * total, LINE_POINTS).round().astype(int)
    gain = fitted.gain(total, 2 * total)
    wrong = np.nan_to_num(mean_of_judged(sizes[-1].wrong))
    errors = np.bincount(targets, wrong, minlength=len(classes))
    return LearningCurve(
        points=tuple(
            point(size.num_rows, measured, is_measured=True)
            for size, measured in zip(sizes, fitted.measured, strict=True)
        ),
        line=tuple(point(rows, fitted.accuracy(rows)) for rows in sorted({*along.tolist(), total})),
        now=point(total, fitted.accuracy(total)),
        twice=point(2 * total, fitted.accuracy(2 * total)),
        gain=gain.value,
        gain_low=gain.low,
        gain_high=gain.high,
        num_heads=len(sizes[-1].wrong),
        classes=classes,
        errors=tuple(errors.tolist()),
    )


def mean_of_judged(wrong: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean (N,) over the heads that judged each image; NaN where none did."""
    counts = np.isfinite(wrong).sum(axis=0)
    means: NDArray[np.float64] = np.where(
        counts > 0, np.nansum(wrong, axis=0) / np.maximum(counts, 1), np.nan
    )
    return means


def point(num_rows: int, found: AccuracyEstimate, *, is_measured: bool = False) -> CurvePoint:
    """A point of the curve."""
    return CurvePoint(num_rows, found.value, found.low, found.high, is_measured)

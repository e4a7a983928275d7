"""Temperature scaling: probabilities that say how often they are right, the answers unchanged."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.metrics.labelled_rows import content_order

LOWEST, HIGHEST = 0.02, 50.0  # beyond it a network is not badly calibrated, but broken
TINY = 1e-300  # probabilities of 0 have a logit all the same


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by: above 1 softens, below 1 sharpens.

    ``loss_before`` and ``loss_after`` are the mean cross-entropy of the ``num_rows``: at 1, and
    each fold's at the temperature that the other folds' rows fit, so that no row judges what it
    chose (law 15). ``value`` is fitted on all of them. ``reason`` says why it was left at 1, if it
    was.
    """

    value: float
    loss_before: float
    loss_after: float
    num_rows: int
    is_multi_label: bool
    reason: str | None = None

    def apply(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logits (N, K) → calibrated probabilities (N, K): softmax, or sigmoid of many labels."""
        return probabilities_of(logits / self.value, is_multi_label=self.is_multi_label)


def fit_temperature(
    logits: NDArray[np.float64], labels: NDArray[np.int64], folds: NDArray[np.int64]
) -> Temperature:
    """Find the temperature under which these labels are most probable, and keep it if it helps.

    It helps if, fold by fold, one that is fitted on the other folds' rows lowers the mean loss.

    Args:
        logits: (N, K), of rows that trained nothing and will judge nothing (law 15: out-of-fold
            training rows). ``logits_of`` makes them of probabilities.
        labels: (N,), or (N, K) of 0 and 1 for many labels; rows with -1 are left out.
        folds: (N,) numbers; what must not be parted (copies, groups) has the same.

    Returns:
        The temperature. It stays 1, with a reason, where it does not help, and where the rows
        cannot tell: if all are right, an ever sharper answer is ever better, and if the logits know
        nothing, an ever softer one.

    Reference:
        Guo et al. (2017), arXiv 1706.04599, section 4.2.

    Differs from:
        The paper, which takes a few gradient steps, and the temperature in any case: the loss has
        one minimum, found here to 1e-6.
    """
    is_multi_label = labels.ndim == 2
    known = (labels >= 0).all(axis=1) if is_multi_label else labels >= 0
    values = np.asarray(logits, np.float64)[known]
    check_logits(values, int(known.sum()))
    labels, folds = labels[known], folds[known]
    before = mean_loss(values, labels)
    value, reason = best_temperature(values, labels)
    if reason is None and len(np.unique(folds)) < 2:
        reason = f"the {len(values)} rows are in one fold: none can judge what others chose"
    if reason is not None:
        return Temperature(1.0, before, before, len(values), is_multi_label, reason)
    cooled = values.copy()
    for fold in np.unique(folds):
        held = folds == fold
        cooled[held] /= best_temperature(values[~held], labels[~held])[0]
    after = mean_loss(cooled, labels)
    if after >= before:
        value = 1.0
        reason = (
            f"fitted on other folds than it judges, it does not lower the loss of the "
            f"{len(values)} rows ({before:.4f} before, {after:.4f} after)"
        )
    return Temperature(value, before, after, len(values), is_multi_label, reason)


def best_temperature(
    logits: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[float, str | None]:
    """The temperature of the lowest mean loss of labelled rows; or 1, and why there is none."""
    from scipy.optimize import minimize_scalar  # here: it takes a second

    order = content_order(logits, labels)  # sums, and so T, forget the row order
    values, labels = logits[order], labels[order]
    reason = separated(values, labels)
    if reason is not None:
        return 1.0, reason
    found = minimize_scalar(
        lambda log_temperature: cross_entropies(values / np.exp(log_temperature), labels).mean(),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = float(np.exp(found.x))
    if LOWEST * 1.01 < value < HIGHEST / 1.01:
        return value, None
    return 1.0, f"no temperature between {LOWEST:g} and {HIGHEST:g} fits the rows"


def separated(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> str | None:
    """Why no temperature is best, if every answer is right."""
    if labels.ndim == 2:
        is_right = np.where(labels == 1, logits >= 0, logits <= 0)
    else:
        is_right = logits[np.arange(len(labels)), labels] >= logits.max(axis=1)
    if is_right.all():
        return f"all {len(labels)} rows are right: they cannot tell how sure to be"
    return None


def mean_loss(logits: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Cross-entropy in nats, a mean over rows whatever their order; of many labels over classes."""
    return math.fsum(cross_entropies(logits, labels)) / len(labels)


def cross_entropies(
    logits: NDArray[np.float64], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Cross-entropy of each row (N,) in nats; of many labels the mean over the classes."""
    if labels.ndim == 2:
        losses = np.logaddexp(0, np.where(labels == 1, -logits, logits))
        return np.asarray(losses.mean(axis=1), np.float64)
    highest = logits.max(axis=1)
    total = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return np.asarray(total - logits[np.arange(len(labels)), labels], np.float64)


def probabilities_of(logits: NDArray[np.float64], *, is_multi_label: bool) -> NDArray[np.float64]:
    """Softmax along each row (N, K), or the sigmoid of each logit, without overflow."""
    if is_multi_label:
        return np.asarray(np.exp(-np.logaddexp(0, -logits)), np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def logits_of(probabilities: NDArray[np.float64], *, is_multi_label: bool) -> NDArray[np.float64]:
    """Logits (N, K) that give these probabilities; of a softmax up to a constant per row.

    A sigmoid that is exactly 1 has lost its logit; it gets 36.7, that of the number before 1.
    """
    positive = np.maximum(np.asarray(probabilities, np.float64), TINY)
    if not is_multi_label:
        return np.asarray(np.log(positive), np.float64)
    rest = np.maximum(1 - positive, np.finfo(np.float64).epsneg)
    return np.asarray(np.log(positive) - np.log(rest), np.float64)


def check_logits(logits: NDArray[np.float64], num_known: int) -> None:
    """Refuse what no temperature can be fitted on.

    Raises:
        SettingError: no row has a label, or a logit is not finite.
    """
    if num_known == 0:
        raise SettingError(
            "no row has a label: a temperature has nothing to be fitted on.",
            expected="labelled rows that trained nothing.",
            fix="pass out-of-fold logits of the training rows, with their labels.",
        )
    broken = ~np.isfinite(logits).all(axis=1)
    if broken.any():
        raise SettingError(
            f"{int(broken.sum())} of {len(logits)} rows have a logit that is not a finite number.",
            expected="finite logits.",
            fix="pass logits_of(probabilities) if what you have are probabilities.",
        )

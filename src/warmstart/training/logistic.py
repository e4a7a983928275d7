"""Logistic regression with an L2 penalty, solved to convergence: arrays in, weights out.

One problem per fold is solved at the same time, so that every pass over the rows serves all of
them, along a path of penalties from strong to weak, each beginning where the one before ended.

What makes it fast is a change of basis. The solution lies in the span of the rows, so it is found
in the eigenbasis of their covariance (at most N of D dimensions); there each direction is scaled by
the curvature that the loss and the penalty have along it, and L-BFGS needs tens of steps where it
needs hundreds in the basis of the features (docs/experiments.md).

Reference:
    Byrd, Lu, Nocedal, Zhu (1995), SIAM J. Sci. Comput. 16, for L-BFGS-B: scipy's, which is
    scikit-learn's too (torch's would import its compiler first, 1.5 s). The objective is that of
    scikit-learn's ``LogisticRegression``: half the squared norm of the weights plus C times the sum
    of the rows' losses; the bias is free.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.training.process import limited_threads, one_blas_thread

PENALTIES = tuple(float(c) for c in np.logspace(0, 3, 7))  # C of features of length 1
NUM_RISES = 2  # the path ends after so many penalties in a row whose held-out loss is higher
TOLERANCE = 1e-6  # of the gradient of the mean loss, in the scaled basis
PATH_TOLERANCE = 1e-4  # where a loss is only to be compared: it is right to a thousandth
MOST_STEPS = 500
HISTORY = 20  # steps that L-BFGS remembers
ROUNDING = 1e-12  # a relative fall of the loss below which a step is no step
CURVATURE = 0.05  # p (1 - p) of a typical row; of 0.25, 0.05 and 0.01 it needed the fewest steps
ONE_THREAD_WORK = 100_000_000  # rows × dimensions × columns that one thread does in milliseconds
ONE_THREAD_SIDE = 1280  # of a matrix whose eigenvectors one thread finds in a second
BLOCK_NUMBERS = 2**23  # logits that are held at once
EXACT_NUMBERS = 2**26  # rows of up to so many numbers are multiplied in float64
RANK = 1e-10  # directions with less of the largest variance are rounding errors


@dataclass(frozen=True, eq=False)
class LogisticWeights:
    """``weight`` (K, D) and ``bias`` (K,), float64: logits are features @ weight.T + bias."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PenaltyPath:
    """What rows say of models that did not see them.

    ``penalties`` (P,) are the C that were tried, ``losses`` (P,) the mean loss in nats of the
    ``num_judged`` rows whose classes their model knew. ``logits`` (N, K) are those of the penalty
    with the lowest loss; NaN along rows that were not judged. ``near`` is near the weights that all
    rows have under that penalty, as ``LogisticProblem.fit`` may begin there.
    """

    penalties: tuple[float, ...]
    losses: tuple[float, ...]
    logits: NDArray[np.float64]
    num_judged: int
    near: Tensor | None

    @property
    def best(self) -> int:
        """Position of the penalty with the lowest loss."""
        return int(np.argmin(self.losses))


class LogisticProblem:
    """Rows, targets and their weights, in the basis in which they are solved."""

    def __init__(
        self,
        features: NDArray[np.floating],
        targets: NDArray[np.integer],
        num_classes: int,
        *,
        weights: NDArray[np.floating] | None = None,
        device: torch.device | None = None,
    ) -> None:
        """Change the basis.

        Args:
            features: (N, D), finite.
            targets: (N,) classes, or (N, K) of 0 and 1: then each class is a regression of its own.
            num_classes: K.
            weights: (N,) or, of many labels, (N, K): how much each loss counts; None is 1.
            device: Where it is solved; None is the CPU.
        """
        place = self.take_targets(targets, num_classes, weights, device)
        rows = torch.from_numpy(np.ascontiguousarray(features)).to(place, torch.float32)
        self.num_rows, self.mean = len(rows), rows.mean(dim=0)
        with limited_threads(1 if min(rows.shape) <= ONE_THREAD_SIDE else None):
            self.rows, self.basis, self.variances, self.spanned = eigenbasis(rows - self.mean)

    def take_targets(
        self,
        targets: NDArray[np.integer],
        num_classes: int,
        weights: NDArray[np.floating] | None,
        device: torch.device | None,
    ) -> torch.device:
        """Keep all but the rows; gives where it is solved."""
        place = device or torch.device("cpu")
        if place.type == "mps":  # it has no float64
            place = torch.device("cpu")
        self.device, self.num_classes = place, num_classes
        self.targets = torch.from_numpy(np.asarray(targets, np.int64)).to(place)
        self.is_multi_label = self.targets.ndim == 2
        self.weights = None
        if weights is not None:
            self.weights = torch.from_numpy(np.asarray(weights)).to(place, torch.float32)
        return place

    def blocks(self, num_vectors: int) -> Iterator[tuple[slice, Tensor]]:
        """All rows in order, a block (B, …) at a time, for products with so many vectors."""
        block = max(1, BLOCK_NUMBERS // num_vectors)
        for begin in range(0, self.num_rows, block):
            part = slice(begin, begin + block)
            yield part, self.rows[part]

    def to_rows(self, vectors: Tensor) -> Tensor:
        """Vectors (J, R) of the eigenbasis as those that ``blocks`` are multiplied by, float32."""
        return vectors.float()

    def to_basis(self, sums: Tensor) -> Tensor:
        """Sums (J, …) of rows of ``blocks`` as vectors (J, R) of the eigenbasis, float64."""
        return sums.double()

    def threads(self, num_problems: int) -> AbstractContextManager[None]:
        """One compute thread where a pass over the rows is short.

        Then others would gain little, lose much while the machine is busy with something else, and
        make the bits depend on their number.
        """
        work = self.num_rows * len(self.variances) * num_problems * self.num_classes
        return limited_threads(1 if work <= ONE_THREAD_WORK else None)

    def path(
        self, folds: NDArray[np.integer], penalties: Sequence[float] = PENALTIES
    ) -> PenaltyPath:
        """Judge penalties by rows that did not train.

        Args:
            folds: (N,) the fold that each row judges, from 0; -1 trains in all of them.
            penalties: C, growing. The path ends early once the loss only rises.

        Returns:
            The losses; with no row that can be judged they are NaN, and no penalty is better than
            another.
        """
        numbers = torch.from_numpy(np.asarray(folds, np.int64)).to(self.device)
        num_folds = int(folds.max(initial=-1)) + 1
        trains = numbers[None, :] != torch.arange(num_folds, device=numbers.device)[:, None]
        judged = self.known(numbers, trains)
        losses: list[float] = []
        best, near, start = torch.empty(0), None, None
        if not bool(judged.any()):
            nothing = np.full((len(numbers), self.num_classes), np.nan)
            losses = [float("nan")] * len(penalties)
            return PenaltyPath(tuple(penalties), tuple(losses), nothing, 0, None)
        for penalty in penalties:
            with self.threads(num_folds):
                start = self.solve(penalty, trains, start, PATH_TOLERANCE)
            logits = self.out_of_fold(start, numbers, num_folds)
            losses.append(self.loss(logits, judged))
            if losses[-1] <= min(losses):
                best, near = logits, start
            if len(losses) > NUM_RISES and min(losses[-NUM_RISES:]) > min(losses):
                break
        found = np.full((len(numbers), self.num_classes), np.nan)
        found[judged.cpu().numpy()] = best[judged].double().cpu().numpy()
        if near is not None:
            near = near.view(num_folds, self.num_classes, -1).mean(dim=0)
        return PenaltyPath(
            tuple(penalties[: len(losses)]), tuple(losses), found, int(judged.sum()), near
        )

    def fit(self, penalty: float, near: Tensor | None = None) -> LogisticWeights:
        """Solve on all rows.

        Args:
            penalty: C, above 0: the smaller, the smaller the weights.
            near: Where to begin, from ``path``; None is at 0.
        """
        trains = torch.ones((1, self.num_rows), dtype=torch.bool, device=self.device)
        with self.threads(1):
            solution = self.solve(penalty, trains, near, TOLERANCE)
        weight = self.in_features(solution[:, :-1])
        bias = solution[:, -1] - weight @ self.mean.double()
        return LogisticWeights(weight.cpu().numpy().copy(), bias.cpu().numpy().copy())

    def in_features(self, vectors: Tensor) -> Tensor:
        """Vectors (K, R) of the eigenbasis as vectors (K, D) of the features, float64.

        The basis of few rows is a product of them; to multiply it out, for K vectors of it, would
        take as long as finding it.
        """
        if self.spanned is None:
            return vectors @ self.basis.T
        return ((vectors @ self.basis.T).to(self.spanned.dtype) @ self.spanned).double()

    def solve(
        self, penalty: float, trains: Tensor, start: Tensor | None, tolerance: float
    ) -> Tensor:
        """Weights and, last, biases (F · K, R + 1) of F problems, in the eigenbasis.

        Args:
            penalty: C.
            trains: (F, N) whether a row trains a problem.
            start: Where to begin; None is at 0.
            tolerance: The largest gradient that is left.

        Returns:
            float64.
        """
        from scipy.optimize import minimize  # here: it takes a while, and most commands need none

        counts = trains.sum(dim=1).double().clamp(min=1)
        if start is None:
            num_vectors = len(trains) * self.num_classes
            start = self.variances.new_zeros((num_vectors, len(self.variances) + 1))
        curvature = CURVATURE * self.variances + 1 / (penalty * counts.mean())
        scale = torch.cat([curvature, curvature.new_tensor([CURVATURE])]).rsqrt()

        def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            point = torch.from_numpy(flat).view(start.shape).to(scale.device)
            loss, gradient = self.objective(point * scale, trains, counts, penalty)
            return float(loss), (gradient * scale).view(-1).cpu().numpy()

        with one_blas_thread(), torch.inference_mode():
            found = minimize(
                objective,
                (start / scale).view(-1).cpu().numpy(),
                jac=True,
                method="L-BFGS-B",
                options={
                    "gtol": tolerance,
                    "ftol": ROUNDING,
                    "maxiter": MOST_STEPS,
                    "maxfun": 2 * MOST_STEPS,
                    "maxcor": HISTORY,
                },
            )
            return torch.from_numpy(found.x).view(start.shape).to(scale.device) * scale

    def objective(
        self, solution: Tensor, trains: Tensor, counts: Tensor, penalty: float
    ) -> tuple[Tensor, Tensor]:
        """Sum over the problems of mean loss plus penalty, and its gradient, like ``solution``.

        A vector is a row here, so that both products are of a few rows and many columns: five
        times as fast on a CPU as the other way round.
        """
        num_problems, num_classes = len(trains), self.num_classes
        shrink = (1 / (penalty * counts)).repeat_interleave(num_classes)[:, None]
        weights = solution[:, :-1]
        loss = 0.5 * (shrink * weights.square()).sum()
        gradient = torch.cat([shrink * weights, torch.zeros_like(solution[:, -1:])], dim=1)
        vectors, biases = self.to_rows(weights), solution[:, -1:].float()
        for part, rows in self.blocks(len(solution)):
            logits = (vectors @ rows.T + biases).view(num_problems, num_classes, -1)
            shares = trains[:, part] / counts[:, None]
            losses, slopes = self.losses(logits, part)
            loss = loss + (losses.double().sum(dim=1) * shares).sum()
            slopes = (slopes * shares.float()[:, None, :]).view(len(solution), -1)
            gradient[:, :-1] += self.to_basis(slopes @ rows)
            gradient[:, -1] += slopes.sum(dim=1).double()
        return loss, gradient

    def losses(self, logits: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        """Losses (F, 1 or K, B) of logits (F, K, B), and their slopes (F, K, B)."""
        targets = self.targets[part]
        weights = None if self.weights is None else self.weights[part].movedim(0, -1)[None]
        if self.is_multi_label:
            wanted = targets.T[None].to(logits.dtype)
            losses = torch.nn.functional.softplus(logits) - wanted * logits
            slopes = logits.sigmoid() - wanted
        else:
            totals = logits.logsumexp(dim=1, keepdim=True)
            places = targets[None, None, :].expand(len(logits), 1, -1)
            losses = totals - logits.gather(1, places)
            slopes = (logits - totals).exp_()
            slopes.scatter_add_(1, places, -torch.ones_like(losses))
        if weights is not None:  # (1, B) or (1, K, B)
            losses, slopes = losses * weights, slopes * weights
        return losses, slopes

    def known(self, folds: Tensor, trains: Tensor) -> Tensor:
        """(N,) whether a row judges a model that has seen its class."""
        judges = folds >= 0
        if self.is_multi_label:
            return judges
        seen = torch.zeros((len(trains), self.num_classes), dtype=torch.bool, device=folds.device)
        for fold, rows in enumerate(trains):
            seen[fold, self.targets[rows]] = True
        judges[judges.clone()] = seen[folds[judges], self.targets[judges]]
        return judges

    def out_of_fold(self, solution: Tensor, folds: Tensor, num_folds: int) -> Tensor:
        """Logits (N, K) of each row by the problem that did not see it; 0 where none judges it."""
        vectors = solution.float().view(num_folds, self.num_classes, -1)
        found = self.rows.new_zeros((len(self.rows), self.num_classes))
        for fold in range(num_folds):
            rows = folds == fold
            found[rows] = self.rows[rows] @ vectors[fold, :, :-1].T + vectors[fold, :, -1]
        return found

    def loss(self, logits: Tensor, judged: Tensor) -> float:
        """Mean loss of the judged rows; of many labels the sum over classes, divided by K."""
        everything = slice(0, len(logits))
        losses = self.losses(logits.T[None], everything)[0][:, :, judged].double()
        return float(losses.mean())


def eigenbasis(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Centred rows in the eigenbasis of their covariance.

    Args:
        rows: (N, D), of mean 0.

    Returns:
        Rows (N, R) float32; the basis (D, R) and the variance (R,) along each direction, float64;
        and None. Where there are fewer rows than dimensions, the basis is given as weights (N, R)
        of rows, and these rows (N, D) come last.
    """
    num_rows, num_features = rows.shape
    exact = rows.double() if rows.numel() <= EXACT_NUMBERS else rows
    is_wide = num_rows < num_features
    vectors, values = eigenvectors((exact @ exact.T if is_wide else exact.T @ exact).double())
    if is_wide:
        lengths = values.sqrt()
        return (vectors * lengths).float(), vectors / lengths, values / num_rows, exact
    return rows @ vectors.float(), vectors, values / num_rows, None


def eigenvectors(products: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (D, R) and values (R,) of a symmetric matrix, but for those of rounding errors."""
    values, vectors = torch.linalg.eigh(products)
    kept = values > max(float(values[-1]) * RANK, torch.finfo(torch.float64).tiny)
    return vectors[:, kept], values[kept]

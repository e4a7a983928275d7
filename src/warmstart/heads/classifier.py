"""The head as an estimator of scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from warmstart.activations.frozen_part import resolve_device
from warmstart.arguments import Reader, one_of, optional, real, seed, whole
from warmstart.errors import SettingError
from warmstart.heads.arrays import ArrayInputs, fit_logistic, resolve_feature_parts
from warmstart.metrics.labelled_rows import LIKELY
from warmstart.results.head_fit import HEADS
from warmstart.training.head import DROPOUTS, HIDDEN_SIZES, build_head, dropouts_of
from warmstart.training.head_card import HeadCard
from warmstart.training.loop import fit
from warmstart.training.objective import Targets
from warmstart.training.probabilities import probabilities
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

BOTH = {"head", "seed", "device"}
READERS: dict[str, Reader[Any]] = {
    "C": optional(real(1.0, above=0)),
    "xtra_fc": HIDDEN_SIZES,
    "ps": DROPOUTS,
    "lr": real(0.01, least=0),
    "wds": real(0.03, least=0),
    "bs": whole(2, example=64),
    "seed": seed,
}
LOGISTIC = BOTH | {"C", "parts"}


class HeadClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # they have no types
    """The head that ``ConvLearner`` trains, on arrays of activations.

    Parameters are called as in ``ConvLearner.pretrained`` and ``fit``, so what a search finds can
    be passed on. Where y is (N, K) of 0 and 1, rows may have many labels.

    Args:
        head: "mlp"; or "logistic": rows divided by their length, then logistic regression, solved.
            It uses ``C``, ``parts``, ``seed`` (of the folds) and ``device``, the MLP all but the
            first two; a parameter that the head does not use has to keep its default.
        C: Inverse of the penalty on the weights of features of length 1. None chooses it by log
            loss on five folds inside ``fit``; ``fit`` knows of no groups, only equal rows share
            a fold.
        parts: Columns that are used, as pairs (first, last + 1), each part divided by its own
            length. None is all as one part. Rows from ``learn.activations_of`` are maximum and
            average: parts=((1280, 2560),) is the average alone, of 2,560 columns, which is usually
            better.
        xtra_fc: Sizes of the hidden layers.
        ps: Dropout before the last layer, half of it before the others; or one per layer.
        lr: Learning rate.
        wds: Weight decay.
        n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
        cycle_len: Epochs of the first cycle; the rate falls along half a cosine in each.
        cycle_mult: Each cycle is so many times as long as the one before.
        bs: Rows per batch.
        opt: "sgd" (momentum 0.9) or "adamw".
        label_smoothing: Share of the target that is spread over the classes.
        seed: What initial weights, batches and dropout depend on; or folds.
        device: "auto", "cpu", "cuda" or "mps".

    Example:
        Activations are those of ``X, y = learn.activations_of("train")``; here they are made up.

        >>> import numpy as np
        >>> from sklearn.model_selection import GridSearchCV
        >>> y = np.repeat(["cat", "dog"], 30)
        >>> X = np.random.default_rng(0).normal(size=(60, 8)) + 3 * (y == "dog")[:, None]
        >>> search = GridSearchCV(HeadClassifier(head="logistic"), {"C": [1.0, 100.0]}, cv=3)
        >>> print(search.fit(X, y).predict(X[[0, -1]]))
        ['cat' 'dog']
    """

    def __init__(  # noqa: PLR0913 - scikit-learn wants every parameter by name
        self,
        *,
        head: str = "mlp",
        C: float | None = None,  # noqa: N803 - as in LogisticRegression
        parts: Sequence[Sequence[int]] | None = None,
        xtra_fc: Sequence[int] = (512,),
        ps: float | Sequence[float] = 0.5,
        lr: float = 0.01,
        wds: float = 0.0,
        n_cycle: int = 1,
        cycle_len: int | None = 10,
        cycle_mult: int = 1,
        bs: int = 64,
        opt: str = "sgd",
        label_smoothing: float = 0.0,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        """Keep the parameters; ``fit`` checks them, as scikit-learn has it."""
        self.head, self.C, self.parts = head, C, parts
        self.xtra_fc, self.ps, self.lr, self.wds = xtra_fc, ps, lr, wds
        self.n_cycle, self.cycle_len, self.cycle_mult = n_cycle, cycle_len, cycle_mult
        self.bs, self.opt, self.label_smoothing = bs, opt, label_smoothing
        self.seed, self.device = seed, device

    def fit(self, X: Any, y: Any) -> "HeadClassifier":  # noqa: N803
        """Train a new head.

        Args:
            X: (N, D) activations; they are trained on as float32.
            y: (N,) classes, of any type, or (N, K) of 0 and 1.

        Returns:
            The estimator itself, with ``classes_``, ``head_``, and ``history_`` of an MLP, ``C_``
            of a logistic head.

        Example:
            >>> HeadClassifier(xtra_fc=(), cycle_len=2).fit(X, y).classes_.tolist()
            ['cat', 'dog']
        """
        given = read_parameters(self)
        X, y = validate_data(  # noqa: N806
            self, X, y, dtype=np.float32, ensure_min_samples=2, multi_output=True
        )  # BatchNorm cannot learn from one row
        self.classes_, targets = encoded(y)
        self.is_multi_label_ = targets.ndim == 2
        place = resolve_device(self.device)
        if self.head == "logistic":
            self.head_, self.C_ = fit_logistic(
                X, targets, len(self.classes_), given["C"],
                resolve_feature_parts(self.parts, X.shape[1]), seed=given["seed"], device=place,
            )  # fmt: skip
        else:
            self._fit_mlp(X, targets, place, given)
        return self

    def _fit_mlp(
        self,
        X: NDArray[np.float32],  # noqa: N803
        targets: torch.Tensor,
        place: torch.device,
        given: dict[str, Any],
    ) -> None:
        dropouts = dropouts_of(given["ps"], len(given["xtra_fc"]))
        card = HeadCard(X.shape[1], len(self.classes_), given["xtra_fc"], dropouts)
        self.head_ = build_head(card, seed=given["seed"]).to(place)
        settings = FitSettings(
            lrs=(given["lr"],),
            schedule=Schedule(self.n_cycle, self.cycle_len, self.cycle_mult),
            batch_size=given["bs"],
            opt=self.opt,
            weight_decays=(given["wds"],),
            seed=given["seed"],
            label_smoothing=self.label_smoothing,
        )
        self.history_ = fit(
            self.head_,
            [list(self.head_.parameters())],
            ArrayInputs(X, place),
            Targets(targets, targets[:0]),
            settings,
        )
        self.head_.eval()

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Probabilities (N, K), columns as ``classes_``; of many labels each for itself.

        Example:
            >>> head = HeadClassifier(head="logistic", C=1.0).fit(X, y)
            >>> head.predict_proba(X).shape
            (60, 2)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)  # noqa: N806
        place = next(self.head_.parameters()).device
        blocks = ArrayInputs(X, place).blocks()
        return probabilities(self.head_, blocks, is_multi_label=self.is_multi_label_)

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The most probable class of each row (N,), or (N, K) of 0 and 1.

        Example:
            >>> head = HeadClassifier(head="logistic", C=1.0).fit(X, y)
            >>> head.predict(X[:2]).shape
            (2,)
        """
        found = self.predict_proba(X)
        if self.is_multi_label_:
            return (found > LIKELY).astype(np.int64)
        named: NDArray[Any] = self.classes_[found.argmax(axis=1)]
        return named

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of it."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def read_parameters(estimator: HeadClassifier) -> dict[str, Any]:
    """The parameters, where each has a meaning for the head that is asked for.

    Raises:
        SettingError: one has none.
    """
    everything = set(estimator.get_params())
    used = {"mlp": everything - LOGISTIC | BOTH, "logistic": LOGISTIC}
    one_of(*HEADS)("head", estimator.head)
    given, usual = estimator.get_params(), HeadClassifier().get_params()
    idle = [
        name
        for name in sorted(everything - used[estimator.head])
        if not np.array_equal(given[name], usual[name])
    ]
    if idle:
        raise SettingError(
            f'{" and ".join(idle)} cannot be set: head="{estimator.head}" does not use it.',
            expected=f"{', '.join(sorted(used[estimator.head]))}.",
            fix="leave it out; a search takes a list of grids, one for each head.",
        )
    read = {name: reader(name, given[name]) for name, reader in READERS.items()}
    return {**given, **read}


def encoded(y: NDArray[Any]) -> tuple[NDArray[Any], torch.Tensor]:
    """Classes, and targets as the loss wants them."""
    check_classification_targets(y)
    if type_of_target(y) == "multilabel-indicator":
        return np.arange(y.shape[1]), torch.from_numpy(np.asarray(y, np.float32))
    classes, targets = np.unique(column_or_1d(y, warn=True), return_inverse=True)
    return classes, torch.from_numpy(targets.astype(np.int64))

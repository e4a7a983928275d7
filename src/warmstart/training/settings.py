"""What decides what a fit does."""

from dataclasses import dataclass
from math import isfinite
from numbers import Real

from warmstart.errors import check_settings
from warmstart.training.one_cycle import OneCycle
from warmstart.training.schedule import Schedule

BEST_BY = ("loss", "accuracy", "macro_f1")
PRECISIONS = ("auto", "f32", "bf16")


@dataclass(frozen=True)
class FitSettings:
    """Everything that decides what a fit does, apart from data and weights.

    ``lrs`` and ``weight_decays`` have one number per layer group; ``first_epoch`` counts the
    learner's epochs over all fits. ``inputs_name`` names the inputs, so that a checkpoint of
    other inputs with the same labels is not gone on with.

    ``mixup`` and ``cutmix`` are α of Beta(α, α), 0 for none. ``ema_decay`` keeps a running average
    of the weights, which is judged and is what remains. ``has_snapshots`` writes the weights at
    the end of each cycle beside the checkpoint. ``keeps_best`` ends with the weights of the epoch
    whose loss on ``Targets.choice``, or else on valid, was lowest; ``patience`` also stops after
    so many epochs without a better one. ``best_by`` is "loss", or what is to be highest instead:
    "accuracy" or "macro_f1", the loss deciding between equals. ``class_weights`` (K,) make some
    classes count more in the loss; ``draws_evenly`` draws rows of all classes equally often. Label
    smoothing, mixing and weights are part of the training loss in the history, never of the others.

    ``precision`` is the arithmetic of steps: "f32", "bf16", or "auto", the faster, found by trying.
    """

    lrs: tuple[float, ...]
    schedule: Schedule | OneCycle
    batch_size: int
    opt: str = "sgd"
    weight_decays: tuple[float, ...] = (0.0,)
    seed: int = 0
    first_epoch: int = 0
    fit_number: int = 0
    inputs_name: str = ""
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    ema_decay: float | None = None
    has_snapshots: bool = False
    keeps_best: bool = False
    patience: int | None = None
    best_by: str = "loss"
    class_weights: tuple[float, ...] | None = None
    draws_evenly: bool = False
    precision: str = "f32"

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, with a SettingError."""
        smallest = min(self.lrs) if all(isfinite(lr) for lr in self.lrs) else -1.0
        check_settings((
            ("lr", self.lrs, smallest >= 0, "finite rates, none below 0", "0.01"),
            ("clip_norm", self.clip_norm, over(self.clip_norm), "a number above 0, or None", "1.0"),
            ("label_smoothing", self.label_smoothing, 0 <= self.label_smoothing < 1,
             "a number in [0, 1)", "0.1"),
            ("mixup", self.mixup, 0 <= self.mixup < float("inf"), "0, or α above 0", "0.2"),
            ("cutmix", self.cutmix, 0 <= self.cutmix < float("inf"), "0, or α above 0", "1.0"),
            ("ema_decay", self.ema_decay, over(self.ema_decay) and (self.ema_decay or 0) < 1,
             "a number in (0, 1), or None", "0.999"),
            ("patience", self.patience, self.patience is None or self.patience >= 1,
             "1 or more epochs, or None", "3"),
            ("best_by", self.best_by, self.best_by in BEST_BY, "one of " + ", ".join(BEST_BY),
             '"macro_f1"'),
            ("train_precision", self.precision, self.precision in PRECISIONS,
             "one of " + ", ".join(PRECISIONS), '"auto"'),
        ))  # fmt: skip

    @property
    def chooses(self) -> bool:
        """Whether an epoch is chosen."""
        return self.keeps_best or self.patience is not None


def over(value: object) -> bool:
    """Whether it is a number above 0 and finite, or None."""
    return value is None or (isinstance(value, Real) and 0 < float(value) < float("inf"))

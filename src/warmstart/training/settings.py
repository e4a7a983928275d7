"""What decides what a fit does."""

from dataclasses import dataclass

from warmstart.arguments import each, flag, one_of, optional, read_fields, real, whole
from warmstart.training.schedule import OneCycle, Schedule

BEST_BY = ("loss", "accuracy", "macro_f1")
PRECISIONS = ("auto", "f32", "bf16")
OPTIMISERS = ("sgd", "adamw")


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
        share = real(0.1, least=0, below=1)
        read_fields(
            self,
            batch_size=whole(2, example=64),
            opt=one_of(*OPTIMISERS),
            clip_norm=optional(real(1.0, above=0)),
            label_smoothing=share,
            mixup=real(0.2, least=0),
            cutmix=real(1.0, least=0),
            ema_decay=optional(real(0.999, above=0, below=1)),
            has_snapshots=flag,
            keeps_best=flag,
            patience=optional(whole(1, example=3)),
            best_by=one_of(*BEST_BY),
            draws_evenly=flag,
        )
        rates = each(real(0.01, least=0))  # an error calls them as the user does
        object.__setattr__(self, "lrs", rates("lr", self.lrs))
        object.__setattr__(self, "weight_decays", rates("wds", self.weight_decays))
        one_of(*PRECISIONS)("train_precision", self.precision)

    @property
    def mixes(self) -> bool:
        """Whether rows are mixed with others."""
        return self.mixup > 0 or self.cutmix > 0

    @property
    def chooses(self) -> bool:
        """Whether an epoch is chosen."""
        return self.keeps_best or self.patience is not None

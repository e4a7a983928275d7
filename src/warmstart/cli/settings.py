"""What `train` was asked for, as one record."""

from dataclasses import dataclass

from warmstart.backbones.card import EMBEDDED_ARCH


@dataclass(frozen=True)
class TrainSettings:
    """Arguments of one training run; ``lr`` is None until it has been found."""

    source: str
    arch: str = EMBEDDED_ARCH
    size: int | None = None
    bs: int = 64
    epochs: int = 4
    lr: float | None = None
    precompute: bool = True
    valid_pct: float = 0.2
    split_seed: int = 42
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    weights: str | None = None
    pretrained: bool = True
    on_unreadable: str = "raise"
    trn_name: str = "train"
    val_name: str = "valid"
    test_name: str = "test"
    folder: str = ""
    suffix: str = ""
    header: bool = True
    delimiter: str = ","
    label_column: str | None = None
    split_column: str | None = None
    group: str | None = None
    label_sep: str | None = None
    cache_dir: str | None = None


PATHS = ("source", "weights", "cache_dir")  # settings that name a place on disk

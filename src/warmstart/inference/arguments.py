"""How arguments of predictors are read."""

from typing import Any

from warmstart.arguments import Reader, flag, instance_of, one_of, path, text
from warmstart.backbones.card import read_architecture
from warmstart.data.columns import TABLE_READERS, read_place
from warmstart.images.augment import read_augmentation
from warmstart.inference.averaging import VIEW_READERS


def read_head(name: str, head: object) -> Any:
    """A head of the user's own."""
    from torch import nn  # here: only who passes one needs it

    return instance_of(nn.Module, "the head that the model was saved with")(name, head)


READERS: dict[str, Reader[Any]] = VIEW_READERS | {
    "aug_tfms": read_augmentation,
    "folder": path,
    "arch": read_architecture,
    "custom_head": read_head,
    "on_unreadable": one_of("raise", "use"),
}

EVALUATE_READERS = TABLE_READERS | {
    "source": path,
    "split": text,
    "with_training_rows": flag,
    "folder": read_place,
    "on_unreadable": READERS["on_unreadable"],
    "quiet": flag,
}

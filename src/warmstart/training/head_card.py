"""What a head is built from: plain data, read without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from warmstart.errors import SettingError
from warmstart.files.strict import convert

Parts: TypeAlias = tuple[tuple[int, int], ...]
"""First column of each part of the pooled row that is used, and the one after its last."""
KIND = "logistic"
MLP_STEPS = 200  # that an MLP takes at least where nobody gives epochs (docs/experiments.md)
MLP_EPOCHS = 4  # likewise
MLP_DECAY = 0.03  # weight decay of such an MLP, as SGD has it: of 0 to 0.1 the lowest loss


@dataclass(frozen=True)
class HeadCard:
    """What a standard head is built from: plain data that a saved model can carry."""

    num_features: int
    num_classes: int
    sizes: tuple[int, ...] = (512,)
    dropouts: tuple[float, ...] = (0.25, 0.5)

    def __post_init__(self) -> None:
        """Refuse what no head can be built from.

        Raises:
            SettingError: a layer has no unit, the number of dropouts does not fit, or one is
                outside [0, 1).
        """
        if min(self.num_features, self.num_classes, *self.sizes) < 1:
            raise SettingError(
                f"a head of {self.num_features} features, layers of {self.sizes} and "
                f"{self.num_classes} classes cannot be built.",
                expected="at least one of each.",
                fix="pass xtra_fc=[512].",
            )
        if len(self.dropouts) != len(self.sizes) + 1:
            raise SettingError(
                f"ps={self.dropouts} has {len(self.dropouts)} dropouts for {len(self.sizes)} "
                "hidden layers.",
                expected=f"{len(self.sizes) + 1}: one before each linear layer.",
                fix=f"pass ps={(0.5,) * (len(self.sizes) + 1)}.",
            )
        if not all(0 <= p < 1 for p in self.dropouts):
            raise SettingError(
                f"ps={self.dropouts} has a value outside [0, 1).",
                expected="shares of the inputs to drop.",
                fix="pass ps=0.5.",
            )

    @property
    def num_weights(self) -> int:
        """Of its linear layers."""
        widths = (self.num_features, *self.sizes, self.num_classes)
        return sum((first + 1) * second for first, second in pairwise(widths))


@dataclass(frozen=True)
class LogisticHeadCard:
    """What a logistic head is built from: plain data that a saved model can carry.

    ``parts`` are the columns of the pooled row that are used, each divided by its own length.
    """

    num_features: int
    num_classes: int
    parts: Parts
    kind: str = KIND

    def __post_init__(self) -> None:
        """Refuse what no head can be built from.

        Raises:
            SettingError: there is no feature, no class, or a part does not lie in the row.
        """
        ends = [column for part in self.parts for column in part]
        fits = bool(ends) and min(ends) >= 0 and max(ends) <= self.num_features
        if not fits or self.num_classes < 1 or any(first >= last for first, last in self.parts):
            raise SettingError(
                f"a logistic head of the columns {self.parts[:4]} of {self.num_features} features "
                f"and {self.num_classes} classes cannot be built.",
                expected="parts (first, last + 1) within the features, and a class at least.",
                fix="report this: it is a fault of warmstart, or of a file.",
            )

    @property
    def num_used(self) -> int:
        """Number of columns that are used."""
        return num_columns(self.parts)

    @property
    def num_weights(self) -> int:
        """Of its linear layer."""
        return (self.num_used + 1) * self.num_classes


def num_columns(parts: Parts) -> int:
    """How many columns the parts have together."""
    return sum(last - first for first, last in parts)


AnyHeadCard: TypeAlias = HeadCard | LogisticHeadCard


def read_head_card(entry: Mapping[str, Any]) -> AnyHeadCard:
    """The card of a head, from a model's card; of before there was a choice, it is the MLP's."""
    if entry.get("kind") == KIND:
        return convert(dict(entry), LogisticHeadCard, "the head's card")
    return convert(dict(entry), HeadCard, "the head's card")


def mlp_epochs(num_rows: int, batch_size: int) -> int:
    """Epochs of an MLP where nobody gives them: at least ``MLP_STEPS`` steps, however few rows."""
    steps = max(1, num_rows // batch_size)
    return max(MLP_EPOCHS, -(-MLP_STEPS // steps))

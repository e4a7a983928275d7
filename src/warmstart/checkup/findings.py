"""What can be found, as plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFinding:
    """One picture, and what is said of it."""

    name: str
    reason: str


@dataclass(frozen=True)
class Member:
    """A row among several that show the same; ``labels`` are names of classes."""

    name: str
    split: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Duplicates:
    """Rows that show the same picture.

    ``similarity`` is 1 for equal bytes; otherwise that of the grey thumbnails, in [-1, 1].
    """

    members: tuple[Member, ...]
    similarity: float
    is_exact: bool

    @property
    def crosses_splits(self) -> bool:
        """Whether a model would be judged on what it was trained on."""
        return len({member.split for member in self.members}) > 1

    @property
    def contradicts(self) -> bool:
        """Whether the same picture has two labels; rows without one say nothing."""
        return len({member.labels for member in self.members if member.labels}) > 1


@dataclass(frozen=True)
class Mislabelled:
    """A row that heads trained without it call something else.

    ``margin`` is the probability of ``suggestion`` minus that of ``label``, over their sum, in
    (0.5, 1].
    """

    name: str
    split: str
    label: str
    suggestion: str
    margin: float


@dataclass(frozen=True)
class ClassFinding:
    """A class, its number of training images, and what is said of it."""

    name: str
    num_train: int
    reason: str


@dataclass(frozen=True)
class CropLoss:
    """Shares of pixels that the plain view leaves out, in [0, 1): of all, and where it is most.

    ``worst`` are the pictures that lose more than half, most first.
    """

    mean_share: float
    worst: tuple[tuple[str, float], ...]

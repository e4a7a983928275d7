"""Everything that was found, as plain data."""

from dataclasses import dataclass
from pathlib import Path

from warmstart.checkup.findings import ClassFinding, CropLoss, FileFinding, Mislabelled, Twins


@dataclass(frozen=True)
class Found:
    """Findings by kind, the surest first.

    ``num_rows`` by split; ``home`` is the smallest folder that holds all pictures; ``twins`` are
    both exact and near duplicates; ``notes`` say what could not be looked for. ``faults`` are what
    training refuses, and ``left_out`` what lies among the pictures and is in no row.
    """

    num_rows: dict[str, int]
    home: Path | None
    unreadable: tuple[FileFinding, ...]
    odd_modes: tuple[FileFinding, ...]
    odd_sizes: tuple[FileFinding, ...]
    twins: tuple[Twins, ...]
    mislabelled: tuple[Mislabelled, ...]
    small_classes: tuple[ClassFinding, ...]
    crop: CropLoss
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left_out: tuple[FileFinding, ...] = ()

    @property
    def exact_duplicates(self) -> tuple[Twins, ...]:
        """Files with the same bytes."""
        return tuple(twins for twins in self.twins if twins.is_exact)

    @property
    def near_duplicates(self) -> tuple[Twins, ...]:
        """Pictures that were saved anew, resized or slightly cropped."""
        return tuple(twins for twins in self.twins if not twins.is_exact)

    @property
    def leaks(self) -> tuple[Twins, ...]:
        """Those of both that are in more than one split."""
        return tuple(twins for twins in self.twins if twins.crosses_splits)

    @property
    def contradictions(self) -> tuple[Twins, ...]:
        """Those of both that have two labels."""
        return tuple(twins for twins in self.twins if twins.contradicts)

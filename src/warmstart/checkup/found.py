"""Everything that was found, as plain data."""

from dataclasses import dataclass
from pathlib import Path

from warmstart.checkup.findings import ClassFinding, CropLoss, Duplicates, FileFinding, Mislabelled


@dataclass(frozen=True)
class Found:
    """Findings by kind, the surest first.

    ``num_rows`` by split; ``home`` is the smallest folder that holds all pictures; ``duplicates`` are
    both exact and near duplicates; ``notes`` say what could not be looked for. ``faults`` are what
    training refuses, and ``left_out`` what lies among the pictures and is in no row.
    """

    num_rows: dict[str, int]
    home: Path | None
    unreadable: tuple[FileFinding, ...]
    odd_modes: tuple[FileFinding, ...]
    odd_sizes: tuple[FileFinding, ...]
    duplicates: tuple[Duplicates, ...]
    mislabelled: tuple[Mislabelled, ...]
    small_classes: tuple[ClassFinding, ...]
    crop: CropLoss
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left_out: tuple[FileFinding, ...] = ()

    @property
    def exact_duplicates(self) -> tuple[Duplicates, ...]:
        """Files with the same bytes."""
        return tuple(group for group in self.duplicates if group.is_exact)

    @property
    def near_duplicates(self) -> tuple[Duplicates, ...]:
        """Pictures that were saved anew, resized or slightly cropped."""
        return tuple(group for group in self.duplicates if not group.is_exact)

    @property
    def leaks(self) -> tuple[Duplicates, ...]:
        """Those of both that are in more than one split."""
        return tuple(group for group in self.duplicates if group.crosses_splits)

    @property
    def contradictions(self) -> tuple[Duplicates, ...]:
        """Those of both that have two labels."""
        return tuple(group for group in self.duplicates if group.contradicts)

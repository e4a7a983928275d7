"""What every reader ends with: data of a table."""

from pathlib import Path
from typing import TypeVar

from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.table import ImageTable

Data = TypeVar("Data", bound="FromTable")


class FromTable:
    """What can be made of a table; the class that has the rest says how."""

    @classmethod
    def of_table(
        cls: type[Data],
        table: ImageTable,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        on_unreadable: str = "raise",
        folder: Path | None = None,
        fixes: str | Path | None = None,
        quiet: bool = False,
    ) -> Data:
        """Data of a table that was read.

        Raises:
            NotImplementedError: the class has not said how.
        """
        raise NotImplementedError

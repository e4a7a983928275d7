"""What was found, told and turned into fixes."""

import os
from dataclasses import dataclass
from pathlib import Path

from warmstart.checkup.found import Found
from warmstart.checkup.suggest import suggested_fixes
from warmstart.checkup.summary import summary
from warmstart.data.fixes import Fix, write_fixes
from warmstart.data.output_paths import refuse_within_data
from warmstart.errors import SettingError


@dataclass(frozen=True)
class Checkup(Found):
    """The findings of ``data.check()``; ``print`` it to read them."""

    def summary(self) -> str:
        """Counts, then the first few of each kind by name, in 80 columns."""
        return summary(self)

    def fixes(self) -> list[Fix]:
        """One per picture. Only what is sure has an effect; the rest says "look"."""
        return suggested_fixes(self.unreadable, self.twins, self.mislabelled)

    def write_fixes(self, path: str | Path) -> None:
        """Write them as a CSV, to be edited and given to ``from_paths(fixes=)``.

        Args:
            path: A new file, outside the folder of pictures.

        Raises:
            SettingError: it is there, or would lie among the pictures.
        """
        path = Path(path)
        refuse_within_data(path, "path", [self.home])
        if path.exists():
            raise SettingError(
                f"{path} is there already, perhaps with fixes that a person made.",
                expected="a file that is not there.",
                fix="give another name, or delete it.",
            )
        write_fixes(path, self.fixes())

    def __str__(self) -> str:
        """The summary."""
        return self.summary()


def home_of(paths: list[Path]) -> Path | None:
    """The smallest folder that holds all files; None for none."""
    return Path(os.path.commonpath([path.absolute().parent for path in paths])) if paths else None

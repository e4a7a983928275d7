"""Which engine computes, as options of the shell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from warmstart.errors import SettingError

EngineName = Annotated[
    Literal["local", "ray"],
    typer.Option(help="This process, or workers of Ray: same result, more computers."),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Ray: how many; default: one per computer.")
]
Address = Annotated[
    str | None,
    typer.Option(help="Ray: of a cluster, such as auto; default: Ray is started here."),
]
Shards = Annotated[
    str | None,
    typer.Option(
        metavar="PATH|URL", help="Ray: where workers put what is done, such as s3://bucket/job."
    ),
]


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, and how it is reached."""

    engine: str = "local"
    workers: int | None = None
    address: str | None = None
    shards: str | None = None

    def check(self) -> None:
        """See that no option is given that would do nothing, or could not do.

        Raises:
            SettingError: there is one.
        """
        given = [name for name in ("workers", "address", "shards") if getattr(self, name)]
        if self.engine == "local" and given:
            raise SettingError(
                f"--{given[0]} would do nothing: this process computes.",
                expected="--engine ray, whose option it is.",
                fix="pass --engine ray.",
                flags=("--engine", "ray"),
            )
        if self.shards is not None and self.shards.startswith("memory://"):
            raise SettingError(
                f"--shards {self.shards} lies in the memory of one process.",
                expected="a path or a URL that every worker can reach.",
                fix="pass a folder, or a URL such as s3://bucket/job.",
            )

    def check_csv(self, csv_file: Path | None) -> None:
        """Likewise, of a command that writes a CSV or to the screen.

        Args:
            csv_file: Where the result goes; None or "-" is the screen.

        Raises:
            SettingError: workers were to write to the screen.
        """
        self.check()
        if self.engine == "ray" and (csv_file is None or str(csv_file) == "-"):
            raise SettingError(
                "--engine ray writes no lines to the screen.",
                expected="--csv with the file that it writes.",
                fix="pass --csv predictions.csv.",
                flags=("--csv", "predictions.csv"),
            )

    @property
    def shards_on_disk(self) -> Path | None:
        """The folder that was named; None where a URL was, or nothing."""
        return None if self.shards is None or "://" in self.shards else Path(self.shards)

    def place_of_shards(self, default: Path) -> str:
        """Where workers put shards: a URL, or an absolute path.

        Args:
            default: Where nothing was said.
        """
        if self.shards is None:
            return str(default.absolute())
        return self.shards if "://" in self.shards else str(Path(self.shards).absolute())

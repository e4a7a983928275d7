"""What is wrong with data, raised or kept for a checkup."""

from dataclasses import dataclass, field

from warmstart.errors import DataError


@dataclass
class Faults:
    """Where readers take what is wrong with the data, and not with how it was asked for.

    Training wants an error; a checkup is there to find such things, so it goes on without the rows
    that are at fault. They are exclusions then, or stay as they are.
    """

    is_lenient: bool = False
    found: list[DataError] = field(default_factory=list)

    def add(self, error: DataError) -> None:
        """Keep an error, or raise it where the reader is strict."""
        if not self.is_lenient:
            raise error
        self.found.append(error)

    @property
    def texts(self) -> tuple[str, ...]:
        """What was kept, each as what is wrong and what would mend it."""
        return tuple(f"{error.what} Fix: {error.fix}" for error in self.found)

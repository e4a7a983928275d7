"""What a race of backbones tried, what each cost and gained, and why it stopped."""

import json
from dataclasses import asdict, dataclass

from warmstart.files.strict import parse_json


@dataclass(frozen=True)
class RaceTrial:
    """One backbone.

    ``loss`` (nats) and ``accuracy`` are of ``num_judged`` training rows, each by a head that did
    not see it; None where the backbone was not tried to the end, or no row could judge. ``note``
    says why it was not. ``seconds`` are all that it took.
    """

    arch: str
    seconds: float
    loss: float | None = None
    accuracy: float | None = None
    num_judged: int = 0
    note: str = ""

    def __str__(self) -> str:
        """In a line."""
        if self.loss is None or self.accuracy is None:
            return f"{self.arch}: {self.note}; {self.seconds:.1f} s"
        return (
            f"{self.arch}: loss {self.loss:.4f}, accuracy {self.accuracy:.4f} on {self.num_judged} "
            f"rows that did not train it; {self.seconds:.1f} s"
        )


@dataclass(frozen=True)
class RaceMember:
    """A backbone that answers: ``loss`` is out of fold, of it and all members before it."""

    arch: str
    loss: float | None


@dataclass(frozen=True)
class RaceRecord:
    """All backbones that were tried, in their order, and those that answer together.

    ``stopped`` says why no other was tried, ``seconds`` how long the race took.
    """

    trials: tuple[RaceTrial, ...]
    members: tuple[RaceMember, ...]
    stopped: str
    seconds: float

    def __str__(self) -> str:
        """What was tried, what each member gained, and why the race ended."""
        return "\n".join([*map(str, self.trials), self.outcome()])

    def outcome(self) -> str:
        """What each member gained, and why the race ended."""
        lines, before = list[str](), None
        for member in self.members:
            if member.loss is None:
                lines.append(f"member {member.arch}")
            elif before is None:
                lines.append(f"member {member.arch}: loss {member.loss:.4f}")
            else:
                lines.append(
                    f"member {member.arch}: loss {member.loss:.4f} with those before, "
                    f"{member.loss - before:+.4f}"
                )
            before = member.loss
        return "\n".join([*lines, f"stopped after {self.seconds:.1f} s: {self.stopped}"])

    def to_json(self) -> str:
        """As a file of a run."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str = "the race") -> "RaceRecord":
        """Read what ``to_json`` wrote.

        Args:
            text: The file's content.
            name: What errors call it.
        """
        return parse_json(text, cls, name)

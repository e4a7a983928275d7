"""One step of a recipe: what it did, why, and what it was worth."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from warmstart.files.strict import parse_json


@dataclass(frozen=True)
class StepRecord:
    """What is known of a step once it has been taken.

    ``gain`` is the change of ``accuracy`` against the step before, ``gain_low`` to ``gain_high``
    its 95 % interval, all on ``num_rows`` rows that chose nothing (law 15); None where nothing was
    judged. A step that did not help is undone: ``is_kept`` is False, and ``gain`` is what it had.
    """

    number: int
    title: str
    why: str
    seconds: float
    accuracy: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    num_rows: int
    is_kept: bool
    note: str

    def outcome(self) -> str:
        """What came of it, in a line."""
        parts = [self.note] if self.note else []
        if self.accuracy is not None:
            parts.append(f"accuracy {self.accuracy:.4f} on {self.num_rows} validation rows")
        if self.gain is not None:
            parts.append(
                f"gain {self.gain:+.4f} (95 % {self.gain_low:+.4f} to {self.gain_high:+.4f})"
            )
        return "; ".join([*parts, f"{self.seconds:.0f} s"])

    def brief(self) -> str:
        """Which step, and what it was worth, in a line without the reasons."""
        parts = [] if self.accuracy is None else [f"accuracy {self.accuracy:.4f}"]
        if self.gain is not None:
            parts.append(
                f"gain {self.gain:+.4f} (95 % {self.gain_low:+.4f} to {self.gain_high:+.4f})"
            )
        return f"{self.number} {self.title}: " + ", ".join(
            [*parts, *([] if self.is_kept else ["undone"]), f"{self.seconds:.0f} s"]
        )

    def line(self) -> str:
        """The step and its outcome, in a line."""
        return f"{self.number} {self.title}: {self.outcome()}"


def steps_to_jsonl(steps: Iterable[StepRecord]) -> str:
    """One line per step; numbers read back as they were."""
    return "".join(json.dumps(asdict(step), ensure_ascii=False) + "\n" for step in steps)


def steps_from_jsonl(text: str, name: str = "the steps") -> tuple[StepRecord, ...]:
    """Read what ``steps_to_jsonl`` wrote.

    Args:
        text: Its lines.
        name: What errors call it.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    return tuple(
        parse_json(line, StepRecord, f"{name}, line {number},")
        for number, line in enumerate(lines, 1)
    )

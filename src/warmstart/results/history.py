"""What happened in training, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from warmstart.results.head_fit import HeadFit


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: losses are means over rows, ``seconds`` is the time its steps took.

    ``precision`` is the number type of its steps; ``judged_in`` the numeric mode of the body that
    validation rows went through, which is the one that the model answers in ("" if nobody said).
    """

    epoch: int
    fit: int
    num_steps: int
    train_loss: float
    valid_loss: float | None
    metrics: Mapping[str, float]
    lrs: tuple[float, ...]
    seconds: float
    precision: str = "f32"
    judged_in: str = ""


@dataclass(eq=False)
class History:
    """All epochs of one or several fits, the rates and loss of every step, and fits without any."""

    records: list[EpochRecord] = field(default_factory=list)
    step_lrs: list[tuple[float, ...]] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    head_fits: list[HeadFit] = field(default_factory=list)

    @property
    def last_lrs(self) -> tuple[float, ...]:
        """The rates of the last step."""
        return self.step_lrs[-1] if self.step_lrs else ()

    def add_step(self, lrs: tuple[float, ...], loss: float) -> None:
        """Write one step down."""
        self.step_lrs.append(lrs)
        self.step_losses.append(loss)

    def append(self, record: EpochRecord) -> None:
        """Write one epoch down."""
        self.records.append(record)

    def extend(self, other: "History") -> None:
        """Put another fit's history after this one."""
        self.records += other.records
        self.step_lrs += other.step_lrs
        self.step_losses += other.step_losses
        self.head_fits += other.head_fits

    def copy(self) -> "History":
        """Another one with the same content."""
        return History(
            list(self.records), list(self.step_lrs), list(self.step_losses), list(self.head_fits)
        )

    def plot_lr(self, path: str | Path | None = None) -> Any:
        """Draw the rates of all steps: a matplotlib figure."""
        return import_module("warmstart.plots.curves").plot_lr(self, path)

    def plot_loss(self, path: str | Path | None = None) -> Any:
        """Draw the losses: a matplotlib figure."""
        return import_module("warmstart.plots.curves").plot_loss(self, path)

    def to_jsonl(self) -> str:
        """A line per fit of a head, one per epoch, one with the steps; read back as they were."""
        lines = [json.dumps({"kind": "head"} | asdict(fit)) for fit in self.head_fits]
        lines += [json.dumps({"kind": "epoch"} | asdict(record)) for record in self.records]
        steps = {"kind": "steps", "lrs": self.step_lrs, "losses": self.step_losses}
        return "\n".join([*lines, json.dumps(steps)]) + "\n"

    @classmethod
    def from_jsonl(cls, text: str) -> "History":
        """Read what ``to_jsonl`` wrote."""
        history = cls()
        for line in text.splitlines():
            entry = json.loads(line)
            kind = entry.pop("kind")
            if kind == "head":
                history.head_fits.append(HeadFit.from_json(entry))
            elif kind == "epoch":
                entry["lrs"] = tuple(entry["lrs"])
                history.append(EpochRecord(**entry))
            else:
                history.step_lrs = [tuple(lrs) for lrs in entry["lrs"]]
                history.step_losses = list(entry["losses"])
        return history

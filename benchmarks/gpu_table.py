"""What the scripts for a GPU measure, how much of it, and the table that they print."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

MOST_SECONDS = 170  # after which nothing is begun any more, and that is said


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    backbones: tuple[tuple[str, float], ...]  # and the goal of JPEG → row
    trained: str
    size: int
    num_rows: int
    num_pixels: int
    num_trained: int
    num_views: int


FULL = Scale(
    (("tf_efficientnet_lite0", 12_000), ("resnet50", 8_000)),
    "resnet50", 224, 8_000, 8_192, 1_280, 3_000,
)  # fmt: skip
TINY = Scale((("test_resnet", 0),), "test_resnet", 32, 24, 32, 128, 24)


class Table:
    """What was measured, printed as it comes."""

    def __init__(self, device: torch.device) -> None:
        """Begin with a head."""
        self.device, self.began = device, time.perf_counter()
        self.rows: list[dict[str, Any]] = []
        print(f"{'what':<46}{'ours/s':>10}{'plain/s':>10}{'ratio':>8}  goal", flush=True)

    def add(self, what: str, ours: float, plain: float | None = None, goal: str = "") -> None:
        """One line."""
        self.rows.append({"what": what, "ours": ours, "plain": plain, "goal": goal})
        beside = f"{'':>18}" if plain is None else f"{plain:>10,.0f}{ours / plain:>8.2f}"
        print(f"{what:<46}{ours:>10,.0f}{beside}  {goal}", flush=True)

    def has_time(self, what: str) -> bool:
        """Whether there is time for more; says what is left out."""
        if time.perf_counter() - self.began < MOST_SECONDS:
            return True
        print(f"{what}: left out, there is no time", flush=True)
        return False

    def rate(self, count: int, work: Callable[[], object], repeats: int = 1) -> float:
        """Things a second of the fastest of some repeats."""
        best = float("inf")
        for _ in range(repeats):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            best = min(best, time.perf_counter() - began)
        return count / best

    def wait(self) -> None:
        """Until the GPU is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

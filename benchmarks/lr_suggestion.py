"""(f) lr_find's suggestion against nine rates: losses after four epochs along one cosine."""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import measure
import numpy as np
import torch
from torch import nn

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.cli.demo import write_digits
from warmstart.errors import TrainingError
from warmstart.learner.feeding import targets_of
from warmstart.results.lr_curve import LRCurve
from warmstart.training.head import HeadCard, build_head
from warmstart.training.loop import fit
from warmstart.training.lr_finder import lr_find
from warmstart.training.objective import Inputs, Targets
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

ARCH, EPOCHS, GOAL = "tf_efficientnet_lite0", 4, 1.05
RATES = [float(rate) for rate in np.geomspace(1e-4, 1, 9)]


@dataclass(frozen=True)
class Task:
    """Stored activations of one data set."""

    name: str
    inputs: Inputs
    targets: Targets
    head: HeadCard


def tasks(folder: Path) -> Iterator[Task]:
    """The three, their frozen part computed once."""
    digits = folder / "digits"
    write_digits(digits)
    for name, path, size in (
        ("digits", digits, 96),
        ("flowers", measure.photos("flowers"), None),
        ("dogscats", measure.photos("dogscats"), None),
    ):
        data = ImageClassifierData.from_paths(path, tfms_from_model(ARCH, size))
        learn = ConvLearner.pretrained(
            ARCH, data, precompute=True, cache_dir=folder / "cache", quiet=True
        )
        assert learn.card.head is not None
        head = HeadCard.from_json(dict(learn.card.head))
        inputs = learn.prepared(("train", "valid")).inputs(learn.device)
        yield Task(name, inputs, targets_of(data.table), head)


def settings_of(opt: str, seed: int, lr: float) -> FitSettings:
    """One cosine of four epochs."""
    return FitSettings((lr,), Schedule(1, EPOCHS), batch_size=64, opt=opt, seed=seed)


def new_head(task: Task, seed: int) -> tuple[nn.Module, list[list[nn.Parameter]]]:
    """A head that knows nothing, and its one layer group."""
    head = build_head(task.head, seed=seed)
    return head, [list(head.parameters())]


def final_losses(task: Task, opt: str, seed: int, lr: float) -> dict[str, float]:
    """Of the last epoch; nan where the fit diverged."""
    head, groups = new_head(task, seed)
    try:
        history = fit(head, groups, task.inputs, task.targets, settings_of(opt, seed, lr))
    except TrainingError:
        return {"train": float("nan"), "valid": float("nan"), "accuracy": float("nan")}
    last = history.records[-1]
    assert last.valid_loss is not None
    return {
        "train": last.train_loss,
        "valid": last.valid_loss,
        "accuracy": last.metrics["accuracy"],
    }


def tenth_of_minimum(curve: LRCurve) -> float:
    """The rule before: a tenth of the rate at the minimum of a running average."""
    average, averages = 0.0, []
    for step, loss in enumerate(curve.losses, start=1):
        average = 0.9 * average + 0.1 * float(loss)
        averages.append(average / (1 - 0.9**step))
    return float(curve.lrs[int(np.nanargmin(averages))]) / 10


def mean_losses(of_seeds: list[dict[str, float]]) -> dict[str, float]:
    """Means over seeds."""
    return {key: float(np.mean([losses[key] for losses in of_seeds])) for key in of_seeds[0]}


def measured(task: Task, opt: str, seeds: range) -> dict[str, object]:
    """Nine rates and two rules, means over the seeds."""
    grid = {
        f"{rate:.3g}": mean_losses([final_losses(task, opt, seed, rate) for seed in seeds])
        for rate in RATES
    }
    lowest = min(grid, key=lambda rate: np.nan_to_num(grid[rate]["train"], nan=np.inf))
    best_valid = float(np.nanmin([losses["valid"] for losses in grid.values()]))
    curves = [
        lr_find(*new_head(task, seed), task.inputs, task.targets, settings_of(opt, seed, 1.0))
        for seed in seeds
    ]
    rules = {
        "middle_of_floor": [curve.suggestion for curve in curves],
        "tenth_of_minimum": [tenth_of_minimum(curve) for curve in curves],
        "middle_of_floor_for_any_optimiser": [replace(c, share=1.0).suggestion for c in curves],
    }
    found: dict[str, object] = {"grid": grid, "best_rate": lowest, "best_valid": best_valid}
    for rule, rates in rules.items():
        losses = mean_losses(
            [final_losses(task, opt, seed, rate) for seed, rate in zip(seeds, rates, strict=True)]
        )
        ratio = losses["train"] / grid[lowest]["train"]
        found[rule] = {
            "rates": rates,
            **losses,
            "train_over_best": ratio,
            "valid_over_best": losses["valid"] / best_valid,
            "is_within_goal": ratio <= GOAL,
        }
        print(f"{task.name:9} {opt:6} {rule:34} {rates[0]:.4f}  train / best {ratio:.3f}")
    return found


def main() -> None:
    """Measure each task with each optimiser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    with tempfile.TemporaryDirectory() as place:
        found = {
            task.name: {opt: measured(task, opt, seeds) for opt in ("sgd", "adamw")}
            for task in tasks(Path(place))
        }
    name = "lr_suggestion" if chosen.first_seed == 0 else f"lr_suggestion_{chosen.first_seed}"
    measure.write(
        name,
        {
            "what": f"losses of the last of {EPOCHS} epochs, cycle_len={EPOCHS}, bs 64, stored "
            f"activations of {ARCH}; means over seeds {list(seeds)}",
            "goal": f"training loss within {GOAL} of the best of nine rates",
            "threads": torch.get_num_threads(),
            "tasks": found,
        },
    )


if __name__ == "__main__":
    main()

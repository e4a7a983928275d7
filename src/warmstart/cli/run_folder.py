"""The folder that a run leaves: plain files that can be read without warmstart."""

import csv
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from warmstart.errors import SettingError
from warmstart.results.history import History
from warmstart.results.predictions import Predictions


def new_run(out: Path | None, source: Path, *, home: Path = Path("runs")) -> Path:
    """Name a folder that is not there yet.

    Raises:
        SettingError: the folder asked for holds a run already.
    """
    if out is not None:
        if (out / "recipe.toml").exists():
            raise SettingError(
                f"{out} holds a run already.",
                expected="a new folder, so that no result is lost.",
                fix=f"warmstart train --resume {out}",
            )
        return out
    name = source.resolve().stem
    number = 1
    while (home / f"{name}-{number}").exists():
        number += 1
    return home / f"{name}-{number}"


def write_history(run: Path, history: History) -> None:
    """One line per epoch, then the steps."""
    (run / "history.jsonl").write_text(history.to_jsonl(), encoding="utf-8")


def write_predictions(run: Path, predictions: Predictions, hashes: Sequence[bytes]) -> None:
    """One line per row, found again by its content's hash wherever the file moves."""
    with (run / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sha256", "name", "label", "predicted", *predictions.classes])
        for i, name in enumerate(predictions.rows):
            label = predictions.labels[i]
            writer.writerow(
                [
                    hashes[i].hex(),
                    name,
                    predictions.classes[label] if label >= 0 else "",
                    predictions.classes[predictions.predicted[i]],
                    *(repr(float(p)) for p in predictions.probabilities[i]),
                ]
            )


def write_environment(run: Path, versions: dict[str, str], mode: str) -> None:
    """What the bits of the results depend on besides data and settings."""
    import torch

    entry = {
        "versions": versions,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "num_cores": os.cpu_count(),
        "num_threads": torch.get_num_threads(),
        "numeric_mode": mode,
    }
    (run / "environment.json").write_text(json.dumps(entry, indent=1), encoding="utf-8")

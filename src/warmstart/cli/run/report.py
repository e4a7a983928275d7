"""The report of a finished run."""

import shlex
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.folder import MODEL, FinishedRun
from warmstart.data.output_paths import cache_folder
from warmstart.data.shard_table import root_of
from warmstart.images.image_file import read_image_file
from warmstart.report.content import ReportContent, Reproduction
from warmstart.report.page import write_report
from warmstart.results.history import History

if TYPE_CHECKING:
    from warmstart.inference.predictor import Predictor

HERE_ONLY = ("source", "cache_dir", "report")  # settings that change no result


def write_run_report(
    finished: FinishedRun,
    run: Path,
    out: Path,
    pictures: Path | None = None,
    *,
    predictor: "Predictor | None" = None,
    cache_dir: Path | None = None,
) -> Path:
    """Write the report; the photos are looked for where they were.

    Args:
        finished: What the run knows.
        run: Its folder.
        out: Where the page is written.
        pictures: A folder for PNG files, if they are wanted.
        predictor: The run's model, if it is loaded already.
        cache_dir: Where activations are kept, if not where the config says.

    Returns:
        The file.
    """
    from warmstart.inference.loading import load_predictor  # torch loads here
    from warmstart.learner.explaining import seen_rows

    config, saved, history = finished.config, finished.saved, finished.history
    if predictor is None:
        predictor = load_predictor(run / MODEL, device=config.asked.device)
    card = predictor.card
    predictions = replace(saved.predictions, answering=card.answering)
    hashes = [bytes.fromhex(name) for name in saved.hashes]
    root = root_of(config.asked.source)

    def read(position: int) -> bytes:
        name = predictions.rows[position]
        return read_image_file(root / name, name)

    place = cache_folder(config.asked.cache_dir if cache_dir is None else cache_dir)
    content = ReportContent(
        title=run.resolve().name,
        backbone=card.name,
        sizes=tuple(each.recipe["size"] for each in card.of_each),
        weights_from=card.weights_from,
        data=finished.facts,
        split="valid",
        predictions=predictions,
        history=history,
        seen=seen_rows(predictor, predictions, hashes, read, place),
        reproduction=Reproduction(command(config), chosen(config, history), finished.environment),
        steps=finished.steps,
        lr_curve=finished.curve,
        out_of_fold=finished.out_of_fold,
        scores=finished.scores,
        learning_curve=finished.learning_curve,
        race=finished.race,
        model=str((run / MODEL).resolve()),
    )
    return write_report(content, out, pictures)


def command(config: RunConfig) -> str:
    """What to type to train it again: the source, and the options that are not the defaults."""
    words = ["warmstart", "train", config.asked.source]
    for field in fields(config.asked):
        value = getattr(config.asked, field.name)
        default = None if field.default is MISSING else field.default
        if field.name in HERE_ONLY or value == default:
            continue
        flag = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    return shlex.join(words)


def chosen(config: RunConfig, history: History) -> dict[str, Any]:
    """Settings that a reader asks for, and what was found by measuring."""
    asked = config.asked
    found: dict[str, Any] = {"head": asked.head}
    if history.records:
        rate = "none" if config.lr is None else f"{config.lr:.3g}"
        how = "found by trying" if asked.lr is None else "given"
        found |= {
            "epochs": len(history.records),
            "learning rate": f"{rate}, {how}" if asked.head == "mlp" else "of each epoch, above",
            "batch size": asked.bs,
        }
    seeds = f"{asked.seed} (head, order of rows, dropout), {asked.split_seed} (split)"
    return found | {"seeds": seeds}

"""Labelled pictures → what a model says of those that it was not trained on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from warmstart.data.content import file_sha256
from warmstart.data.labelled import Labelled
from warmstart.data.seen_images import MOST_KEPT, Keys, SeenImages, keys_of
from warmstart.data.table import Exclusion
from warmstart.errors import DataError
from warmstart.results.predictions import Predictions

ITSELF = "the model itself"  # is what rows chose that trained it (law 15)
TRAINED = "the model was trained on it"
CANNOT_TELL = (
    "note: this model cannot tell which pictures it was trained on (it is published, or\n"
    "      older than that memory); those among these make the scores too good"
)
ONLY_SOME = (
    f"note: the model remembers {MOST_KEPT:,} of the pictures that it was trained on;\n"
    "      others among these make the scores too good"
)


def evaluate_labelled(
    predict: Callable[[Sequence[Path]], Predictions],
    given: Labelled,
    seen: SeenImages | None,
    *,
    with_training_rows: bool,
) -> Predictions:
    """What a model says of labelled pictures, without those that trained it.

    Args:
        predict: Files → predictions, in their order.
        given: The pictures.
        seen: Which pictures trained the model; None where it cannot tell.
        with_training_rows: Judge those too. The result is then marked as flattered.

    Raises:
        DataError: no other picture is there.
    """
    notes = [*given.notes]
    kept, chosen = np.ones(len(given.paths), bool), list[str]()
    if seen is None:
        notes.append(CANNOT_TELL)
    else:
        keys = keys_of_files(given.paths)
        has_trained = np.isin(keys, seen.trained)
        number = f"note: {has_trained.sum()} of {len(kept)} pictures"
        if with_training_rows and has_trained.any():
            chosen.append(ITSELF)
            notes.append(f"{number} are judged though the model was trained on them")
        elif has_trained.all():
            raise DataError(
                f"the model was trained on all of these {len(kept)} pictures.",
                expected="pictures that it has not seen: its score on others tells how good it is.",
                fix="pass with_training_rows=True, for a score that flatters.",
                flags=("--with-training-rows",),
            )
        elif has_trained.any():
            kept = ~has_trained
            notes.append(f"{number} are left out: the model was trained on them")
            notes.append("      --with-training-rows judges them too")
        chosen += seen.choices_of(keys[kept])
        notes += [] if seen.is_whole else [ONLY_SOME]
    left_out = [
        Exclusion(str(path), TRAINED)
        for path, keep in zip(given.paths, kept, strict=True)
        if not keep
    ]
    found = predict([path for path, keep in zip(given.paths, kept, strict=True) if keep])
    return replace(
        found,
        labels=given.labels[kept],
        chosen_on_these=tuple(chosen),
        notes=(*notes, *(f"note: {note}" for note in found.notes)),
        left_out=tuple((item.name, item.reason) for item in (*given.left_out, *left_out)),
    )


def keys_of_files(paths: Sequence[Path]) -> Keys:
    """What each file (N,) is recognised by; one that cannot be read is like no other."""
    with ThreadPoolExecutor(4) as pool:
        return keys_of(list(pool.map(file_sha256, map(str, paths))))

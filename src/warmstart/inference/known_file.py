"""The file of a model folder that says what the training pictures looked like to the network."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from warmstart.errors import FileError, ModelFolderError, reason_of
from warmstart.files.committing import read_committed, sha256_of
from warmstart.inference.model_card import COPY_AGAIN, EXPECTED, KnownEntry, ModelCard
from warmstart.metrics.known_features import FEWEST_ROWS, MOST_BYTES, KnownFeatures
from warmstart.results.decision_rule import BY_FEATURES

KNOWN = "known_features.safetensors"
MOST_FILE_BYTES = MOST_BYTES + 65536  # and a header, columns, four numbers
MOST_PARTS = 16  # of a pooled row
LONGEST = 1.01  # of a row of length 1 whose numbers were rounded to 16 bits


def known_file(known: KnownFeatures) -> tuple[bytes, KnownEntry]:
    """What the file holds, and what the model's card says of it."""
    content = save({
        "rows": known.rows,
        "columns": np.array(known.columns, np.int64),
        "scales": np.array([known.logit, known.similarity], np.float64),
    })  # fmt: skip
    return content, KnownEntry(sha256_of(content))


def read_known(folder: Path, card: ModelCard, entry: KnownEntry | None) -> KnownFeatures | None:
    """Read what ``known_file`` made.

    Args:
        folder: Of the model.
        card: What it says of itself.
        entry: What it says of the file; None where there is none.

    Returns:
        None where the features decide nothing.

    Raises:
        ModelFolderError: the file is not the one that was saved, or the card needs one.
    """
    check_has_known(card, str(folder), has_known=entry is not None)
    if entry is None:
        return None
    try:
        return known_of(read_committed(folder, KNOWN, entry.sha256, MOST_FILE_BYTES))
    except (OSError, FileError, ValueError, KeyError, SafetensorError) as error:
        raise ModelFolderError(
            f"{folder / KNOWN} is not the file that was saved: {reason_of(error)}",
            expected="the sha256 in the model's card, and rows of finite numbers.",
            fix=COPY_AGAIN,
        ) from error


def known_of(content: bytes) -> KnownFeatures:
    """What the bytes of a file say.

    Raises:
        ValueError: they cannot be what was saved.
    """
    tensors = load(content)
    rows, columns, scales = (tensors[name] for name in ("rows", "columns", "scales"))
    if [each.dtype.name for each in (rows, columns, scales)] != ["float16", "int64", "float64"]:
        raise ValueError("its numbers are of another type")
    if rows.ndim != 2 or columns.ndim != 2 or columns.shape[1] != 2 or scales.shape != (2, 2):
        raise ValueError("its numbers have another shape")
    if len(rows) < FEWEST_ROWS or not 1 <= len(columns) <= MOST_PARTS:
        raise ValueError("it has too few rows, or no columns")
    parts = tuple((int(first), int(last)) for first, last in columns)
    widths = [last - first for first, last in parts]
    if min(widths) < 1 or columns.min() < 0 or sum(widths) != rows.shape[1]:
        raise ValueError("its columns are not those of its rows")
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float32))
    if not (lengths <= LONGEST).all():  # NaN is not
        raise ValueError("its rows are not of length 1")
    if not np.isfinite(scales).all() or scales[:, 1].min() < 0:
        raise ValueError("its scales are none")
    logit, similarity = ((float(mean), float(width)) for mean, width in scales)
    return KnownFeatures(rows, parts, logit, similarity)


def check_has_known(card: ModelCard, name: str, *, has_known: bool) -> None:
    """See that a model has what its decision rule needs, and nothing else.

    Raises:
        ModelFolderError: it has not.
    """
    if has_known != (card.answering.unknown_by == BY_FEATURES):
        raise ModelFolderError(
            f'{name}: what is "unknown" is decided by {card.answering.unknown_by}, and the '
            f"features of training pictures are {'there' if has_known else 'missing'}.",
            expected=EXPECTED,
            fix=COPY_AGAIN,
        )


def check_fits(known: KnownFeatures | None, num_features: int, folder: Path) -> None:
    """See that the columns are some of a network's pooled row.

    Raises:
        ModelFolderError: they are not.
    """
    if known is not None and max(last for _, last in known.columns) > num_features:
        raise ModelFolderError(
            f"{folder / KNOWN} has columns of a row of more than the {num_features} features that "
            "the network has.",
            expected=EXPECTED,
            fix=COPY_AGAIN,
        )

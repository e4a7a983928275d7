"""Pictures without labels → a list, the most useful to name first."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.listing import left_out_lines, list_images
from warmstart.errors import DataError, UnreadableImageError
from warmstart.inference.picture_views import PictureViews
from warmstart.inference.pictures import Pictures
from warmstart.inference.predictor import ROWS_AT_ONCE, Predictor
from warmstart.metrics.labelling_order import labelling_order
from warmstart.results.predictions import Predictions
from warmstart.web.review import ReviewItem, ReviewList, item_of


def unlabelled_list(predictor: Predictor, folder: Path, title: str) -> ReviewList:
    """Look at every picture of a folder once, and say in which order to name them.

    Args:
        predictor: What is to be trained further.
        folder: Of the pictures; it is only read.
        title: Of the list.

    Raises:
        DataError: none of them can be read.
    """
    listing = list_images([folder], once=True)
    files, parts, rows, failures = listing.files, [], [], []
    for start in range(0, len(files), ROWS_AT_ONCE):
        some = files[start : start + ROWS_AT_ONCE]
        probabilities, features, read, failed = looked_at(predictor, some)
        parts.append((probabilities, features))
        rows += read
        failures += failed
    if not rows:
        raise DataError(
            f"{folder}: none of its {len(files)} pictures can be read.",
            expected="pictures to name.",
            fix="give another folder; the first says: " + failures[0].reason,
        )
    names = tuple(file.relative_to(folder).as_posix() for file in rows)
    shares = np.concatenate([part[0] for part in parts])
    order = labelling_order(shares, np.concatenate([part[1] for part in parts]))
    found = Predictions(names, shares, np.full(len(names), -1), predictor.classes)
    items: list[ReviewItem] = []
    for row in order.tolist():
        two = np.sort(shares[row])[::-1][:2]
        margin = float(two[0] - two[-1])
        items.append(item_of(found, row, "", "", margin))
    by_name = dict(zip(names, rows, strict=True))
    notes = [f"{one.name}: cannot be read ({one.reason})" for one in failures]
    return ReviewList(
        title,
        str(folder.resolve()),
        predictor.classes,
        tuple(items),
        {item.name: by_name[item.name] for item in items},
        (*left_out_lines(listing.exclusions), *notes),
    )


def looked_at(
    predictor: Predictor, files: Sequence[Path]
) -> tuple[NDArray[np.float64], NDArray[np.float32], list[Path], list[UnreadableImageError]]:
    """Probabilities and pooled features of what can be read of some files."""
    failures: list[UnreadableImageError] = []
    rows = list(files)
    while rows:
        recipes = [member.recipe for member in predictor.members]
        views_on = [member.views_on for member in predictor.members]
        seen = PictureViews(Pictures(rows), recipes, (), "use", views_on)
        failed: list[UnreadableImageError] = []
        blocks = [
            list(member.blocks(partial(seen.render, number, 0), range(len(rows)), failed))
            for number, member in enumerate(predictor.members)
        ]
        if not failed:
            return (
                predictor.probabilities(blocks),
                predictor.members[0].features(blocks[0]),
                rows,
                failures,
            )
        names = {one.name: one for one in failed}
        failures += names.values()
        rows = [file for file in rows if str(file) not in names]
    width = predictor.members[0].num_features
    return np.empty((0, len(predictor.classes))), np.empty((0, width), np.float32), [], failures

"""What a run's bits depend on: written down when it begins, and compared when it goes on."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmstart.batches.source import PixelSource
from warmstart.cli.run.config import RunConfig
from warmstart.data.content import ContentHashes, file_sha256
from warmstart.data.listing import list_images
from warmstart.errors import DataError
from warmstart.files.remote_reading import as_place

BEGUN_WITH = {  # must not change while it is stopped
    "numeric_mode": "computer or its versions",
    "resizer": "computer or its packages",
    "images_sha256": "images",
    "others_sha256": "pictures of other things",
}


def pin(config: RunConfig, here: Mapping[str, Any], run: Path) -> RunConfig:
    """Write down what the run's bits depend on, or see that it is as it was.

    Args:
        config: Of the run.
        here: What is found now.
        run: Its folder.

    Raises:
        DataError: the images or the numeric mode are not those that the run began with.
    """
    for name, what in BEGUN_WITH.items():
        if name in here and config.chosen.get(name, here[name]) != here[name]:
            raise DataError(
                f"{run} cannot go on: its {what} changed ({name} was {config.chosen[name]}, and "
                f"is {here[name]}).",
                expected="what it began with, so that the result is that of one run.",
                fix=f"begin a new run: warmstart train {config.asked.source}",
            )
    config = config.with_chosen(**here)
    config.write(run)
    return config


def images_sha256(source: PixelSource, hashes: ContentHashes) -> str:
    """A hash of the content of all images that train or validate, in their order."""
    digest = hashlib.sha256()
    for split in ("train", "valid"):
        for content in source.content_hashes(source.table.rows(split), hashes):
            digest.update(content)
    return digest.hexdigest()


def hash_of_others(place: Path) -> str:
    """A hash of the pictures of other things, whatever they are called."""
    contents = sorted(map(file_sha256, map(str, list_images([as_place(place)]).files)))
    return hashlib.sha256(b"".join(contents)).hexdigest()

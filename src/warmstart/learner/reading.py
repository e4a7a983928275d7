"""The images of a learner: each read once before a fit, and remembered as what trained it."""

from collections.abc import Sequence

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.data.seen_images import BEST_EPOCH
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, UnreadableImageError, UnreadableImagesError
from warmstart.learner.inputs import TableInputs
from warmstart.learner.same_bytes import same_bytes_notes
from warmstart.learner.state import LearnerState
from warmstart.terminal.colour import notify
from warmstart.terminal.waiting import waits


@waits("reading images")
def read_inputs(
    learn: LearnerState, splits: Sequence[str], precompute: bool | int | None = None
) -> TableInputs:
    """See that every row can be read, and with ``precompute`` is stored.

    Args:
        learn: The learner; rows that cannot be read leave its data, if that is how it was made.
        splits: Which rows.
        precompute: None is the learner's.

    Raises:
        UnreadableImagesError: some cannot be decoded, and are not to be dropped or used.
    """
    keeps = learn.precompute if precompute is None else precompute
    failures = learn.inputs(keeps).scan(splits)
    if failures and learn.data.on_unreadable == "drop":
        learn.data = without_unreadable(learn.data, failures)
    elif failures and learn.data.on_unreadable == "use":
        learn.data, before = using_damaged(learn.data, failures), learn.data
        failures = learn.inputs(keeps).scan(splits)
        if failures:  # there is nothing in them that could be used
            learn.data = before
            raise UnreadableImagesError(failures)
        notify(learn.data.table.notes[-1], quiet=learn.quiet)
    elif failures:
        raise UnreadableImagesError(failures)
    return learn.inputs(keeps)


def without_unreadable(
    data: ImageClassifierData, failures: Sequence[UnreadableImageError]
) -> ImageClassifierData:
    """Leave those images out, and name them.

    Raises:
        DataError: a class has no training image left.
    """
    reasons = [Exclusion(error.name, f"cannot be read: {error.reason}") for error in failures]
    left = data.without(tuple(reasons))
    counts = left.table.counts()["train"]
    empty = [name for name in left.classes if not counts[name]]
    if empty:
        raise DataError(
            f"no training image of {', '.join(empty)} can be read.",
            expected="at least one readable image per class.",
            fix="add images of it, or remove the class.",
        )
    return left


def using_damaged(
    data: ImageClassifierData, failures: Sequence[UnreadableImageError]
) -> ImageClassifierData:
    """Use what is left of those images, and name them."""
    return data.using(tuple(Exclusion(error.name, error.reason) for error in failures))


def remember_images(learn: LearnerState, inputs: TableInputs, chooser: str | None = None) -> None:
    """Note which images a fit trains on: they do not judge its model unnoticed.

    Args:
        learn: The learner.
        inputs: What the fit is given.
        chooser: Which rows choose the best epoch, "held_back" or "valid"; None if none do.
    """
    source, holdout = inputs.source, inputs.holdout
    if learn.last_seen == (source.table, holdout, chooser):
        return  # hashes of files are asked for once, however many fits there are
    train, held = holdout.split(source.table)
    hashes = inputs.activations.hashes
    if learn.last_seen is None or learn.last_seen[0] is not source.table:
        learn.noticed = same_bytes_notes(
            source.table, lambda rows: source.content_hashes(rows, hashes)
        )
        for text in learn.noticed:
            notify(text, quiet=learn.quiet)
    learn.seen = learn.seen.joined(source.content_hashes(train, hashes))
    if chooser is not None:
        rows = source.table.rows("valid") if chooser == "valid" else held
        learn.seen = learn.seen.joined(source.content_hashes(rows, hashes), BEST_EPOCH)
    learn.last_seen = (source.table, holdout, chooser)

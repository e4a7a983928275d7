"""Lines to paste that use a model: where it lies, in a shell and in Python."""

import shlex
from dataclasses import dataclass

PHOTO, FOLDER = "photo.jpg", "photos/"


@dataclass(frozen=True)
class Usage:
    """How to ask a saved model; ``saving`` comes before, where it is not known to be saved."""

    shell: tuple[tuple[str, str], ...]
    python: str
    saving: str = ""


def usage_of(model: str | None) -> Usage:
    """Lines for a model.

    Args:
        model: Its folder; None for a learner that nobody has saved, as far as is known.
    """
    place = "model" if model is None else model
    quoted = shlex.quote(place)
    if quoted.startswith("-"):  # else it would be an option
        quoted = shlex.quote(f"./{place}")
    return Usage(
        shell=(
            ("One photo", f"warmstart predict {quoted} {PHOTO}"),
            (
                "A folder of photos, all probabilities into a table",
                f"warmstart predict {quoted} {FOLDER} --csv answers.csv",
            ),
        ),
        python=(
            "from warmstart import load_predictor\n\n"
            f"predictor = load_predictor({place!r})\n"
            f"predictions = predictor.predict([{PHOTO!r}])\n"
            "print(predictions.answers)\n"
            "print(predictions.probabilities)"
        ),
        saving="" if model is not None else f"learn.save({place!r})",
    )

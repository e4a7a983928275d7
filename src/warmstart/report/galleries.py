"""Galleries as the page shows them: small JPEGs with a few words each."""

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.images.image_file import thumbnail
from warmstart.plots.pictures import overlaid
from warmstart.report.choice import galleries_of
from warmstart.report.content import SeenRows
from warmstart.results.decision_rule import UNKNOWN
from warmstart.results.gallery import most_uncertain, right_and_wrong
from warmstart.results.predictions import Predictions

UNSURE_PART = 10  # a tenth of the rows is called unsure
SHOWN_SIDE = 224  # pixels of a picture in the page, which can be enlarged


@dataclass(frozen=True, eq=False)
class GalleryPicture:
    """One row: ``pixels`` (S, S, 3), and with what spoke for the answer over them, if known.

    ``groups`` are the positions of the classes that it has, and of those that it is said to have.
    """

    pixels: NDArray[np.uint8]
    explained: NDArray[np.uint8] | None
    name: str
    truth: str
    said: str
    probability: float
    verdict: str
    groups: tuple[int, ...] = ()
    is_unsure: bool = False

    @property
    def marks(self) -> str:
        """What the page filters by: positions of the classes that it is, or is called."""
        return " ".join(map(str, self.groups))

    @property
    def looks(self) -> list[tuple[NDArray[np.uint8], str]]:
        """What a plot shows, with a caption each."""
        is_so = "" if self.verdict == "right" else f"is {self.truth}"
        plain = (self.pixels, f"{self.said} {self.probability:.3f}\n{is_so}")
        return [plain] if self.explained is None else [plain, (self.explained, "what spoke for it")]

    @property
    def picture(self) -> str:
        """A data: URI of a small JPEG."""
        return jpeg_address(self.pixels)

    @property
    def heat(self) -> str | None:
        """The same of the explained picture."""
        return None if self.explained is None else jpeg_address(self.explained)


@dataclass(frozen=True)
class Gallery:
    """A title, a sentence, and pictures; ``num_missing`` of its pictures could not be had."""

    title: str
    text: str
    pictures: tuple[GalleryPicture, ...]
    num_missing: int

    @property
    def has_heat(self) -> bool:
        """Whether it shows where the network looked."""
        return any(one.explained is not None for one in self.pictures)


def shown_galleries(predictions: Predictions, seen: SeenRows) -> tuple[Gallery, ...]:
    """The galleries with the pictures that there are."""
    right, wrong = right_and_wrong(predictions)
    verdicts = np.where(right, "right", np.where(wrong, "wrong", "no label"))
    unsure = set(most_uncertain(predictions, len(right) // UNSURE_PART + 1).tolist())
    found = []
    for chosen in galleries_of(predictions):
        pictures = tuple(
            gallery_picture(
                predictions,
                row,
                str(verdicts[row]),
                seen,
                has_heat=chosen.has_heat,
                is_unsure=row in unsure,
            )
            for row in chosen.rows
            if row in seen.pixels
        )
        found.append(Gallery(chosen.title, chosen.text, pictures, len(chosen.rows) - len(pictures)))
    return tuple(one for one in found if one.pictures)


def gallery_picture(
    predictions: Predictions,
    row: int,
    verdict: str,
    seen: SeenRows,
    *,
    has_heat: bool,
    is_unsure: bool,
) -> GalleryPicture:
    """One row: what it looks like, what it is and what was said."""
    pixels, heat = seen.pixels[row], seen.heat.get(row)
    said, probability = given_answer(predictions, row)
    return GalleryPicture(
        pixels=pixels,
        explained=overlaid(pixels, heat) if has_heat and heat is not None else None,
        name=predictions.rows[row],
        truth=truth(predictions, row),
        said=said,
        probability=probability,
        verdict=verdict,
        groups=groups_of(predictions, row),
        is_unsure=is_unsure,
    )


def groups_of(predictions: Predictions, row: int) -> tuple[int, ...]:
    """Positions of the classes that a row has, or is said to have."""
    label, said = predictions.labels[row], predictions.predicted[row]
    if predictions.is_multi_label:
        return tuple(np.flatnonzero((label == 1) | (said == 1)).tolist())
    return tuple(sorted({int(label), int(said)} - {-1}))


def truth(predictions: Predictions, row: int) -> str:
    """The name of a row's label, or the names of several."""
    label = predictions.labels[row]
    if predictions.is_multi_label:
        names = [predictions.classes[int(k)] for k in np.flatnonzero(label == 1)]
        return "unknown" if label.min(initial=0) < 0 else ", ".join(names) or "none of them"
    return predictions.classes[int(label)] if label >= 0 else "unknown"


def given_answer(predictions: Predictions, row: int) -> tuple[str, float]:
    """What was said of a row, and the probability of it: of many labels the least likely one's."""
    probabilities = predictions.probabilities[row]
    if not predictions.is_multi_label:
        best = int(probabilities.argmax())
        name, is_unknown = predictions.classes[best], bool(predictions.is_unknown[row])
        return f"{UNKNOWN} (nearest: {name})" if is_unknown else name, float(probabilities[best])
    called = np.flatnonzero(probabilities > predictions.thresholds)
    if not len(called):
        return "none of them", float(1 - probabilities.max())
    return ", ".join(predictions.classes[int(k)] for k in called), float(
        probabilities[called].min()
    )


def jpeg_address(pixels: NDArray[np.uint8]) -> str:
    """A data: URI."""
    return "data:image/jpeg;base64," + base64.b64encode(thumbnail(pixels, SHOWN_SIDE)).decode(
        "ascii"
    )

"""What a saved model says of itself: JSON that is compared with what it must be."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from warmstart.arguments import one_of
from warmstart.errors import FileError, ModelFolderError, WarmstartError
from warmstart.files.reading import read_regular
from warmstart.files.strict import convert, json_table
from warmstart.images.augment import Augmentation
from warmstart.images.view import ViewRecipe
from warmstart.metrics.prediction_sets import faults_of_scores
from warmstart.results.decision_rule import BY_FEATURES, BY_PROBABILITY, PLAIN, DecisionRule

FORMAT = "warmstart-model-1"
CARD, WEIGHTS = "model.json", "weights.safetensors"
MOST_CARD_BYTES = 4 << 20  # of 10,000 classes with long names it has less than one
MOST_MEMBERS = 20  # networks of one model
LONGEST_NAME = 1000  # signs of a class's name
PICKLES = {".pkl", ".pickle", ".pth", ".pt"}
PRECISIONS = ("auto", "f32", "bf16")
EXPECTED = f"a folder that learn.save() wrote: {CARD} and {WEIGHTS}."
COPY_AGAIN = "copy the folder again from where it was made."


@dataclass(frozen=True)
class MemberCard:
    """What a model of several networks says of one of them; fields as in ``ModelCard``."""

    arch: str
    recipe: dict[str, Any]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    head: dict[str, Any] | None
    mode: str
    precision: str
    weights_from: str


@dataclass(frozen=True)
class ModelCard:
    """What a saved model says of itself.

    ``augmentation`` is how its training views varied, None if they did not, or if the folder was
    written before cards said so; ``view_seed`` is what they were drawn from. ``members`` are the
    networks beside the first, where the answer is the mean of the logits of several.
    """

    arch: str
    classes: tuple[str, ...]
    is_multi_label: bool
    recipe: dict[str, Any]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    head: dict[str, Any] | None
    mode: str
    precision: str
    weights_from: str
    augmentation: dict[str, Any] | None = None
    view_seed: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    answering: DecisionRule = PLAIN
    members: tuple[MemberCard, ...] = ()

    @property
    def of_each(self) -> "tuple[ModelCard, ...]":
        """The card of each network, as if it were the only one."""
        return (
            replace(self, members=()),
            *(replace(self, members=(), **fields_of(member)) for member in self.members),
        )

    @property
    def name(self) -> str:
        """The backbones."""
        return " + ".join([self.arch, *(member.arch for member in self.members)])


def head_words(card: ModelCard) -> str:
    """What the head of a card's first network is, in a few words."""
    if card.head is None:
        return "one of the user's own"
    if card.head.get("kind") == "logistic":
        columns = sum(last - first for first, last in card.head["parts"])
        return f"logistic regression of {columns} of {card.head['num_features']} features"
    sizes = " → ".join(str(size) for size in card.head.get("sizes", ()))
    through = f" → {sizes}" if sizes else ""
    return f"MLP: {card.head['num_features']} features{through} → {card.head['num_classes']}"


def fields_of(member: MemberCard) -> dict[str, Any]:
    """What a card says of one network."""
    return {each.name: getattr(member, each.name) for each in fields(member)}


def joined_cards(cards: Sequence[ModelCard]) -> ModelCard:
    """The card of a model of several networks; all that is of the whole is as the first has it."""
    names = [each.name for each in fields(MemberCard)]
    members = [MemberCard(**{name: getattr(card, name) for name in names}) for card in cards[1:]]
    return replace(cards[0], members=tuple(members))


@dataclass(frozen=True)
class SeenEntry:
    """What a card says of the file of pictures that trained: its sum, and what each list chose."""

    sha256: str
    choices: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True)
class KnownEntry:
    """What a card says of the file of the training pictures' features: its sum."""

    sha256: str


@dataclass(frozen=True)
class CardFile:
    """All that ``model.json`` says: the card, and which files belong to it.

    ``seen`` is None in one that an older version wrote, ``known`` where features decide nothing.
    """

    card: ModelCard
    weights_sha256: str
    seen: SeenEntry | None
    known: KnownEntry | None = None

    def to_json(self) -> str:
        """The file's text."""
        entry: dict[str, Any] = {
            "format": FORMAT,
            "weights_sha256": self.weights_sha256,
            "seen_pictures": None if self.seen is None else asdict(self.seen),
        } | asdict(self.card)
        if not self.card.members:
            del entry["members"]  # as older versions know it
        if self.known is None:
            del entry["answering"]["unknown_by"]
        else:
            entry["known_features"] = asdict(self.known)
        if self.card.answering.sets is None:
            del entry["answering"]["sets"]
        return json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False)


def read_card(folder: Path) -> CardFile:
    """Read what a model folder says of itself."""
    place = folder / CARD
    if not place.is_file():
        refuse_no_model(folder)
    name = str(place)
    try:
        entry = json_table(read_regular(place, MOST_CARD_BYTES), name)
        check_format(entry.pop("format", None), place)
        sha256 = convert(entry.pop("weights_sha256", None), str, f"weights_sha256 of {name}")
        about = entry.pop("seen_pictures", None)
        seen = None if about is None else convert(about, SeenEntry, f"seen_pictures of {name}")
        about = entry.pop("known_features", None)
        known = None if about is None else convert(about, KnownEntry, f"known_features of {name}")
        found = CardFile(convert(entry, ModelCard, name), sha256, seen, known)
    except (OSError, FileError) as error:
        refuse_unreadable(folder, error)
    check_card(found.card, name)
    return found


def check_format(found: object, card: Path) -> None:
    """See that this version knows a format.

    Raises:
        ModelFolderError: it does not.
    """
    if found != FORMAT:
        raise ModelFolderError(
            f"{card}: this version of warmstart does not know the format {str(found)[:80]!r}.",
            expected=FORMAT,
            fix="install the version that wrote it; its card says which.",
        )


def check_card(card: ModelCard, name: str) -> None:
    """See that what a card says can be, and fits each other.

    Args:
        card: Of a model that is saved or loaded.
        name: What errors call it.

    Raises:
        ModelFolderError: it does not.
    """
    for what in faults_of(card):
        raise ModelFolderError(f"{name}: {what}.", expected=EXPECTED, fix=COPY_AGAIN)
    try:
        for each in card.of_each:
            convert(each.recipe, ViewRecipe, f"the recipe of {name}")
            one_of(*PRECISIONS)("precision", each.precision)
        if card.augmentation is not None:
            convert(card.augmentation, Augmentation, f"the augmentation of {name}")
    except WarmstartError as error:
        raise ModelFolderError(
            f"{name}: {error.what}", expected=EXPECTED, fix=COPY_AGAIN
        ) from error


def faults_of(card: ModelCard) -> Iterable[str]:
    """What in a card cannot be."""
    classes, answering = card.classes, card.answering
    if not classes:
        yield "it has no classes"
    if len(set(classes)) < len(classes):
        twice = next(name for i, name in enumerate(classes) if name in classes[:i])
        yield f"the class {twice[:80]!r} is there twice"
    if any(not 0 < len(name) <= LONGEST_NAME for name in classes):
        yield f"a class has a name of no sign, or of more than {LONGEST_NAME}"
    if len(card.members) >= MOST_MEMBERS:
        yield f"it has {len(card.members) + 1} networks, and {MOST_MEMBERS} are the most"
    for each in card.of_each:
        yield from faults_of_pixels(each)
    if not all(map(isfinite, card.metrics.values())):
        yield f"a score is not finite: {card.metrics}"
    yield from faults_of_rule(answering, len(classes))
    if card.is_multi_label and (answering.sets is not None or answering.unknown_by == BY_FEATURES):
        yield "it has sets, or is asked what is unknown, and a picture may have many classes"


def faults_of_rule(answering: DecisionRule, num_classes: int) -> Iterable[str]:
    """What in a decision rule cannot be."""
    if not (isfinite(answering.temperature) and answering.temperature > 0):
        yield f"temperature {answering.temperature} is not above 0"
    thresholds = answering.thresholds
    if thresholds is not None and len(thresholds) != num_classes:
        yield f"there are {len(thresholds)} thresholds for {num_classes} classes"
    below, by = answering.unknown_below, answering.unknown_by
    if by not in {BY_PROBABILITY, BY_FEATURES}:
        yield f'what is "unknown" is decided by {by[:80]!r}'
    if by == BY_FEATURES and (below is None or not isfinite(below)):
        yield 'what is "unknown" is decided by features, without a threshold'
    shares = (*(thresholds or ()), *filter(None, [below if by == BY_PROBABILITY else None]))
    if not all(0 <= share <= 1 for share in shares):
        yield "a threshold is no probability"
    if answering.sets is not None:
        yield from faults_of_scores(answering.sets)


def faults_of_pixels(card: ModelCard) -> Iterable[str]:
    """What in the numbers cannot be that pixels are normalised by."""
    if len(card.mean) != 3 or not all(map(isfinite, card.mean)):
        yield f"mean={card.mean[:4]} is not three numbers"
    if len(card.std) != 3 or not all(isfinite(value) and value > 0 for value in card.std):
        yield f"std={card.std[:4]} is not three numbers above 0"


def refuse_no_model(folder: Path) -> NoReturn:
    """Say why a folder without a card is no model.

    Raises:
        ModelFolderError: always.
    """
    pickles = sorted(path.name for path in folder.glob("*") if path.suffix in PICKLES)
    what = f"holds a pickle ({pickles[0]}), which is not read" if pickles else f"has no {CARD}"
    raise ModelFolderError(
        f"{folder} {what}.",
        expected=EXPECTED,
        fix="train one: warmstart train FOLDER --out RUN, then use RUN/model.",
    )


def refuse_unreadable(place: Path, error: Exception) -> NoReturn:
    """Say why a part of a model cannot be read.

    Raises:
        ModelFolderError: always.
    """
    reason = (
        error.what if isinstance(error, WarmstartError) else f"{place} cannot be read ({error})."
    )
    raise ModelFolderError(reason, expected=EXPECTED, fix=COPY_AGAIN) from error

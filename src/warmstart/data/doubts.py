"""What is doubtful about labels that can be read: said, not refused."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from warmstart.data.split import part_of
from warmstart.errors import first_few
from warmstart.images.formats import is_image_suffix

NO_LABELS = frozenset(
    {"nan", "none", "null", "nil", "na", "n/a", "#n/a", "<na>", "nat", "undefined", "missing", "-",
     "--", "?", "."}
)  # fmt: skip
SEPARATORS = (",", ";", "|", "/", "+", "&", "\t", " ")
MEASURE = re.compile(r"[+-]?\d*[.,]\d+([eE][+-]?\d+)?")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
FEW_ROWS = 4  # of a class, on average: below, most labels are combinations of others


def label_doubts(rows: Sequence[tuple[str, ...] | None], *, is_many: bool) -> list[str]:
    """Notes of labels that may mean something else.

    Args:
        rows: The classes of each row.
        is_many: Whether a row may have many, by a separator or lists.

    Returns:
        One sentence per doubt; none where nothing is doubtful.
    """
    return count_doubts(Counter(name for row in rows for name in row or ()), is_many=is_many)


def count_doubts(counts: Counter[str], *, is_many: bool) -> list[str]:
    """The same by how many rows have each label."""
    return [
        *no_labels(counts),
        *similar_spellings(counts),
        *several_in_one(counts, is_many=is_many),
        *of_other_columns(counts),
    ]


def no_labels(counts: Counter[str]) -> list[str]:
    """Labels that often stand for none, and names with blanks around them."""
    empty = [f"{n!r} ({counts[n]})" for n in sorted(counts) if n.strip().casefold() in NO_LABELS]
    blank = [repr(name) for name in sorted(counts) if name != name.strip()]
    notes = []
    if empty:
        notes.append(f"labels that may stand for no label are read as classes: {first_few(empty)}")
    if blank:
        notes.append(f"names of classes begin or end with blanks: {first_few(blank)}")
    return notes


def similar_spellings(counts: Counter[str]) -> list[str]:
    """Classes that may be one: meant for letters, a slip for animals and numbers."""
    notes = []
    for what, key in SAME_BUT_FOR.items():
        groups: dict[str, list[str]] = {}
        for name in sorted(counts):
            groups.setdefault(key(name), []).append(name)
        same = [" and ".join(names) for names in groups.values() if len(names) > 1]
        if same:
            notes.append(f"classes that differ in {what} only: {first_few(same)}")
            break  # what comes later counts these too
    return notes


def as_number(name: str) -> str:
    """A number in one spelling, anything else as it is."""
    try:
        return repr(float(name)) if NUMBER.fullmatch(name.strip()) else name
    except ValueError:
        return name


def several_in_one(counts: Counter[str], *, is_many: bool) -> list[str]:
    """Labels that look like several in one, whose parts stand in other labels too."""
    for separator in SEPARATORS:
        parts = {
            name: [part.strip() for part in name.split(separator) if part.strip()]
            for name in counts
        }
        uses = Counter(part for of in parts.values() for part in set(of))
        joined = {name: of for name, of in parts.items() if len(of) > 1}
        sure = [name for name, of in joined.items() if all(uses[part] > 1 for part in of)]
        likely = [name for name, of in joined.items() if any(uses[part] > 1 for part in of)]
        is_fine = len(counts) * FEW_ROWS <= sum(counts.values()) and separator == " "
        if 2 * len(likely) < len(counts) or is_fine:
            likely = []
        if sure or likely:
            shown = first_few([repr(name) for name in sorted(sure or likely)])
            kept = "one class" if not is_many else "one of an image's classes"
            return [
                f"some labels look like several with {separator!r} between them, and each is read "
                f"as {kept}: {shown}; if they are several, pass label_sep={separator!r} "
                f"(--label-sep {separator!r})"
            ]
    return []


def of_other_columns(counts: Counter[str]) -> list[str]:
    """Labels that are words for splits, names of files or measures."""
    names = sorted(counts)
    if len(names) > 1 and all(part_of(name) for name in names):
        told = "words for parts: if they say who validates, name that column as split_column"
    elif names and all(
        "." in name and is_image_suffix("." + name.rpartition(".")[2]) for name in names
    ):
        told = "names of pictures: name the column of classes as label_column"
    elif len(names) > 1 and all(MEASURE.fullmatch(name) for name in names):
        told = "measures, and each value is read as a class of its own"
    else:
        return []
    return [f"the labels are {told}: {first_few(names)}"]


SAME_BUT_FOR: dict[str, Callable[[str], str]] = {
    "case": lambda name: unicodedata.normalize("NFC", name).casefold(),
    "case, blanks, - and _": lambda name: re.sub(r"[\s_-]+", " ", name.strip()).casefold(),
    "the spelling of numbers": as_number,
}

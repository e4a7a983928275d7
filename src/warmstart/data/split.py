"""Which rows train, validate and test: by words of a column, by positions, or drawn."""

import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import one_of, read_fields, real, whole
from warmstart.data.table import SPLITS
from warmstart.errors import SettingError, first_few

PART_WORDS = (
    frozenset({"train", "training", "trn", "trainset", "train_set"}),
    frozenset({"valid", "val", "validation", "validate", "dev", "validset", "val_set", "valset"}),
    frozenset({"test", "testing", "tst", "testset", "test_set"}),
)
SPLIT_BY = one_of("class", "name", "content", flag="--split-by")
SAYS_YES = {"true": True, "1": True, "yes": True, "y": True, "t": True,
            "false": False, "0": False, "no": False, "n": False, "f": False}  # fmt: skip
SPLIT_TITLES = frozenset({"split", "splits", "subset", "partition", "fold", "set", "usage"})
ABOUT = re.compile(r"(?:is|in|for|use|used)?[\s_-]*([a-z]+)(?:[\s_-]*(?:set|split|img|image))?")


def part_of(word: str) -> str | None:
    """The split that a word stands for in any case, None if it is none of these words."""
    low = word.strip().casefold()
    return next((u for u, words in zip(SPLITS, PART_WORDS, strict=True) if low in words), None)


def is_split_title(title: str) -> bool:
    """Whether a column of this name seems to say who trains and who validates."""
    low = title.strip().casefold()
    match = ABOUT.fullmatch(low)
    has_prefix = re.match(r"(is|in|for|use|used)[\s_-]*", low) is not None
    return low in SPLIT_TITLES or (
        has_prefix and match is not None and part_of(match.group(1)) is not None
    )


def resolve_splits(cells: Sequence[str], title: str) -> tuple[list[str | None], list[str]]:
    """The split of each row, and notes of how other words than train, valid and test were read.

    Args:
        cells: What stands in the column: words in any case, yes and no, or numbers.
        title: The column's name, which says what a yes means; "" where it has none.

    Returns:
        None for a cell that cannot be understood.
    """
    words = [re.sub(r"\.0$", "", cell.strip().casefold()) for cell in cells]
    kinds = set(words) - {""}
    if kinds and kinds <= set(SAYS_YES):
        return yes_or_no(words, title)
    if kinds == {"0", "1", "2"}:
        number = {"0": "train", "1": "valid", "2": "test"}
        return [number.get(word) for word in words], [
            f"the column {title or 'of splits'} holds 0, 1 and 2: read as train, valid and test"
        ]
    found = [part_of(word) for word in words]
    other = sorted({cell for cell, split in zip(cells, found, strict=True)
                    if split is not None and cell != split})  # fmt: skip
    said = [f"{cell!r} as {part_of(cell)}" for cell in other]
    return found, [f"splits are read from other words: {', '.join(said)}"] if said else []


def yes_or_no(words: Sequence[str], title: str) -> tuple[list[str | None], list[str]]:
    """Splits of a column of yes and no: its title says of what, else yes is the rarer valid."""
    match = ABOUT.fullmatch(title.strip().casefold())
    about = part_of(match.group(1)) if match is not None else None
    says = [SAYS_YES.get(word) for word in words]
    if about is None and sum(map(bool, says)) * 2 > len(says):
        return [None] * len(words), []
    yes = about or "valid"
    no = "train" if yes != "train" else "valid"
    told = f"the column {title or 'of splits'}: yes is read as {yes}, no as {no}"
    return [None if one is None else (yes if one else no) for one in says], [told]


@dataclass(frozen=True)
class Draw:
    """How validation rows are drawn: a share of each class, and what the draw depends on.

    Args:
        valid_pct: Share of each class that validates, in (0, 1).
        seed: Another seed, other rows.
        by: "class" draws that share of each class. "name" and "content" look at one row at a time,
            so that rows which are added move no other: it validates if the hash of its group, or
            else of its name or of its bytes, is below the share.
        memory: The file in which hashes of bytes are remembered, so that a second draw reads
            nothing; None remembers none.
    """

    valid_pct: float = 0.2
    seed: int = 42
    by: str = "class"
    memory: Path | None = None

    def __post_init__(self) -> None:
        """Check all, with a SettingError."""
        read_fields(self, valid_pct=real(0.2, above=0, below=1), seed=whole(), by=SPLIT_BY)


DEFAULT_DRAW = Draw()


def draw_valid(
    names: Sequence[str],
    labels: NDArray[np.int64],
    groups: Sequence[str] | None,
    draw: Draw,
) -> NDArray[np.bool_]:
    """Choose the rows that validate.

    Every class keeps a row in training. One label per row: ``valid_pct`` of each class, rounded,
    at least one row of a class that has two. Many labels per row: ``valid_pct`` of all rows. A
    group is never parted, and shares are then met as nearly as whole groups allow.

    A row's turn is the hash of (seed, name), so the choice depends on neither the rows' order nor
    on a library's random numbers, and a few added files move few rows.

    Args:
        names: (N,) names of the rows.
        labels: (N,) labels or (N, K) of 0 and 1; no row may lack one.
        groups: (N,) names of groups, or None.
        draw: Share and seed; by class.

    Returns:
        (N,) true for the rows that validate.
    """
    if groups is None and labels.ndim == 1:
        return draw_from_classes(names, labels, draw)
    if labels.ndim == 1:
        member = (labels[:, None] == np.unique(labels)).astype(np.int64)
        strata = member
    else:
        member, strata = labels, np.ones((len(labels), 1), np.int64)
    return draw_units(names if groups is None else groups, member, strata, draw)


def draw_from_classes(
    names: Sequence[str], labels: NDArray[np.int64], draw: Draw
) -> NDArray[np.bool_]:
    """The first ``valid_pct`` of each class, by turn."""
    chosen = np.zeros(len(names), bool)
    keys = bytearray()  # of ten million rows: no object for each
    for name in names:
        keys += draw_key(name, draw.seed)[:16]
    turns = np.frombuffer(keys, ">u8").reshape(-1, 2).astype(np.uint64)
    order = np.lexsort((turns[:, 1], turns[:, 0], labels))
    starts = np.flatnonzero(np.diff(labels[order], prepend=-2, append=-2))
    for start, end in itertools.pairwise(starts.tolist()):
        chosen[order[start : start + num_drawn(end - start, draw.valid_pct)]] = True
    return chosen


def draw_units(
    units: Sequence[str],
    member: NDArray[np.int64],
    strata: NDArray[np.int64],
    draw: Draw,
) -> NDArray[np.bool_]:
    """Take whole units, by turn, while they bring the strata nearer to their shares.

    Args:
        units: (N,) the unit of each row.
        member: (N, K) the classes of each row; each must keep a row outside the choice.
        strata: (N, M) what is counted towards the shares.
        draw: Share and seed.

    Returns:
        (N,) true for the rows of chosen units.
    """
    keys, unit_of_row = np.unique(np.array(units, dtype=object), return_inverse=True)
    classes_of = np.zeros((len(keys), member.shape[1]), np.int64)
    counts_of = np.zeros((len(keys), strata.shape[1]), np.int64)
    np.add.at(classes_of, unit_of_row, member)
    np.add.at(counts_of, unit_of_row, strata)
    totals = strata.sum(axis=0)
    missing = np.array([num_drawn(int(total), draw.valid_pct) for total in totals], np.int64)
    left = member.sum(axis=0)
    chosen = np.zeros(len(keys), bool)
    for unit in sorted(range(len(keys)), key=lambda unit: draw_key(str(keys[unit]), draw.seed)):
        if not missing.clip(0).any():
            break
        after = missing - counts_of[unit]
        gain = ((np.abs(missing) - np.abs(after)) / np.maximum(totals, 1)).sum()
        has = classes_of[unit] > 0
        if gain > 0 and (left[has] > classes_of[unit][has]).all():
            chosen[unit], missing, left = True, after, left - classes_of[unit]
    return chosen[unit_of_row]


def num_drawn(number: int, valid_pct: float) -> int:
    """How many of ``number`` rows validate: at least one, never all; none of one."""
    return min(max(1, round(valid_pct * number)), max(number - 1, 0))


def draw_key(name: str, seed: int) -> bytes:
    """When a name's turn comes."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()


def resolve_rows(rows: Any, num_rows: int, argument: str) -> NDArray[np.int64]:
    """Positions of the rows that an argument means, in order.

    Args:
        rows: Positions from 0, each once: numbers in a list, an array, a column of a frame, a
            range or a slice; or a mask: true or false for each of the ``num_rows`` rows.
        num_rows: How many rows there are.
        argument: What errors call it.

    Returns:
        (n,) positions; an error names what is no row, is named twice, or is of another length.
    """
    what = f"{argument} holds "
    values = row_values(rows, num_rows)
    if values is None or values.ndim != 1:
        refuse_row_index(argument, num_rows, what + rows_in_words(rows, values))
    if values.dtype == np.bool_:
        if len(values) != num_rows:
            told = f"{len(values)} values of true and false for {num_rows} rows"
            refuse_row_index(argument, num_rows, what + told)
        values = np.flatnonzero(values)
    elif values.size and values.dtype.kind not in "iu":
        refuse_row_index(argument, num_rows, what + rows_in_words(rows, values))
    if not values.size:
        refuse_row_index(argument, num_rows, what + "nothing")
    outside = [str(row) for row in values.tolist() if not 0 <= row < num_rows]
    if outside:
        refuse_row_index(argument, num_rows, f"{what}{first_few(outside)}")
    found, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        is_mask = len(values) == num_rows and set(found.tolist()) <= {0, 1}
        told = f"{first_few([str(row) for row in found[counts > 1].tolist()])} more than once"
        hint = f"pass np.array({argument}, bool), if it is a mask." if is_mask else ""
        refuse_row_index(argument, num_rows, what + told, hint)
    if len(found) == num_rows:
        refuse_row_index(argument, num_rows, f"{what}every row, so that none is left to train on")
    return found.astype(np.int64)


def row_values(rows: Any, num_rows: int) -> NDArray[Any] | None:
    """The values as one array; None for what holds none."""
    if isinstance(rows, slice):
        return np.arange(num_rows)[rows]
    if isinstance(rows, (str, bytes, dict)) or not (
        isinstance(rows, Iterable) or hasattr(rows, "__array__")
    ):
        return None
    if not hasattr(rows, "__array__"):
        rows = list(rows)
        kinds = {type(value) for value in rows}
        if any(issubclass(kind, (bool, np.bool_)) for kind in kinds) and len(kinds) > 1:
            return np.array(rows, object)  # numpy would make numbers of true and false
    try:
        values = np.asarray(rows)
    except (ValueError, TypeError):  # lists of different lengths
        return None
    if values.dtype == object and values.size and values.ndim == 1:
        kinds = {type(value) for value in values.tolist()}
        if len(kinds) == 1 and kinds <= {bool, int, np.bool_}:  # a column of a frame may be such
            return np.array(values.tolist())
    return values


def rows_in_words(rows: Any, values: NDArray[Any] | None) -> str:
    """What somebody passed in place of positions."""
    if values is None:
        return f"a {type(rows).__name__}"
    if values.ndim != 1:
        return f"an array of shape {values.shape}"
    return f"values that are no positions, such as {values.tolist()[0]!r}"


def refuse_row_index(argument: str, num_rows: int, what: str, hint: str = "") -> NoReturn:
    """An argument that names no rows.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        f"{what}.",
        expected=f"positions from 0 to {num_rows - 1}, each once, or {num_rows} values of true and "
        "false.",
        fix=hint or f"leave {argument} away, to have validation rows drawn or read from a column.",
    )

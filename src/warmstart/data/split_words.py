"""Words for train, valid and test that people use, for folders and for cells of a column."""

import re
from collections.abc import Sequence

USUAL_NAMES = ("train", "valid", "test")
PART_WORDS = (
    frozenset({"train", "training", "trn", "trainset", "train_set"}),
    frozenset({"valid", "val", "validation", "validate", "dev", "validset", "val_set", "valset"}),
    frozenset({"test", "testing", "tst", "testset", "test_set"}),
)


def part_of(word: str) -> str | None:
    """The split that a word stands for in any case, None if it is none of these words."""
    low = word.strip().casefold()
    return next((u for u, words in zip(USUAL_NAMES, PART_WORDS, strict=True) if low in words), None)


SAYS_YES = {"true": True, "1": True, "yes": True, "y": True, "t": True,
            "false": False, "0": False, "no": False, "n": False, "f": False}  # fmt: skip
SPLIT_TITLES = frozenset({"split", "splits", "subset", "partition", "fold", "set", "usage"})
ABOUT = re.compile(r"(?:is|in|for|use|used)?[\s_-]*([a-z]+)(?:[\s_-]*(?:set|split|img|image))?")


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
    return [None if say is None else (yes if say else no) for say in says], [told]

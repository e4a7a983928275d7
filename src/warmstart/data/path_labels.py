"""Labels out of file names → an ImageTable."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from warmstart.data.label_forms import cell_text, is_empty, python_value, read_labels
from warmstart.data.records import Noticed, Record, assemble
from warmstart.data.scan import scan
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError, first_few

LabelOf = Callable[[Path], object]


def read_labelled(
    root: Path,
    label_of: str | LabelOf,
    *,
    group_of: str | Callable[[Path], str] | None = None,
    draw: Draw = DEFAULT_DRAW,
) -> ImageTable:
    r"""Read every image below ``root``; its path says its class.

    Args:
        root: The folder.
        label_of: A pattern with one group, sought in the path under ``root`` with "/" between
            folders; or a function of the path that gives the class (a bool or a whole number is
            taken as its text), or a list of classes for images that may have many.
        group_of: Likewise, what must not be parted between train and valid, such as a patient.
        draw: How validation rows are drawn.

    Returns:
        One row per image, sorted by name.

    Raises:
        DataError: there are no images, or a path says no class or no group.

    Example:
        Files named ``beagle_12.jpg``: ``read_labelled(root, r"([^/]+)_\d+\.jpg$")``.
    """
    found = scan(root) if root.is_dir() else None
    if found is None or not found.images:
        raise DataError(
            f"{root} is not a folder." if found is None else f"{root} has no image.",
            expected="a folder with images, at any depth.",
            fix="check the spelling.",
        )
    said = [resolve_label(value) for value in apply_rule(root, found.images, label_of, "label_of")]
    many = [isinstance(label, tuple) for label in said]
    bad = [
        f"{name} ({'a list' if is_list else label!r})"
        for name, label, is_list in zip(found.images, said, many, strict=True)
        if (not is_list and is_empty(label)) or is_list != any(many)
    ]
    if bad:
        raise DataError(
            f"label_of gives no class, or a list only for some, for {len(bad)} of "
            f"{len(said)} images: {first_few(bad)}.",
            expected="a class for every image, or a list of classes for every image.",
            fix="mend label_of, or move those images elsewhere.",
        )
    labels = read_labels(said, [f"what label_of says of {name}" for name in found.images])
    groups: list[str | None] = [None] * len(said)
    if group_of is not None:
        given = apply_rule(root, found.images, group_of, "group_of")
        groups = [None if is_empty(value) else cell_text(value) for value in given]
        lacking = [name for name, g in zip(found.images, groups, strict=True) if g is None]
        if lacking:
            raise DataError(
                f"group_of gives no group for {len(lacking)} image(s): {first_few(lacking)}.",
                expected="a group for every image.",
                fix="mend group_of.",
            )
    records = [
        Record(name, label, group=group)
        for name, label, group in zip(found.images, labels.rows, groups, strict=True)
    ]
    noticed = Noticed(found.exclusions, labels.notes)
    return assemble(root, records, draw, is_multi_label=labels.is_many, noticed=noticed)


def apply_rule(
    root: Path,
    names: tuple[str, ...],
    rule: str | Callable[[Path], object],
    argument: str,
) -> list[object]:
    """What a pattern or a function says of each name; None where a pattern does not match."""
    if isinstance(rule, str):
        pattern = compile_pattern(rule, argument)
        matches = (pattern.search(name) for name in names)
        return [None if match is None else match.group(1) for match in matches]
    said = []
    for name in names:
        try:
            said.append(rule(root / name))
        except Exception as error:
            error.add_note(f"{argument} was asked about {root / name}")
            raise
    return said


def compile_pattern(pattern: str, argument: str) -> re.Pattern[str]:
    """A pattern with one group.

    Raises:
        SettingError: it has another number of groups, or is none.
    """
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise SettingError(
            f"{argument}={pattern!r} is not a pattern: {error}.",
            expected="a regular expression with one group.",
            fix=rf'pass {argument}=r"([^/]+)_\d+\.jpg$" for names like beagle_12.jpg.',
        ) from error
    if found.groups != 1:
        raise SettingError(
            f"{argument}={pattern!r} has {found.groups} groups.",
            expected="one group, in parentheses: the class.",
            fix="put parentheses around the class; write (?:…) for any others.",
        )
    return found


def resolve_label(value: object) -> object:
    """What a function may say of an image: a text, a whole number, bytes, or several of them."""
    value = python_value(value)
    if value is None or isinstance(value, (float, Mapping)):
        return None
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return tuple(value)
    return cell_text(value)

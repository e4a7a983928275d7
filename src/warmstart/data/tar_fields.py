"""What the members beside a picture in a tar archive say of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from warmstart.data.columns import LABEL_TITLES, Columns
from warmstart.data.label_forms import is_empty, read_labels
from warmstart.data.tar_samples import LABEL_FIELDS, Sample
from warmstart.errors import DataError, FileError, SettingError, first_few
from warmstart.files.places import read_members
from warmstart.files.strict import plain_json

MOST_LABEL_BYTES = 1 << 20  # of a member that says what a picture is
MEND_LABELS = "add the labels, or leave those pictures out of the shards."
LAYOUT = "cat.jpg and cat.cls (or cat.txt, or cat.json with a label)"


@dataclass(frozen=True)
class Fields:
    """Which field says what: ``label`` a kind of member, such as "cls"; keys are those in a JSON.

    ``label_key`` is None where the whole member is the label.
    """

    label: str
    label_key: str | None = None
    split_key: str | None = None
    group_key: str | None = None


def find_fields(file: Path, samples: Sequence[Sample], columns: Columns) -> Fields:
    """Which fields say what, by the first sample that has any.

    Raises:
        DataError: no picture has a member that could be its label.
    """
    first = next((sample for sample in samples if sample.fields), None)
    if first is None:
        shown = samples[0].pictures[0]
        raise DataError(
            f"{file} has no label for any of its {len(samples)} pictures: beside {shown} is no "
            f"{samples[0].name}.cls, .txt or .json.",
            expected=f"a label beside each picture: {LAYOUT}.",
            fix="pack the labels too, or pack class folders into one archive: "
            "tar cf photos.tar photos",
        )
    keys: dict[str, Any] = {}
    if "json" in first.fields:
        told = parsed(read_members(file, [first.fields["json"]], MOST_LABEL_BYTES)[0], first, file)
        keys = told if isinstance(told, dict) else {}
    for wanted, argument in ((columns.split, "split_column"), (columns.group, "group")):
        if wanted is not None and wanted not in keys:
            refuse_field(file, str(wanted), argument, keys)
    split, group = (None if each is None else str(each) for each in (columns.split, columns.group))
    told_label = columns.label
    if told_label is None:
        kind = next(kind for kind in LABEL_FIELDS if kind in first.fields)
        key = None
        if kind == "json" and keys:
            titled = [key for key in keys if key.strip().casefold() in LABEL_TITLES]
            if len(titled) != 1:
                refuse_field(file, "label", "label_column", keys)
            key = titled[0]
        return Fields(kind, key, split, group)
    label = str(told_label).removeprefix(".")
    if label in first.fields and label not in keys:
        return Fields(label, None, split, group)
    if label not in keys:
        refuse_field(file, label, "label_column", {**dict.fromkeys(first.fields), **keys})
    return Fields("json", label, split, group)


def refuse_field(file: Path, wanted: str, argument: str, there: Iterable[str]) -> NoReturn:
    """A field that the first sample does not have.

    Raises:
        SettingError: always.
    """
    listed = list(there)
    raise SettingError(
        f"the first sample of {file} has no {wanted!r}, or several that could be meant.",
        expected=f"one of {first_few(listed)}." if listed else "a .json member with such a key.",
        fix=f"pass {argument}={listed[0]!r}." if listed else f"leave {argument} away.",
        flags=("--" + argument.replace("_", "-"), listed[0]) if listed else (),
    )


@dataclass
class ShardTold:
    """What the fields of a shard say, by columns; (R,) a row per picture."""

    names: list[str]
    labels: list[tuple[str, ...] | None]
    splits: list[str | None]
    groups: list[str | None]
    is_many: bool
    notes: tuple[str, ...]


def shard_records(
    file: Path, samples: Sequence[Sample], fields: Fields, label_sep: str | None
) -> ShardTold:
    """Read the fields of every sample of an archive; pictures of one sample share a group."""
    with_field = [sample for sample in samples if fields.label in sample.fields]
    contents = read_members(
        file, [sample.fields[fields.label] for sample in with_field], MOST_LABEL_BYTES
    )
    by_name = {one.name: content for one, content in zip(with_field, contents, strict=True)}
    names: list[str] = []
    cells: list[object] = []
    splits: list[str | None] = []
    groups: list[str | None] = []
    for sample in samples:
        content = by_name.get(sample.name)
        told: Any = None
        if content is not None:
            is_json = fields.label == "json"
            told = parsed(content, sample, file) if is_json else text_of(content, sample, file)
        keys = told if isinstance(told, dict) else {}
        label = told if fields.label_key is None else keys.get(fields.label_key)
        group = keys.get(fields.group_key) if fields.group_key else None
        if group is None and len(sample.pictures) > 1:
            group = f"{file.name}/{sample.name}"
        for picture in sample.pictures:
            names.append(picture)
            cells.append(label)
            splits.append(str(keys.get(fields.split_key, "")) if fields.split_key else None)
            groups.append(None if is_empty(group) else str(group))
    labels = read_labels(cells, [f"the label of {file}/{name}" for name in names], label_sep)
    return ShardTold(names, list(labels.rows), splits, groups, labels.is_many, labels.notes)


def parsed(content: bytes, sample: Sample, file: Path) -> Any:
    """What a JSON member says.

    Raises:
        DataError: it is none.
    """
    name = f"{file}/{sample.name}.json"
    try:
        return plain_json(text_of(content, sample, file), name, has_infinity=True)
    except FileError as error:
        raise DataError(
            f"{name} is no JSON: {error.what}",
            expected='an object with a label, such as {"label": "cat"}.',
            fix="write it again.",
        ) from error


def text_of(content: bytes, sample: Sample, file: Path) -> str:
    """A member's text.

    Raises:
        DataError: it is none in UTF-8.
    """
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DataError(
            f"the label of {file}/{sample.name} is no text in UTF-8.",
            expected="the name or the number of a class, as text.",
            fix="write it again.",
        ) from error

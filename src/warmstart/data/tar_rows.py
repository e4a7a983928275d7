"""Tar shards in the WebDataset layout → rows: members of one name are a picture and its label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from warmstart.data.cell_names import CellNames
from warmstart.data.cells import Read, bare_note
from warmstart.data.coded_rows import BareRows, CodedRows, assemble_coded
from warmstart.data.columns import Columns
from warmstart.data.faults import Faults
from warmstart.data.label_forms import Label
from warmstart.data.records import Noticed, Record, assemble
from warmstart.data.shards import Shards
from warmstart.data.split import DEFAULT_DRAW, Draw, part_of
from warmstart.data.table import SPLITS, Exclusion, ImageTable
from warmstart.data.tar_fields import (
    LAYOUT,
    MEND_LABELS,
    Fields,
    ShardTold,
    find_fields,
    shard_records,
)
from warmstart.data.tar_samples import samples_of
from warmstart.errors import DataError, first_few
from warmstart.files.packed_texts import PackedTexts
from warmstart.files.places import tar_index


@dataclass(frozen=True, eq=False)
class TarColumns:
    """The pictures of all archives, sorted by name; (N,) numbers, and what they stand for.

    ``labels`` are positions in ``kinds``, which are the classes of a row, or None; ``groups`` in
    ``group_names``, -1 for none; ``splits`` are words of ``SPLITS``.
    """

    names: CellNames
    labels: NDArray[np.int32]
    kinds: tuple[Label, ...]
    splits: NDArray[np.character]
    groups: NDArray[np.int32]
    group_names: tuple[str, ...]
    is_many: bool
    exclusions: list[Exclusion]
    notes: list[str]

    def records(self) -> list[Record]:
        """An object for each row."""
        rows = zip(
            self.names, self.labels.tolist(), self.splits.tolist(), self.groups.tolist(),
            strict=True,
        )  # fmt: skip
        return [
            Record(name, self.kinds[label], split, None if group < 0 else self.group_names[group])
            for name, label, split, group in rows
        ]


def tar_table(
    shards: Shards, columns: Columns, *, draw: Draw = DEFAULT_DRAW, faults: Faults | None = None
) -> ImageTable:
    """A table of the pictures of some archives; arguments as of ``read_tar_rows``.

    Where each has one label, and none a group, no row is an object of its own.
    """
    faults = faults or Faults()
    told = read_tar_columns(shards, columns)
    if told.is_many or told.group_names:
        read = picture_records(shards, told, faults, needs_labels=True)
        return assemble(
            read.root, read.records, draw, is_multi_label=read.is_many, noticed=read.noticed
        )
    position: dict[str, int] = {}
    places = [position.setdefault(kind[0], len(position)) if kind else -1 for kind in told.kinds]
    labels = np.array(places, np.int64)[told.labels]
    rows = CodedRows(told.names, labels, tuple(position), told.splits, told.notes)
    bare = BareRows("pictures", f"a label beside each picture: {LAYOUT}.", MEND_LABELS)
    return assemble_coded(shards.root, rows, draw, faults, told.exclusions, bare)


def read_tar_rows(
    shards: Shards,
    columns: Columns,
    *,
    faults: Faults | None = None,
    needs_labels: bool = True,
) -> Read:
    """Read which pictures some archives hold, and what each is.

    Args:
        shards: The archives.
        columns: ``label`` is a kind of member ("cls", "txt", "json"), or a key of the JSON; None
            finds it. ``split`` and ``group`` are keys of the JSON; without, the split is what the
            shards' names say.
        faults: Where a checkup wants what is wrong; None raises it.
        needs_labels: Only test rows may have no label; otherwise any row.

    Returns:
        A record per picture; every other member belongs to one, or is an exclusion.
    """
    told = read_tar_columns(shards, columns)
    return picture_records(shards, told, faults or Faults(), needs_labels=needs_labels)


def picture_records(
    shards: Shards, told: TarColumns, faults: Faults, *, needs_labels: bool
) -> Read:
    """A record per row, those without a label being left out where each needs one."""
    exclusions = told.exclusions
    records = without_unlabelled(told.records(), faults, exclusions, needs_labels=needs_labels)
    notes = [*told.notes, *(bare_note(records) if told.is_many else [])]
    return Read(shards.root, records, told.is_many, Noticed(exclusions, notes, faults))


def read_tar_columns(shards: Shards, columns: Columns) -> TarColumns:
    """Read archive after archive; of each only numbers are kept."""
    exclusions = list(shards.exclusions)
    notes, is_many = split_notes(shards), False
    known: Fields | None = None
    code_of: dict[Label, int] = {}
    group_of: dict[str, int] = {}
    of_files: dict[str, CodedShard] = {}
    for file, said in zip(shards.files, shards.splits(), strict=True):
        samples, left_out = samples_of(file)
        prefix = shards.name(file)
        exclusions += [Exclusion(f"{prefix}/{one.name}", one.reason) for one in left_out]
        notes += [f"{prefix}: {note}" for note in tar_index(file).notes]
        if samples and known is None:
            known = find_fields(file, samples, columns)
        if known is None or not samples:
            continue
        told = shard_records(file, samples, known, columns.label_sep)
        is_many = is_many or told.is_many
        notes += [note for note in told.notes if note not in notes]
        parts = picture_splits(told, prefix, said or SPLITS[0], has_key=columns.split is not None)
        of_files[f"{prefix}/"] = coded_shard(tar_index(file).names, told, parts, code_of, group_of)
    if not of_files:
        refuse_no_picture(shards, exclusions, notes)
    prefixes = sorted(of_files)
    in_order = [of_files[prefix] for prefix in prefixes]
    starts = np.cumsum([0, *(len(one.names) for one in in_order[:-1])])
    members = [one.members + start for one, start in zip(in_order, starts, strict=True)]
    return TarColumns(
        CellNames(prefixes, [one.names for one in in_order], np.concatenate(members)),
        np.concatenate([one.labels for one in in_order]),
        tuple(code_of),
        np.array(SPLITS, "<U5")[np.concatenate([one.splits for one in in_order])],
        np.concatenate([one.groups for one in in_order]),
        tuple(group_of),
        is_many,
        exclusions,
        notes,
    )


@dataclass(frozen=True, eq=False)
class CodedShard:
    """The pictures of one archive: ``members`` (R,) are positions in ``names``, ascending."""

    names: PackedTexts
    members: NDArray[np.int32]
    labels: NDArray[np.int32]
    splits: NDArray[np.uint8]  # positions in SPLITS
    groups: NDArray[np.int32]


def coded_shard(
    names: PackedTexts,
    told: ShardTold,
    splits: Sequence[str],
    code_of: dict[Label, int],
    group_of: dict[str, int],
) -> CodedShard:
    """What was told of one archive as numbers, sorted by name.

    Args:
        names: Of all members.
        told: Of the pictures.
        splits: (R,) of them.
        code_of: Numbers of labels; grows.
        group_of: Likewise of groups.
    """
    place_of = {name: place for place, name in enumerate(names)}
    members = np.array([place_of[name] for name in told.names], np.int32)
    labels = [code_of.setdefault(label, len(code_of)) for label in told.labels]
    groups = [
        -1 if group is None else group_of.setdefault(group, len(group_of)) for group in told.groups
    ]
    order = np.argsort(members)
    return CodedShard(
        names,
        members[order],
        np.array(labels, np.int32)[order],
        np.array([SPLITS.index(split) for split in splits], np.uint8)[order],
        np.array(groups, np.int32)[order],
    )


def picture_splits(told: ShardTold, prefix: str, split: str, *, has_key: bool) -> list[str]:
    """The split of each picture: what its field says, else what the shard's name does.

    Raises:
        DataError: a field says no split.
    """
    if not has_key:
        return [split] * len(told.names)
    found = []
    for name, said in zip(told.names, told.splits, strict=True):
        part = part_of(said or "")
        if part is None:
            raise DataError(
                f"{prefix}/{name} has the split {said!r}.",
                expected=f"one of {', '.join(SPLITS)}.",
                fix="mend it, or leave split_column away, to have validation rows drawn.",
            )
        found.append(part)
    return found


def without_unlabelled(
    records: list[Record],
    faults: Faults,
    exclusions: list[Exclusion],
    *,
    needs_labels: bool,
) -> list[Record]:
    """Pictures that have no label though they are no test rows: a fault, that names them."""
    bare = [one.name for one in records if not one.labels and one.split != "test"]
    is_many = any(one.labels == () for one in records)
    if not needs_labels or not bare or is_many:
        return records
    faults.add(
        DataError(
            f"{len(bare)} of {len(records)} pictures have no label: {first_few(bare)}.",
            expected=f"a label beside each picture: {LAYOUT}.",
            fix=MEND_LABELS,
        )
    )
    gone = set(bare)
    exclusions += [Exclusion(name, "no label") for name in bare]
    return [one for one in records if one.name not in gone]


def split_notes(shards: Shards) -> list[str]:
    """Which splits the names of the shards say, where they say any."""
    said = shards.splits()
    found = [f"{said.count(split)} {split}" for split in SPLITS if split in said]
    if not found:
        return []
    rest = [shards.name(f) for f, split in zip(shards.files, said, strict=True) if split is None]
    more = f"; {len(rest)} say none and are read as train: {first_few(rest)}" if rest else ""
    return [f"splits are read from the shards' names: {', '.join(found)}{more}"]


def refuse_no_picture(
    shards: Shards, exclusions: Sequence[Exclusion], notes: Sequence[str]
) -> NoReturn:
    """Shards without a picture; what they hold is named.

    Raises:
        DataError: always.
    """
    reasons = first_few([f"{one.name} ({one.reason})" for one in exclusions])
    raise DataError(
        f"{first_few([str(file) for file in shards.files])} hold no picture"
        + (f", but {len(exclusions)} other file(s): {reasons}" if exclusions else "")
        + "".join(f"; {note}" for note in notes)
        + ".",
        expected=f"pictures and their labels: {LAYOUT}.",
        fix="look at what is in it: tar tf " + str(shards.files[0]),
    )

"""What was found: as plain data, as text of 80 columns, and as fixes."""

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from warmstart.checkup.findings import ClassFinding, CropLoss, Duplicates, FileFinding, Mislabelled
from warmstart.checkup.suggest import suggested_fixes
from warmstart.data.fixes import Fix, write_fixes
from warmstart.data.output_paths import check_outside_folders
from warmstart.data.table import ImageTable
from warmstart.display import Displayed, Sheet, SheetTable, html_of, sheet_html
from warmstart.errors import SettingError, printable
from warmstart.files.remote_reading import RemotePath

WIDTH, NUM_SHOWN = 80, 5
REFUSED = "what training refuses"  # few kinds, each of which stops it


@dataclass(frozen=True, repr=False)
class Checkup(Displayed):
    """What ``data.check()`` found, by kind, the surest first; ``print`` it to read it.

    ``num_rows`` by split; ``home`` is the smallest folder that holds all pictures; ``duplicates``
    are both exact and near ones; ``notes`` say what could not be looked for. ``faults`` are what
    training refuses, and ``left_out`` what lies among the pictures and is in no row.

    Example:
        >>> from warmstart import Checkup
        >>> from warmstart.checkup.findings import CropLoss, FileFinding
        >>> broken = FileFinding("train/a.jpg", "empty file")
        >>> crop = CropLoss(0.0, ())
        >>> found = Checkup({"train": 40}, None, (broken,), (), (), (), (), (), crop)
        >>> found.unreadable
        (FileFinding(name='train/a.jpg', reason='empty file'),)
    """

    num_rows: dict[str, int]
    home: Path | None
    unreadable: tuple[FileFinding, ...]
    odd_modes: tuple[FileFinding, ...]
    odd_sizes: tuple[FileFinding, ...]
    duplicates: tuple[Duplicates, ...]
    mislabelled: tuple[Mislabelled, ...]
    small_classes: tuple[ClassFinding, ...]
    crop: CropLoss
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left_out: tuple[FileFinding, ...] = ()

    @property
    def exact_duplicates(self) -> tuple[Duplicates, ...]:
        """Files with the same bytes."""
        return tuple(group for group in self.duplicates if group.is_exact)

    @property
    def near_duplicates(self) -> tuple[Duplicates, ...]:
        """Pictures that were saved anew, resized or slightly cropped."""
        return tuple(group for group in self.duplicates if not group.is_exact)

    @property
    def leaks(self) -> tuple[Duplicates, ...]:
        """Those of both that are in more than one split."""
        return tuple(group for group in self.duplicates if group.crosses_splits)

    @property
    def contradictions(self) -> tuple[Duplicates, ...]:
        """Those of both that have two labels."""
        return tuple(group for group in self.duplicates if group.contradicts)

    def summary(self) -> str:
        """Counts, then the first few of each kind by name, in 80 columns.

        Example:
            >>> print(found.summary().splitlines()[0])
            40 pictures (40 train)
        """
        return summary_text(self)

    def fixes(self) -> list[Fix]:
        """One per picture. Only what is sure has an effect; the rest says "look".

        Example:
            >>> [(fix.name, fix.action) for fix in found.fixes()]
            [('train/a.jpg', 'drop')]
        """
        return suggested_fixes(self.unreadable, self.duplicates, self.mislabelled)

    def write_fixes(self, path: str | Path) -> None:
        """Write them as a CSV, to be edited and given to ``from_paths(fixes=)``.

        Args:
            path: A new file, outside the folder of pictures.

        Raises:
            SettingError: it is there, or would lie among the pictures.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     found.write_fixes(Path(folder, "fixes.csv"))
            ...     print(Path(folder, "fixes.csv").read_text().splitlines()[0])
            name,action,label,reason,score
        """
        path = Path(path)
        check_outside_folders(path, "path", [self.home])
        if path.exists():
            raise SettingError(
                f"{path} is there already, perhaps with fixes that a person made.",
                expected="a file that is not there.",
                fix="give another name, or delete it.",
            )
        write_fixes(path, self.fixes())

    def __str__(self) -> str:
        """The summary."""
        return self.summary()

    __repr__ = __str__

    def _sheet(self) -> Sheet:
        found = [(title, items) for title, items in sections_of(self) if items]
        rows = tuple((title, f"{len(items)}") for title, items in found)
        crop = f"{self.crop.mean_share:.0%} of the pixels on average"
        return Sheet(
            f"Checkup: {counts_text(self)}",
            (("the crop leaves out", crop),),
            (SheetTable(("what was found", "number"), rows),) if rows else (),
            (*([] if rows else ["nothing was found"]), *self.notes),
        )

    def _repr_html_(self) -> str:
        """The sheet, and below it the findings, which a click unfolds."""
        parts = [sheet_html(self._sheet())]
        for title, items in sections_of(self):
            if items:
                most = len(items) if title == REFUSED else NUM_SHOWN
                listed = "".join(f"<li>{html_of(item)}</li>" for item in items[:most])
                rest = f"<li>and {len(items) - most} more</li>" if len(items) > most else ""
                head = html_of(title[0].upper() + title[1:])
                parts.append(
                    f"<details><summary>{head}</summary>"
                    f'<ul style="overflow-wrap:anywhere">{listed}{rest}</ul></details>'
                )
        return "\n".join(parts)


def home_of(table: ImageTable) -> Path | None:
    """The smallest folder that holds all files; None for none."""
    root = table.root
    folders = {posixpath.dirname(name) for name in table.names if name not in table.memory}
    if not folders or isinstance(root, RemotePath):
        return None
    return Path(os.path.commonpath([(root / folder).absolute() for folder in folders]))


def summary_text(found: Checkup) -> str:
    """Everything that a person should know before looking closer.

    Args:
        found: What there is.
    """
    sections = sections_of(found)
    lines = [counts_text(found)]
    lines += [f"{len(items):>6}  {title}" for title, items in sections if items]
    if not any(items for _, items in sections):
        lines.append("nothing was found")
    lines.append(f"The crop leaves out {found.crop.mean_share:.0%} of the pixels on average.")
    for title, items in sections:
        if items:
            lines += ["", f"{title[0].upper()}{title[1:]}:"]
            most = len(items) if title == REFUSED else NUM_SHOWN
            lines += [line for item in items[:most] for line in folded(item)]
            if len(items) > most:
                lines.append(f"  and {len(items) - most} more")
    if found.notes:
        lines += [
            "",
            *(line for note in found.notes for line in wrap(f"note: {printable(note)}", WIDTH)),
        ]
    return "\n".join(lines)


def counts_text(found: Checkup) -> str:
    """How many pictures there are, in all and in each split."""
    splits = ", ".join(f"{number} {split}" for split, number in found.num_rows.items() if number)
    return f"{sum(found.num_rows.values())} pictures ({splits})"


def sections_of(found: Checkup) -> list[tuple[str, list[str]]]:
    """Titles, and a line for each finding."""
    exact = [group for group in found.exact_duplicates if not group.crosses_splits]
    near = [group for group in found.near_duplicates if not group.crosses_splits]
    left_out: dict[str, list[str]] = {}
    for item in found.left_out:
        left_out.setdefault(f"left out, {item.reason}", []).append(item.name)
    return [
        (REFUSED, list(found.faults)),
        (
            "files that cannot be read",
            [f"{item.name}: {item.reason}" for item in found.unreadable],
        ),
        ("pictures that are in two splits", in_lines(found.leaks)),
        ("pictures with two labels", in_lines(found.contradictions)),
        ("exact duplicates within a split", in_lines(exact)),
        ("near duplicates within a split", in_lines(near)),
        (
            "labels that look wrong",
            [
                f"{row.name}: called {row.label}, looks like {row.suggestion} ({row.margin:.2f})"
                for row in found.mislabelled
            ],
        ),
        (
            "pictures in odd colours",
            [f"{item.name}: {item.reason}" for item in found.odd_modes],
        ),
        (
            "tiny or huge pictures",
            [f"{item.name}: {item.reason}" for item in found.odd_sizes],
        ),
        (
            "classes with too few pictures",
            [f"{item.name}: {item.num_train} in train; {item.reason}" for item in
             found.small_classes],
        ),
        (
            "pictures that lose more than half their pixels to the crop",
            [f"{name}: {share:.0%}" for name, share in found.crop.worst],
        ),
        *left_out.items(),
    ]  # fmt: skip


def in_lines(several: Sequence[Duplicates]) -> list[str]:
    """Each set of duplicates as names with their splits and labels."""
    return [
        ("same bytes: " if group.is_exact else f"alike ({group.similarity:.3f}): ")
        + " = ".join(
            f"{member.name} ({' '.join([member.split, *member.labels])})"
            for member in group.members
        )
        for group in several
    ]


def folded(item: str) -> list[str]:
    """A finding within 80 columns; a name is never broken, so that it can be copied."""
    return wrap(
        printable(item),
        WIDTH,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )

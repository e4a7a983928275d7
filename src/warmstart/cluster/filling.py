"""Rows of a store computed by workers: the same keys and the same bytes as one process stores."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from warmstart.activations.fill import PendingRows
from warmstart.activations.table_activations import WantedRows
from warmstart.cluster.batch import Batch, NamedImage
from warmstart.cluster.job import PART_ROWS, Engine, Part, remove_shards, rows_in_order
from warmstart.cluster.shards import TICKET_DIGITS
from warmstart.cluster.work import Activations, ImageWork
from warmstart.errors import ClusterError, SettingError, UnreadableImageError
from warmstart.files.objects import object_folder

Workers = Callable[[ImageWork, str], AbstractContextManager[Engine]]
"""(What they compute, where shards go) → the engine that has them, for as long as the context."""


@dataclass(frozen=True)
class FillByWorkers:
    """What ``TableActivations`` asks for rows that are not stored.

    ``workers`` begins some; ``place`` is where they put shards until the store has their rows.
    """

    workers: Workers
    place: str

    def __call__(
        self, wanted: WantedRows, advance: Callable[[int], None]
    ) -> list[UnreadableImageError]:
        """Store every row that is not stored yet.

        Args:
            wanted: Which.
            advance: Told how many were done.

        Returns:
            The images that cannot be read.
        """
        namespace = wanted.namespace
        with namespace.lock():
            namespace.refresh()
            namespace.remove_unfinished()
            parts = parts_of_rows(wanted, namespace.missing(wanted.keys))
            if not parts:
                return []
            folder = object_folder(self.place)
            pending, known = PendingRows(namespace), frozenset(wanted.keys)
            failures: list[UnreadableImageError] = []
            work = ImageWork(task_of_store(wanted))
            with self.workers(work, self.place) as engine:
                try:
                    for part, made in rows_in_order(parts, folder, engine):
                        keys = [bytes(key) for key in made.keys]
                        check_row_names(keys, known)
                        pending.add(keys, made.rows)
                        failures += [UnreadableImageError(*one) for one in made.failures]
                        advance(part.num_images)
                finally:  # Ctrl-C keeps what was computed
                    pending.commit()
            remove_shards(parts, folder)
        return failures


def task_of_store(wanted: WantedRows) -> Activations:
    """What workers compute, as plain data: the kept graph, or where there is none the network.

    Args:
        wanted: Rows of a frozen part.

    Raises:
        SettingError: it does not run on a processor.
    """
    frozen, source = wanted.frozen, wanted.source
    if frozen.device.type != "cpu":
        raise SettingError(
            f"rows of a store are computed by workers on processors alone, not on {frozen.device}.",
            expected="--device cpu, or one process.",
            fix="pass --device cpu, or --engine local.",
            flags=("--device", "cpu"),
        )
    mode = frozen.runner.mode  # made here, so that its graph is kept for all
    graph = frozen.graph_folder()
    is_kept = graph is not None and graph.is_dir() and mode == frozen.card.mode
    return Activations(
        frozen.card.identity,
        mode,
        source.recipe,
        wanted.view,
        source.augmentation,
        source.view_seed,
        str(Path(graph).absolute()) if graph is not None and is_kept else None,
        None if is_kept else frozen,
    )


def parts_of_rows(wanted: WantedRows, missing: Sequence[int]) -> list[Part]:
    """Rows as parts of PART_ROWS, each named by what it is to hold: the keys of its rows.

    Args:
        wanted: All rows.
        missing: Which of them.
    """
    source = wanted.source
    damaged = frozenset(item.name for item in source.table.damaged)

    def batch(some: Sequence[int]) -> Batch:
        out = []
        for i in some:
            row = int(wanted.positions[i])
            name = source.table.names[row]
            is_file = name not in source.table.memory
            content = str((source.table.root / name).absolute()) if is_file else source.content(row)
            out.append(NamedImage(name, content, wanted.hashes[i], name in damaged))
        return out

    parts = []
    for first in range(0, len(missing), PART_ROWS):
        some = missing[first : first + PART_ROWS]
        digest = hashlib.sha256(b"".join(wanted.keys[i] for i in some)).hexdigest()
        parts.append(Part(digest[:TICKET_DIGITS], partial(batch, some), len(some)))
    return parts


def check_row_names(found: Sequence[bytes], wanted: frozenset[bytes]) -> None:
    """See that workers name rows as this process does.

    Args:
        found: Names of rows that a worker has made.
        wanted: Of all that were asked for.

    Raises:
        ClusterError: one is called otherwise.
    """
    if not wanted.issuperset(found):
        raise ClusterError(
            "a worker has made rows of other names than they must have.",
            expected="workers with the same version of warmstart.",
            fix="install the same version on all computers.",
        )

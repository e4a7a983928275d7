"""Graphs that were converted once, kept beside the rows they made, and read without torch.

A graph is named by what made it: the prefix's fingerprint, cut and size, and the numeric mode in
which it was compared with torch. Which model folder's network it is, is remembered beside it under
a name of the weights' sha256 and the versions that built the network: a fingerprint needs torch.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from warmstart.activations.namespace import CARD
from warmstart.activations.openvino_runner import OpenVinoRunner
from warmstart.activations.quota import GRAPH_FOLDER, cache_limit, shrink
from warmstart.errors import CacheError, FileError, WarmstartError
from warmstart.files.committing import commit, read_committed, sha256_of
from warmstart.files.reading import read_regular
from warmstart.files.strict import convert, json_table

GRAPH, WEIGHTS = "graph.xml", "graph.bin"
MODEL = "model-"  # how a file begins that remembers one
MOST_CARD_BYTES, MOST_GRAPH_BYTES = 1 << 16, 64 << 20
MOST_WEIGHTS_BYTES = 8 << 30
FORMAT_VERSION = 1
UNREADABLE = (OSError, KeyError, FileError, CacheError)


@dataclass(frozen=True)
class GraphCard:
    """What a graph's folder says of it.

    ``backbone`` is for people; ``fingerprint``, ``cut``, ``size`` and ``mode`` name it: the prefix,
    what it sees, and the arithmetic in which it was tried. ``shape`` is one row's.
    """

    backbone: str
    fingerprint: str
    cut: str
    size: int
    mode: str
    precision: str
    shape: tuple[int, ...]
    format_version: int = FORMAT_VERSION
    sums: dict[str, str] = field(default_factory=dict)  # sha256 by file

    def folder(self, store: Path) -> Path:
        """Where it lies."""
        named = [self.fingerprint, self.cut, self.size, self.mode, self.format_version]
        digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()
        return store / f"{GRAPH_FOLDER}{digest[:32]}"


def keep_graph(store: Path, card: GraphCard, graph: Any) -> None:
    """Write a graph, unless it is too large for the store or the disk is full: it can be made anew.

    Args:
        store: Where rows and graphs lie.
        card: What is known of it, without the sums.
        graph: OpenVINO's model.
    """
    import openvino

    with suppress(OSError, WarmstartError), tempfile.TemporaryDirectory() as name:
        place = Path(name) / GRAPH
        openvino.save_model(graph, place, compress_to_fp16=False)
        parts = {
            GRAPH: read_regular(place, MOST_GRAPH_BYTES),
            WEIGHTS: read_regular(Path(name) / WEIGHTS, MOST_WEIGHTS_BYTES),
        }
        if sum(map(len, parts.values())) > cache_limit() // 2:
            return
        whole = replace(card, sums={file: sha256_of(content) for file, content in parts.items()})
        folder = card.folder(store)
        commit(folder, parts, folder / CARD, json.dumps(asdict(whole), indent=1).encode())
        shrink(store, cache_limit(), spare=folder.name)


def kept_runner(folder: Path) -> OpenVinoRunner | None:
    """What runs a kept graph, compiled; None where there is none, or it is not as it was written.

    Args:
        folder: From ``GraphCard.folder`` or ``graph_of_model``.
    """
    try:
        card, xml, weights = read_graph(folder)
        os.utime(folder / CARD)  # when it was last used
    except UNREADABLE:
        return None
    import openvino

    from warmstart.activations.openvino_cpu import compile_in_thread, cpu_settings

    graph = openvino.Core().read_model(xml, weights)
    compiled = compile_in_thread(graph, cpu_settings(card.precision))
    return OpenVinoRunner(compiled, card.shape, card.precision, card.mode)


def damaged_graphs(store: Path) -> tuple[int, list[Path]]:
    """How many graphs there are, and those that are not as they were written."""
    folders = [place.parent for place in sorted(store.glob(f"{GRAPH_FOLDER}*/{CARD}"))]
    damaged = []
    for folder in folders:
        try:
            read_graph(folder)
        except UNREADABLE:
            damaged.append(folder)
    return len(folders), damaged


def read_graph(folder: Path) -> tuple[GraphCard, bytes, bytes]:
    """What a folder says of its graph, the graph, and its weights; errors are ``UNREADABLE``."""
    card = read_graph_card(folder)
    xml = read_committed(folder, GRAPH, card.sums[GRAPH], MOST_GRAPH_BYTES)
    return card, xml, read_committed(folder, WEIGHTS, card.sums[WEIGHTS], MOST_WEIGHTS_BYTES)


def read_graph_card(folder: Path) -> GraphCard:
    """What a folder says of its graph.

    Raises:
        CacheError: the folder is named otherwise than what it says.
    """
    place = folder / CARD
    card = convert(json_table(read_regular(place, MOST_CARD_BYTES), str(place)), GraphCard, "it")
    if card.folder(folder.parent) != folder:
        raise CacheError(
            f"{folder} holds another graph than its name says.",
            expected="what was kept under this name.",
            fix="warmstart cache gc --keep 0",
        )
    return card


def remember_model(folder: Path, model: str) -> None:
    """Note that a kept graph is the frozen part of a model; nothing where it was not kept.

    Args:
        folder: Of the graph.
        model: From ``model_key``.
    """
    if (folder / CARD).is_file():
        with suppress(OSError):
            (folder / f"{MODEL}{model}").touch()


def graph_of_model(store: Path, model: str) -> Path | None:
    """The folder of a model's graph, if it is remembered.

    Args:
        store: Where rows and graphs lie.
        model: From ``model_key``.
    """
    found = sorted(store.glob(f"{GRAPH_FOLDER}*/{MODEL}{model}"))
    return found[0].parent if found else None


def model_key(about: Mapping[str, Any]) -> str:
    """A name for everything that makes a model's frozen part, without building it."""
    text = json.dumps(about, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]

"""A module → a program of torch.export, whose pictures may have any size."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.export import Dim, ExportedProgram

from warmstart.errors import SettingError, reason_of
from warmstart.export.classifier import OnePicture, PictureClassifier

EXAMPLE = (301, 402)  # height and width of the picture that is traced: none of a network's sizes
EXAMPLE_ROWS = 2


def traced_program(classifier: PictureClassifier, *, is_batch: bool) -> ExportedProgram:
    """Trace a classifier.

    Args:
        classifier: Pictures → answers.
        is_batch: Whether it takes ``images`` (N, H, W, 3); else ``image`` (H, W, 3).

    Raises:
        SettingError: torch cannot trace the network.
    """
    anything = Dim.DYNAMIC
    if is_batch:
        module: torch.nn.Module = classifier
        example = torch.zeros((EXAMPLE_ROWS, *EXAMPLE, 3), dtype=torch.uint8)
        shapes = {"images": {0: anything, 1: anything, 2: anything}}
    else:
        module, shapes = OnePicture(classifier), {"image": {0: anything, 1: anything}}
        example = torch.zeros((*EXAMPLE, 3), dtype=torch.uint8)
    try:
        with torch.no_grad(), quietly():
            program = torch.export.export(module.eval(), (example,), dynamic_shapes=shapes)
    except Exception as error:
        batch = " in batches" if is_batch else ""
        raise SettingError(
            f"torch cannot trace this network{batch}: {reason_of(error)}",
            expected="a network whose way does not depend on the values in a picture.",
            fix="export it without --batch." if is_batch else "export another architecture.",
        ) from error
    for part in program.graph_module.modules():
        for node in part.graph.nodes if isinstance(part, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)  # paths of this computer's sources
    return program


def write_program(program: ExportedProgram, place: Path) -> None:
    """Save as a ``.pt2``, which ``torch.export.load`` reads."""
    with quietly():
        torch.export.save(program, place)


@contextmanager
def quietly() -> Iterator[None]:
    """Without what torch and its exporter remark on their own workings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)

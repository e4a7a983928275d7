"""What a picture may cost is known before it is decoded; its memory is measured in processes."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.images import hostile

from warmstart.errors import UnreadableImageError
from warmstart.images import budget
from warmstart.images.decode import decode

NEEDS_LINUX = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is counted as Linux does"
)
QUICK = [
    "png 1 x 49,999,999", "png 7000 rgba", "png 6900 turned", "png 200 texts of a megabyte",
    "jpeg 20 megabytes of exif", "gif 65,535 x 65,535",
    "tiff one tile of 20,000", "tiff 5,000,000 strips", "icon that holds 12,000",
    "ppm that is not there", "jpeg 6000 cmyk",
]  # fmt: skip
MOST_BYTES = 300_000_000


def measured(names: list[str]) -> dict[tuple[str, int | None], int]:
    root = Path(__file__).parents[3]
    found = subprocess.run(
        [sys.executable, hostile.__file__, *names],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])},
    )
    assert found.returncode == 0, found.stderr
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    return {(name, at_least): num_bytes for name, at_least, num_bytes, _ in rows}


@NEEDS_LINUX
def test_what_claims_much_costs_little() -> None:
    found = measured(QUICK)
    assert len(found) == 2 * len(QUICK)
    assert {case: n for case, n in found.items() if n > MOST_BYTES} == {}


@NEEDS_LINUX
@pytest.mark.exhaustive
def test_what_is_large_costs_no_more_than_a_picture_may() -> None:
    found = measured([])
    assert len(found) == 2 * len(hostile.CASES)
    assert {case: n for case, n in found.items() if n > MOST_BYTES} == {}
    assert max(found.values()) > 0.9 * MOST_BYTES  # else large pictures are refused for nothing


@pytest.mark.parametrize("name", ["png 1 x 49,999,999", "tiff 5,000,000 strips"])
def test_a_refusal_says_what_was_claimed(name: str) -> None:
    with pytest.raises(UnreadableImageError, match=r"49999999 pixels; a side|5,000,000 numbers"):
        decode(hostile.CASES[name](), "x")


def test_a_side_is_bounded() -> None:
    assert budget.limit_passed(budget.MOST_SIDE, 1, 0) == ""
    assert "a side has at most 32,767" in budget.limit_passed(1, budget.MOST_SIDE + 1, 0)


def test_what_a_picture_takes_is_bounded() -> None:
    most = budget.MOST_BYTES - budget.WORKING_BYTES
    assert budget.limit_passed(10, 10, most) == ""
    assert "takes 300 MB, at most 300" in budget.limit_passed(10, 10, most + 1)


def test_the_entries_of_a_tiff_are_counted_in_both_orders_and_both_sizes() -> None:
    many = budget.MOST_NUMBERS + 1
    for sign, kind, head in (
        ("<", b"II", 42),
        (">", b"MM", 42),
        ("<", b"II", 43),
        (">", b"MM", 43),
    ):
        for of_entry, is_refused in ((3, True), (7, False)):  # numbers, and plain bytes
            if head == 42:
                first = struct.pack(sign + "HI", head, 8) + struct.pack(sign + "H", 1)
                entry = struct.pack(sign + "HHII", 273, of_entry, many, 0)
            else:
                first = struct.pack(sign + "HHHQ", head, 8, 0, 16) + struct.pack(sign + "Q", 1)
                entry = struct.pack(sign + "HHQQ", 273, of_entry, many, 0)
            assert bool(budget.too_many_numbers(kind + first + entry)) == is_refused
    assert budget.too_many_numbers(b"no TIFF") == ""

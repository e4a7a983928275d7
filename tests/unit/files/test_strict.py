"""What a file says is compared with what it must be."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.errors import FileError, printable
from warmstart.files.strict import convert, json_table, parse_json, plain_toml


@dataclass(frozen=True)
class Part:
    """Something within."""

    share: float
    name: str = "part"

    def __post_init__(self) -> None:
        if self.share < 0:
            raise ValueError("share is below 0")


@dataclass(frozen=True)
class Whole:
    """What a file must be."""

    count: int
    parts: tuple[Part, ...]
    by_name: Mapping[str, Part]
    best: Part | None = None


GOOD: dict[str, Any] = {
    "count": 2, "parts": [{"share": 0.5}], "best": None,
    "by_name": {"a": {"share": 1, "name": "b"}},
}  # fmt: skip


def test_what_was_written_is_read() -> None:
    whole = Whole(1, (Part(0.25),), {"x": Part(1.0, "y")}, Part(0.0))
    assert parse_json(json.dumps(asdict(whole)), Whole, "file") == whole
    assert convert(GOOD, Whole, "file").by_name["a"] == Part(1.0, "b")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"count": "2"}, "count"), ({"count": True}, "count"), ({"count": 2.5}, "count"),
        ({"count": None}, "count"), ({"parts": {}}, "parts"), ({"parts": [1]}, "parts"),
        ({"parts": [{}]}, "share"), ({"parts": [{"share": "x"}]}, "share"),
        ({"parts": [{"share": -1}]}, "share is below 0"), ({"more": 1}, "$.more"),
        ({"parts": [{"share": 1, "more": 1}]}, "$.parts[0].more"), ({"best": []}, "best"),
        ({"by_name": {"a": {"share": 1, "x": 2}}}, "$.by_name[a].x"), ({"best": {}}, "share"),
        ({"best": {"share": 1, "more": 1}}, "$.best.more"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_its_place_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(FileError) as error:
        convert(GOOD | change, Whole, "the file")
    assert says in error.value.what
    assert error.value.what.startswith("the file ")


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN", '{"a": NaN}', '{"a": 1e999}', '{"a": -Infinity}', '{"a": 1, "a": 2}', "[1]",
     "3", "null", '"x"', "[" * 100_000, '{"a": ' + "9" * 10_000 + "}", b"\xff\xfe"],
)  # fmt: skip
def test_json_that_is_none_of_ours(text: str | bytes) -> None:
    with pytest.raises(FileError):
        json_table(text, "file")


def test_infinity_where_it_may_stand() -> None:
    assert json_table('{"a": -Infinity}', "file", has_infinity=True) == {"a": float("-inf")}


@pytest.mark.parametrize("text", ["a = nan", "a = -inf", "a = 1e999", "a = ", "a = 1\na = 2"])
def test_toml_that_is_none_of_ours(text: str) -> None:
    with pytest.raises(FileError):
        plain_toml(text, "file")


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20,
))  # fmt: skip
def test_whatever_stands_there_it_is_read_or_refused_in_words(value: Any) -> None:
    with pytest.raises(FileError) as error:  # such values are never a Whole
        parse_json(json.dumps(value), Whole, "file")
    assert printable(error.value.what) == error.value.what


@given(st.text())
def test_what_is_printed_obeys_nobody(text: str) -> None:
    shown = printable(text)
    assert not set(shown) & set(map(chr, [*range(32), *range(127, 160), 0x2028, 0x202E]))
    assert printable(shown) == shown

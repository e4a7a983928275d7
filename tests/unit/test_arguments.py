"""Numbers, words and paths in whatever form they come."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from warmstart.arguments import (
    Reader,
    each,
    flag,
    folder,
    one_of,
    one_or_each,
    optional,
    path,
    read_fields,
    reads,
    real,
    shortly,
    whole,
)
from warmstart.errors import SettingError

COUNT = whole(1, 100, example=4)
SHARE = real(0.5, above=0, below=1)


@pytest.mark.parametrize("value", [64, "64", 64.0, np.int64(64), np.array(64), torch.tensor(64)])
def test_a_whole_number_in_any_form(value: Any) -> None:
    assert COUNT("bs", value) == 64
    assert type(COUNT("bs", value)) is int


@pytest.mark.parametrize(
    "value",
    [0, 101, 1.5, True, np.True_, "x", "", None, float("nan"), 10**400, [64], np.ones(2), 1j],
)
def test_what_is_no_such_number_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match="bs=") as error:
        COUNT("bs", value)
    assert error.value.fix == "pass bs=4."
    assert error.value.flags == ("--bs", "4")


@pytest.mark.parametrize("value", [0.25, "0.25", np.float32(0.25), Fraction(1, 4), np.array(0.25)])
def test_a_number_in_any_form(value: Any) -> None:
    assert SHARE("held_back", value) == 0.25


@pytest.mark.parametrize("value", [0, 1, float("inf"), float("nan"), 10**400, True, "a", None, []])
def test_a_number_out_of_range_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match=r"in \(0, 1\)"):
        SHARE("held_back", value)


def test_words_flags_and_lists() -> None:
    assert one_of("raise", "drop")("on_unreadable", np.str_("drop")) == "drop"
    assert [flag("quiet", value) for value in (True, np.False_, 1)] == [True, False, True]
    assert each(COUNT)("xtra_fc", np.array([3, 4])) == (3, 4)
    assert optional(COUNT)("patience", None) is None
    assert one_or_each(SHARE)("ps", 0.5) == 0.5
    assert one_or_each(SHARE)("ps", ["0.5"]) == (0.5,)


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (one_of("raise", "drop"), ["raise"]),
        (one_of("raise", "drop"), np.array(["raise", "drop"])),
        (flag, "no"),
        (flag, None),
        (each(COUNT), "34"),
        (each(COUNT), 3),
        (each(COUNT), {3: 4}),
        (each(COUNT, 2), [3]),
        (each(COUNT), np.array(3)),
        (path, ""),
        (path, None),
        (path, 3),
        (path, b"x"),
        (path, "a\0b"),
        (path, "x" * 300),
    ],
)
def test_what_has_no_meaning_is_refused(reader: Reader[Any], value: Any) -> None:
    with pytest.raises(SettingError, match="given"):
        reader("given", value)


def test_an_element_of_a_list_is_named_and_the_fix_says_where() -> None:
    with pytest.raises(SettingError, match=r"xtra_fc\[1\]='x'") as error:
        each(COUNT)("xtra_fc", [3, "x"])
    assert error.value.fix == "put 4 in its place."


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert folder("checkpoint", tmp_path) == tmp_path
    with pytest.raises(SettingError, match="this is a file"):
        folder("checkpoint", tmp_path / "a")


def test_a_function_gets_what_was_meant_and_complains_in_its_own_name() -> None:
    @reads(bs=COUNT)
    def fit(bs: int = 64, *, mixup: float = 0.0) -> tuple[int, float]:
        return bs, mixup

    assert fit("8") == (8, 0.0)  # type: ignore[arg-type]
    assert fit() == (64, 0.0)
    with pytest.raises(TypeError, match=r"^fit\(\) got an unexpected keyword argument 'mixpu'$"):
        fit(8, mixpu=1)  # type: ignore[call-arg]


def test_fields_of_a_frozen_dataclass_are_read() -> None:
    from warmstart.images.augment import Augmentation

    assert Augmentation(max_zoom=2).max_zoom == 2
    with pytest.raises(SettingError, match="max_zoom"):
        Augmentation(max_zoom=0)
    holder = type("Holder", (), {"bs": "8"})()
    read_fields(holder, bs=COUNT)
    assert holder.bs == 8


def test_a_large_value_is_shown_in_one_short_line() -> None:
    shown = shortly(np.zeros((1000, 1000)))
    assert "\n" not in shown
    assert len(shown) < 100

import pytest

from warmstart.cli.fix_line import with_flags


@pytest.mark.parametrize(
    ("typed", "flags", "fixed"),
    [
        ("train a", ("--bs", "64"), "train a --bs 64"),
        ("train a --bs 1 --lr 2", ("--bs", "64"), "train a --bs 64 --lr 2"),
        ("train a --bs=1 --lr 2", ("--bs", "64"), "train a --bs=64 --lr 2"),
        ("train a --bs 3 --bs 1", ("--bs", "64"), "train a --bs 3 --bs 64"),
        ("train a", ("--no-header",), "train a --no-header"),
        ("train a --header b", ("--no-header",), "train a b --no-header"),
        ("train a --no-header", ("--no-header",), "train a --no-header"),
        ("train a", ("--x", "1", "--y", "2"), "train a --x 1 --y 2"),
        ("train a/b/ --lr 1", ("=", "a/b", "a/c"), "train a/c --lr 1"),
        ("train ./a", ("=", "a", "b"), "train b"),
        ("train a --label-column=x", ("=", "x", "y"), "train a --label-column=y"),
    ],
)
def test_a_command_line_is_mended(typed: str, flags: tuple[str, ...], fixed: str) -> None:
    assert " ".join(with_flags(typed.split(), flags)) == fixed

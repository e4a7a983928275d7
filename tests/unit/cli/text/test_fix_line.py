from pathlib import Path

import pytest
import typer

from warmstart.cli.main import app, main
from warmstart.cli.text.fix_line import is_slip, is_typable, with_flags, with_one_source


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


def test_archives_and_folders_that_a_shell_wrote_out_are_one_word_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s").mkdir()
    for name in ("s/a1.tar", "s/a2.tar", "s/a11.tar", "s/a.txt"):
        (tmp_path / name).touch()
    typed = ["train", "s/a1.tar", "s/a11.tar", "s/a2.tar", "--bs", "8"]
    assert with_one_source(typed) == ["train", "s/a*.tar", "--bs", "8"]
    assert with_one_source(["train", "s/a1.tar", "s/a11.tar"]) == ["train", "s/a1*.tar"]
    assert with_one_source(["train", "s/a1.tar", "s/a2.tar"]) == []  # there is a third
    assert with_one_source(["train", "s/a1.tar", "s/b.tar"]) == []
    (tmp_path / "cats").mkdir()
    (tmp_path / ".git").mkdir()
    assert with_one_source(["train", "cats", "s/"]) == ["train", "."]
    assert with_one_source(["train", "cats", "cats"]) == []  # s is there too


def test_a_line_with_many_archives_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("0.tar", "1.tar"):
        (tmp_path / name).touch()
    with pytest.raises(SystemExit):
        main(["train", "0.tar", "1.tar"])
    assert "Fix: warmstart train '*.tar'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "right", "is_one"),
    [
        ("trian", "train", True),
        ("evalute", "evaluate", True),
        ("predictt", "predict", True),
        ("compare_runs", "compare-runs", True),
        ("eval", "evaluate", True),
        ("--sed", "--seed", True),
        ("export", "report", False),
        ("deploy", "demo", False),
        ("fit", "lr-find", False),
        ("t", "train", False),
    ],
)
def test_one_slip_is_mended_and_another_word_is_not(wrong: str, right: str, is_one: bool) -> None:
    assert is_slip(wrong, right) == is_one


@pytest.mark.parametrize(
    ("line", "can_be"),
    [
        ("train photos --bs 8", True),
        ("cache gc", True),
        ("trian photos", False),
        ("predict runs/a/model x.jpg --bs 8", False),
        ("train photos --bs many", False),
        ("predict", False),
    ],
)
def test_a_line_can_be_typed_if_the_parser_takes_it(line: str, can_be: bool) -> None:
    command = typer.main.get_command(app)
    assert is_typable(command, line.split()) == can_be

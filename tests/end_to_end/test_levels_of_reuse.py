"""The note's five levels of reuse: each example runs and says what it did."""

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FEW = "60"  # digits


@pytest.fixture
def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> "Run":
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return Run(monkeypatch, capsys)


class Run:
    """Runs an example in this process: it need not load torch again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, name: str, *words: str) -> list[str]:
        file = EXAMPLES / f"{name}.py"
        self.monkeypatch.setattr(sys, "argv", [str(file), *words])
        runpy.run_path(str(file), run_name="__main__")
        return self.capsys.readouterr().out.splitlines()


def test_1_a_model_as_it_is(said: Run) -> None:
    temple, flower = said("reuse_1_as_it_is")
    assert re.fullmatch(r"image 0 · (.+ 0\.\d\d, ){2}.+ 0\.\d\d", temple)
    assert "daisy" in flower


@pytest.mark.parametrize(
    ("name", "words", "num_epochs"),
    [
        ("reuse_2_new_head", (), 4),
        ("reuse_3_last_stages", (), 2 + 2),
        ("reuse_4_other_depth", ("resnet10t",), 2),
        ("reuse_5_own_network", (), 8),
    ],
)
def test_2_to_5_train(said: Run, name: str, words: tuple[str, ...], num_epochs: int) -> None:
    lines = said(name, FEW, *words)
    epochs = [line for line in lines if re.match(r" +\d+ +\d+\.\d{4}", line)]
    assert len(epochs) == num_epochs
    accuracies = re.findall(r"(?:accuracy|stages:) (\d\.\d{3})", lines[-1])
    assert accuracies
    assert all(0 <= float(number) <= 1 for number in accuracies)
    if name == "reuse_3_last_stages":
        where = lines.index("— cut —")
        assert lines[where - 1].endswith("frozen")
        assert lines[where + 1].endswith("trains")

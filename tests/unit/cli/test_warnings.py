"""Which warnings a shell user sees."""

import warnings
from collections.abc import Callable

import pytest
from tests.unit.cli.conftest import Place, Run

from warmstart.cli.commands import cache

TORCH = (
    "Warning only once for all operators,  other operators may also be overridden.\n"
    "  Overriding a previously registered kernel for the same operator and the same dispatch key\n"
    "  operator: aten::bmm"
)


@pytest.fixture
def warn(monkeypatch: pytest.MonkeyPatch, run: Run) -> Callable[[str], str]:
    """What is printed to stderr when a command warns."""

    def call(text: str) -> str:
        def warning_folder(_given: object) -> None:
            warnings.filterwarnings("default", category=UserWarning, message="seen")
            warnings.warn(text, UserWarning, stacklevel=1)
            raise SystemExit(0)

        monkeypatch.setattr(cache, "folder_of", warning_folder)
        return run("cache", "ls").err

    return call


def test_torch_telling_of_its_own_kernels_is_not_shown(warn: Callable[[str], str]) -> None:
    assert warn(TORCH) == ""
    assert warn(TORCH.partition("\n  ")[2]) == ""


def test_other_warnings_are_shown_in_a_line(warn: Callable[[str], str]) -> None:
    assert warn("seen by everybody") == "Warning: seen by everybody\n"


def test_training_warns_of_nothing(place: Place, run: Run) -> None:
    said = run("train", "dogscats", "--size", "32", "--epochs", "1", "--lr", "0.01")
    assert said.code == 0
    assert "arning" not in said.err + said.out

"""Weights of the installed package are those that were examined, or are refused in words."""

from importlib import metadata
from pathlib import Path

import pytest

from warmstart.backbones import embedded
from warmstart.backbones.embedded import PACKAGES, embedded_weights
from warmstart.errors import WeightsError

LITE1 = PACKAGES["tf_efficientnet_lite1"]


class Installed(metadata.PackagePath):
    """A file of a package, which lies elsewhere than the package says."""

    place = Path()

    def locate(self) -> Path:
        return self.place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package's file lies."""
    file = Installed("weights.pth")
    file.place = tmp_path / "weights.pth"
    monkeypatch.setattr(metadata, "files", lambda name: [file])
    return file.place


def test_a_file_that_is_gone_is_refused_in_words(place: Path) -> None:
    with pytest.raises(WeightsError, match="other weights"):
        embedded_weights(LITE1)


def test_other_content_is_refused(place: Path) -> None:
    place.write_bytes(b"others")
    with pytest.raises(WeightsError, match="other weights"):
        embedded_weights(LITE1)


def test_a_larger_file_is_refused_unread(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MOST_BYTES", 5)
    place.write_bytes(b"others")
    with pytest.raises(WeightsError, match="other weights"):
        embedded_weights(LITE1)

"""Model folders of earlier versions: they load, and answer as they did."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.past.networks import own_backbone
from tests.past.pictures import squares

from warmstart import load_predictor

pytestmark = pytest.mark.filterwarnings("ignore:the model was judged in numeric mode")
CLOSE = 1e-4  # of probabilities: processors sum in different orders


@pytest.mark.parametrize("name", ["many_labels", "calibrated"])
def test_a_model_answers_as_it_did(past: Path, name: str) -> None:
    predictor = load_predictor(past / "models" / name, device="cpu", arch=own_backbone)
    recorded = json.loads((past / "models" / f"{name}.json").read_text())
    pictures, _ = squares(12, 100, has_many=name == "many_labels")
    found = predictor.predict(list(pictures))
    assert np.allclose(found.probabilities, recorded["probabilities"], rtol=0, atol=CLOSE)
    assert [list(answer) for answer in found.answers] == recorded["answers"]


def test_the_cards_say_what_they_said(past: Path) -> None:
    many = load_predictor(past / "models" / "many_labels", device="cpu", arch=own_backbone).card
    assert many.is_multi_label
    assert many.answering.thresholds is not None
    assert len(set(many.answering.thresholds)) == 3
    one = load_predictor(past / "models" / "calibrated", device="cpu", arch=own_backbone).card
    assert one.answering.temperature == pytest.approx(1.26, abs=0.01)
    assert one.answering.unknown_below == pytest.approx(0.64, abs=0.01)
    for card in (many, one):
        assert card.head is not None
        assert card.head["sizes"] == [16]
        assert card.classes == ("0", "1", "2")
        assert card.versions["warmstart"] == "0.1.0"
        assert card.metrics["valid_accuracy"] > 0

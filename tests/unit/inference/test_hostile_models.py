"""Law 19: a model folder is not believed. Each attack is refused in words, at little cost.

Run as a program (``python test_hostile_models.py FOLDER RESULT``) this file tries all of them in a
process of its own, whose memory then tells what they cost.
"""

import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.unit.inference.attacks import ATTACKS, KNOWN, known
from tests.unit.learner.conftest import squares

from warmstart import ConvLearner, ImageClassifierData, load_predictor
from warmstart.errors import ModelFolderError

MOST_BYTES = 300e6


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a tiny network that timm builds."""
    home = tmp_path_factory.mktemp("hostile")
    from warmstart import tfms_from_model

    x, y = squares(12, 0)
    y = y % 2
    data = ImageClassifierData.from_arrays(
        home, (x, y), (x, y), bs=8, tfms=tfms_from_model("test_efficientnet", 32)
    )
    learn = ConvLearner.pretrained(
        "test_efficientnet", data, pretrained=False, precision="f32", quiet=True,
        cache_dir=home / "cache",
    )  # fmt: skip
    learn.fit_head("logistic")
    learn.save(home / "model")
    return home / "model"


def attempt(good: Path, name: str, folder: Path) -> tuple[str, float]:
    """What comes of one attack, in a word or in the words of a refusal, and its seconds."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder)
    ATTACKS[name](folder)
    began = time.perf_counter()
    try:
        load_predictor(folder, device="cpu")
    except ModelFolderError as error:
        return error.what, time.perf_counter() - began
    except BaseException as error:  # noqa: BLE001 - a traceback is what this looks for
        return f"TRACEBACK {type(error).__name__}: {error}", time.perf_counter() - began
    return "ANSWERED", time.perf_counter() - began


@pytest.fixture(scope="module")
def outcomes(good: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """All attacks, tried in one process after a good model was loaded there."""
    result = tmp_path_factory.mktemp("outcomes") / "result.json"
    subprocess.run(
        [sys.executable, "-m", "tests.unit.inference.test_hostile_models", str(good), str(result)],
        check=True, timeout=600,
    )  # fmt: skip
    found: dict[str, dict[str, object]] = json.loads(result.read_text())
    return found


@pytest.mark.parametrize("name", [*ATTACKS])
def test_an_attack_is_refused_in_words(outcomes: dict[str, dict[str, object]], name: str) -> None:
    said = str(outcomes[name]["said"])
    assert not said.startswith(("TRACEBACK", "ANSWERED")), said
    assert 10 < len(said) < 1200
    assert said.isprintable()


def test_the_attacks_take_little_memory(outcomes: dict[str, dict[str, object]]) -> None:
    grown = {name: one["bytes"] for name, one in outcomes.items()}
    assert max(int(str(bytes_)) for bytes_ in grown.values()) < MOST_BYTES, grown


def test_the_model_that_was_not_changed_answers(good: Path, tmp_path: Path) -> None:
    assert len(ATTACKS) >= 90
    shutil.copytree(good, tmp_path / "model")
    assert load_predictor(tmp_path / "model", device="cpu").classes


def test_the_features_that_were_not_changed_decide(good: Path, tmp_path: Path) -> None:
    shutil.copytree(good, tmp_path / "model")
    known()(tmp_path / "model")
    predictor = load_predictor(tmp_path / "model", device="cpu")
    found = predictor.predict(squares(3, 1)[0])
    assert (tmp_path / "model" / KNOWN).stat().st_size < 500
    assert found.known_scores is not None
    assert np.array_equal(found.is_unknown, found.known_scores < -3.5)


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    load_predictor(source, device="cpu")  # imports, and what a good one costs
    for arch in ("resnet50",):  # timm's tables of other families
        __import__("timm").is_model(arch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    report = {}
    for attack in ATTACKS:
        words, seconds = attempt(source, attack, target.parent / "attacked")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        report[attack] = {"said": words, "seconds": seconds, "bytes": peak - before}
        before = max(before, peak)
    target.write_text(json.dumps(report))

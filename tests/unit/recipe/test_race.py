"""Race: several backbones, each computed once, the best of which answer together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from tests.unit.cli.conftest import write_photos

from warmstart import (
    ImageClassifierData,
    Race,
    SettingError,
    WeightsError,
    load_predictor,
    tfms_from_model,
)
from warmstart.data.table import Exclusion
from warmstart.images import view
from warmstart.images.decode import decode_picture
from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.deadline import Deadline, TimeUpError, within
from warmstart.recipe.race_result import RaceResult
from warmstart.results.race_record import RaceRecord
from warmstart.terminal.progress import no_progress

ARCHS = ("test_efficientnet", "test_resnet")  # in order of their cost
Make = Callable[..., RaceResult]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of small networks, made by chance."""
    folder = tmp_path_factory.mktemp("weights")
    for seed, arch in enumerate(ARCHS):
        torch.manual_seed(seed)
        save_file(timm.create_model(arch).state_dict(), folder / f"{arch}.safetensors")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos") / "pets", number=40)


@pytest.fixture
def data(photos: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> ImageClassifierData:
    """80 photos of 40 pixels, seen at 64."""
    monkeypatch.setenv("WARMSTART_WEIGHTS", str(weights))
    return ImageClassifierData.from_paths(photos, tfms_from_model(ARCHS[0], 64), quiet=True)


@pytest.fixture
def race(data: ImageClassifierData, tmp_path: Path) -> Make:
    """Run a race on a store of the test's own."""

    def run(**more: Any) -> RaceResult:
        settings = {"seconds": None, "archs": ARCHS, "cache_dir": tmp_path / "store"}
        fields = {name: more.pop(name) for name in tuple(more) if name in settings}
        made = Race(**(settings | fields), precision="f32")
        return made.run(data, quiet=True, **more)

    return run


def test_all_are_tried_the_cheapest_first(race: Make) -> None:
    found = race(archs=ARCHS[::-1])
    assert tuple(trial.arch for trial in found.record.trials) == ARCHS
    assert found.record.stopped.startswith("all backbones")
    assert all(trial.num_judged == 64 for trial in found.record.trials)
    assert RaceRecord.from_json(found.record.to_json()) == found.record
    assert str(found).count("member ") == len(found.record.members)


def test_backbones_that_are_to_be_had(data: ImageClassifierData) -> None:
    assert set(ARCHS) <= set(Race().order(data))
    assert Race().order(data).index(ARCHS[0]) < Race().order(data).index(ARCHS[1])


def test_saved_and_loaded_it_gives_the_same_bits(race: Make, tmp_path: Path) -> None:
    found = race()
    said = found.predict("valid")
    assert all(len(part.members) == 1 for part in map(ConvLearner.predictor, found.learners))
    loaded = load_predictor(found.save(tmp_path / "model"))
    assert len(loaded.members) == len(found.record.members)
    paths = [found.data.table.root / name for name in said.rows]
    assert np.array_equal(loaded.predict(paths).probabilities, said.probabilities)
    assert np.array_equal(found.predictor.predict(paths).probabilities, said.probabilities)
    assert loaded.card.answering == found.predictor.card.answering
    assert np.array_equal(loaded.TTA(paths, 0).probabilities, said.probabilities)  # law 10
    assert loaded.TTA(paths, 2).probabilities.shape == said.probabilities.shape


def test_answers_are_the_mean_of_logits(race: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from warmstart.comparison import members

    monkeypatch.setattr(members, "FEWEST_ROWS", 1000)  # so that both are members
    found = race()
    assert len(found.record.members) == 2
    logs = [np.log(learn.predict("valid").probabilities) for learn in found.learners]
    mean = np.mean(logs, axis=0) / found.predictor.card.answering.temperature
    expected = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    assert np.allclose(found.predict("valid").probabilities, expected, atol=1e-6)


def test_pictures_are_decoded_once(race: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    real = decode_picture

    def counted(content: bytes, name: str, **options: Any) -> Any:
        decoded.append(name)
        return real(content, name, **options)

    monkeypatch.setattr(view, "decode_picture", counted)
    race()
    assert len(decoded) == len(set(decoded)) == 80


def test_the_first_is_tried_in_any_case_and_no_other_when_time_is_up(race: Make) -> None:
    found = race(seconds=1e-6)
    assert [trial.arch for trial in found.record.trials] == [ARCHS[0]]
    assert found.record.stopped.startswith("the 1e-06 s were up: the first backbone alone took ")
    assert found.predict("valid").probabilities.shape == (16, 2)


def test_a_computation_ends_as_soon_as_it_cannot_be_done_in_time() -> None:
    deadline = Deadline(0.001, began=0.0)
    watched = within(deadline, no_progress)(100, "x")
    with watched as advance, pytest.raises(TimeUpError, match="1 of 100 images"):
        advance(1)
    endless = Deadline(None, began=0.0)
    with within(endless, no_progress)(100, "x") as advance:
        advance(1)


def test_ctrl_c_ends_it_with_what_there_is(race: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ConvLearner.prepare

    def interrupted(learn: ConvLearner, *more: Any) -> Any:
        if learn.card.arch == ARCHS[1]:
            raise KeyboardInterrupt
        return real(learn, *more)

    monkeypatch.setattr(ConvLearner, "prepare", interrupted)
    found = race()
    assert [member.arch for member in found.record.members] == [ARCHS[0]]
    assert found.record.stopped == "Ctrl-C"


def test_what_is_decided_is_decided_once(race: Make, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    whole = race(on_choice=lambda chosen: told.append(dict(chosen)))
    assert [entry["raced"] for entry in told] == [[ARCHS[0]], [*ARCHS], [*ARCHS]]
    for entry in told:  # killed after any of them, with no time left: nothing new is tried
        again = race(chosen=entry | {"race_seconds": 100.0}, seconds=50.0)
        tried = [trial.arch for trial in again.record.trials if trial.loss is not None]
        assert tried == entry["raced"]
    assert again.record.members == whole.record.members
    assert again.record.stopped == whole.record.stopped
    assert np.array_equal(again.predict().probabilities, whole.predict().probabilities)


def test_uneven_classes_are_heard_as_by_a_learner_alone(
    data: ImageClassifierData, tmp_path: Path
) -> None:
    table = data.table
    few = [name for name in table.names if name.startswith("dog")][:25]
    uneven = data.without(tuple(Exclusion(name, "left out") for name in few))
    options: dict[str, Any] = {"cache_dir": tmp_path / "store", "precision": "f32"}
    raced = Race(None, ARCHS[:1], **options).run(uneven, quiet=True).learners[0]
    alone = ConvLearner.pretrained(ARCHS[0], uneven, precompute=True, quiet=True, **options)
    alone.fit_head("logistic")
    assert raced.history.head_fits[-1].penalty == alone.history.head_fits[-1].penalty
    assert np.array_equal(raced.predict().probabilities, alone.predict().probabilities)


def test_one_that_cannot_be_had_does_not_stop_the_others(
    race: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = race(archs=(*ARCHS, "test_vit"))
    (missing,) = (trial for trial in found.record.trials if trial.arch == "test_vit")
    assert missing.note.startswith("left out: no pretrained weights of test_vit")
    with pytest.raises(WeightsError):
        race(archs=["test_vit"])


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"seconds": -1.0}, {"archs": ["no_such_net"]}])
def test_what_is_no_race(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        Race(**wrong)


def test_the_score_of_the_training_rows_is_out_of_fold(race: Make) -> None:
    found = race()
    rows = found.out_of_fold
    assert rows is not None
    assert len(rows.rows) == 64
    assert set(np.unique(rows.folds)) == set(range(5))
    assert rows.chosen_on_these == ("the penalty of the head",)

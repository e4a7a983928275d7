"""Law 17: what a model answers in is what it was judged in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.learner.conftest import make as make
from tests.unit.learner.conftest import small_network, squares

from warmstart import ConvLearner, ImageClassifierData, Predictions, load_predictor
from warmstart.images.augment import Augmentation

Make = Callable[..., ConvLearner]
CUTS = [-1, "stage2", 0]
VIEWS = Augmentation("test", 20, 0.1, flip="top_down", max_zoom=1.2)


def said(predictions: Predictions) -> tuple[float | None, float | None]:
    """Loss and accuracy of predictions."""
    scores = predictions.scores(num_resamples=0)
    right = "exact_match" if predictions.is_multi_label else "accuracy"
    return scores["log_loss"].value, scores[right].value


def written(learn: ConvLearner) -> tuple[float | None, float]:
    """Loss and accuracy of the last epoch in the history."""
    record = learn.history.records[-1]
    return record.valid_loss, record.metrics["accuracy"]


def many_labels(learn: ConvLearner) -> ImageClassifierData:
    """The same squares with 0 to 3 labels each."""
    random = np.random.default_rng(0)
    train, valid = ((squares(n, n)[0], random.integers(0, 2, (n, 3))) for n in (30, 13))
    return ImageClassifierData.from_arrays(train, valid, learn.data.tfms, 8)


@pytest.mark.parametrize("precompute", [False, True, 2])
@pytest.mark.parametrize("precision", ["f32", "auto", "bf16"])
@pytest.mark.parametrize("where", CUTS)
def test_history_and_predict_agree_to_the_bit(
    make: Make, where: int | str, precision: str, precompute: bool | int
) -> None:
    learn = make(aug_tfms=VIEWS, precision=precision, precompute=precompute)
    learn.freeze_to(where)
    learn.fit(0.05, 2)
    assert written(learn) == said(learn.predict())


@pytest.mark.parametrize("options", [{"ema_decay": 0.8}, {"keeps_best": True}, {"bn": "train"}])
@pytest.mark.parametrize("where", CUTS)
def test_so_do_the_weights_that_a_fit_ends_with(
    make: Make, where: int | str, options: dict[str, Any]
) -> None:
    learn = make()
    learn.hold_back(0.3)
    learn.freeze_to(where)
    learn.fit(0.5, 4, **options)
    kept = [r for r in learn.history.records if r.metrics.get("choice_best", 1.0)][-1]
    assert (kept.valid_loss, kept.metrics["accuracy"]) == said(learn.predict())
    if "keeps_best" in options:
        assert kept.metrics["choice_loss"] == said(learn.predict("held_back"))[0]


@pytest.mark.parametrize("where", CUTS)
def test_and_images_with_many_labels(make: Make, where: int | str) -> None:
    first = make()
    data = many_labels(first)
    learn = ConvLearner.pretrained(
        small_network, data, pretrained=False, device="cpu", quiet=True, train_precision="f32",
        cache_dir=first.state.parts.cache_dir,
    )  # fmt: skip
    learn.freeze_to(where)
    learn.fit(0.05, 2)
    assert written(learn) == said(learn.predict())


@pytest.mark.parametrize("where", CUTS)
@pytest.mark.filterwarnings("ignore:the model was judged in numeric mode")
def test_and_the_saved_model_on_the_same_bytes(
    make: Make, where: int | str, tmp_path: Path
) -> None:
    learn = make()
    learn.freeze_to(where)
    learn.fit(0.05, 2)
    learn.save(tmp_path / "model")
    loaded = load_predictor(tmp_path / "model", arch=small_network)
    pixels = squares(12, 2)[0]
    assert np.array_equal(loaded.predict(pixels).probabilities, learn.predict().probabilities)
    assert loaded.card.mode == learn.numeric_mode == loaded.members[0].mode


@pytest.mark.parametrize("where", CUTS)
def test_the_history_says_in_which(make: Make, where: int | str) -> None:
    learn = make(precision="bf16")
    learn.freeze_to(where)
    learn.fit(0.05, 1)
    assert learn.history.records[-1].judged_in == learn.numeric_mode
    assert "/bf16/" in learn.numeric_mode


@pytest.mark.parametrize("where", CUTS)
def test_steps_may_be_faster_and_epochs_are_judged_as_the_model_answers(
    make: Make, where: int | str
) -> None:
    learn = make(train_precision="bf16")
    learn.freeze_to(where)
    learn.fit(0.05, 1)
    assert learn.history.records[-1].precision == ("f32" if where == -1 else "bf16")
    assert written(learn) == said(learn.predict())


def test_which_rows_judge_moves_nothing(make: Make) -> None:
    one, two = make(), make()
    two.set_data(
        ImageClassifierData.from_arrays(squares(30, 1), squares(20, 3), two.data.tfms, two.data.bs)
    )
    for learn in (one, two):
        learn.unfreeze()
        learn.fit(0.05, 2, bn="train")
    assert one.history.records[-1].valid_loss != two.history.records[-1].valid_loss
    for name, tensor in one.model.state_dict().items():
        assert torch.equal(tensor, two.model.state_dict()[name]), name

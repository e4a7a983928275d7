"""Words of other libraries do what the calls do that they stand for."""

from pathlib import Path

import numpy as np
import pytest
from torch import nn

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import tfms_from_model
from warmstart.errors import ModelFolderError, SettingError
from warmstart.inference.loading import load_predictor
from warmstart.learner.conv_learner import ConvLearner
from warmstart.results.history import History

PHOTOS = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
OTHERS = np.random.default_rng(1).integers(0, 256, (12, 32, 32, 3), np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "cache"))


def some_data(classes: tuple[str, ...] = ("cat", "dog"), size: int = 32) -> ImageClassifierData:
    return ImageClassifierData.from_arrays(
        trn=(PHOTOS, np.arange(24) % 2), val=(OTHERS, np.arange(12) % 2),
        tfms=tfms_from_model("test_resnet", size), classes=classes, quiet=True,
    )  # fmt: skip


def learner(seed: int = 0, opt: str = "sgd", **more: object) -> ConvLearner:
    return ConvLearner.pretrained(
        "test_resnet", some_data(), pretrained=False, quiet=True, seed=seed, opt=opt,
        precision="f32", train_precision="f32", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def same_weights(one: ConvLearner, other: ConvLearner) -> bool:
    pairs = zip(one.model.state_dict().items(), other.model.state_dict().values(), strict=True)
    return all(bool((tensor == theirs).all()) for (_, tensor), theirs in pairs)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("opt", ["sgd", "adamw"])
def test_fine_tune_is_the_calls_that_it_stands_for(opt: str) -> None:
    one, other = learner(opt=opt), learner(opt=opt)
    rate = {"sgd": 0.01, "adamw": 2e-3}[opt]
    history = one.fine_tune(2)
    other.freeze()
    other.fit(rate, 1, one_cycle=True)
    other.unfreeze()
    other.fit(slice(rate / 200, rate / 2), 2, one_cycle=True)
    assert same_weights(one, other)
    assert history.step_losses == other.history.step_losses == one.history.step_losses
    assert one.history.step_lrs[0] != one.history.step_lrs[1]


@pytest.mark.usefixtures("one_thread")
def test_fit_one_cycle_has_the_epochs_first() -> None:
    one, other = learner(), learner()
    history = one.fit_one_cycle(2, 0.02, wd=0.1)
    other.fit(0.02, 2, one_cycle=True, wds=0.1)
    assert same_weights(one, other)
    assert len(history.records) == 2


def test_validate_scores_the_validation_rows() -> None:
    learn = learner()
    assert learn.validate() == learn.predict("valid").scores()
    assert learn.validate().num_rows == 12


@pytest.mark.parametrize("epochs", [0, 1.5, "many", -2])
def test_epochs_are_whole_numbers(epochs: object) -> None:
    with pytest.raises(SettingError):
        learner().fine_tune(epochs)  # type: ignore[arg-type]


def test_a_loaded_model_answers_as_it_was_saved(tmp_path: Path) -> None:
    one, other = learner(), learner()
    other.fit(0.01, 1)
    one.fit_head("logistic")
    one.calibrate(one.predict("train"))
    folder = one.save(tmp_path / "model")
    assert other.load(folder) is other
    assert (other.predict().probabilities == one.predict().probabilities).all()
    again = load_predictor(folder).predict(list(OTHERS))
    assert (other.predict().probabilities == again.probabilities).all()
    assert other.card.answering == one.card.answering
    assert other.card.head == one.card.head
    other.fit_head("logistic")  # the backbone is the first one, and never trained on these rows


def test_a_loaded_backbone_counts_as_trained(tmp_path: Path) -> None:
    one, other = learner(), learner()
    one.unfreeze()
    one.fit(0.01, 1)
    other.load(one.save(tmp_path / "model"))
    assert (other.predict().probabilities == one.predict().probabilities).all()
    with pytest.raises(SettingError, match="trained"):
        other.fit_head()


def test_rows_that_trained_a_loaded_model_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = learner()
    one.fit(0.01, 1)
    folder = one.save(tmp_path / "model")
    swapped = ImageClassifierData.from_arrays(
        trn=(OTHERS, np.arange(12) % 2), val=(PHOTOS, np.arange(24) % 2),
        tfms=tfms_from_model("test_resnet", 32), classes=("cat", "dog"), quiet=True,
    )  # fmt: skip
    other = ConvLearner.pretrained("test_resnet", swapped, pretrained=False)
    other.load(folder)
    assert "24 of 24 validation images trained the loaded model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arch", "classes", "word"),
    [("test_resnet", ("dog", "cat"), "classes"), ("test_vit", ("cat", "dog"), "backbone")],
)
def test_another_model_is_refused_and_nothing_changes(
    arch: str, classes: tuple[str, ...], word: str, tmp_path: Path
) -> None:
    data = some_data(classes, 160 if arch == "test_vit" else 32)
    if arch == "test_vit":
        data = ImageClassifierData.from_arrays(
            trn=(PHOTOS, np.arange(24) % 2), val=(OTHERS, np.arange(12) % 2), quiet=True,
            tfms=tfms_from_model(arch), classes=classes,
        )  # fmt: skip
    other = ConvLearner.pretrained(arch, data, pretrained=False, quiet=True)
    folder = other.save(tmp_path / "model")
    learn = learner()
    before = learn.predict().probabilities
    with pytest.raises(ModelFolderError, match=word) as raised:
        learn.load(folder)
    assert "Fix: " in str(raised.value)
    assert (learn.predict().probabilities == before).all()


def test_a_head_of_the_users_own_needs_its_like(tmp_path: Path) -> None:
    learn, standard = learner(), learner()
    learn.put_head(nn.Linear(learn.num_features, 2), None)
    folder = learn.save(tmp_path / "model")
    with pytest.raises(ModelFolderError, match="head"):
        standard.load(folder)
    other = learner(seed=4)
    other.put_head(nn.Linear(other.num_features, 2), None)
    other.load(folder)
    assert same_weights(learn, other)


def test_another_size_leaves_the_rule_of_deciding_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn, other = (
        ConvLearner.pretrained("test_resnet", some_data(size=size), pretrained=False)
        for size in (64, 96)
    )
    learn.calibrate(learn.predict("train"))
    other.load(learn.save(tmp_path / "model"))
    assert other.card.answering.how == ()
    assert "left out is temperature" in capsys.readouterr().err


def test_a_head_for_other_features_is_refused(tmp_path: Path) -> None:
    other = ConvLearner.pretrained("test_resnet", some_data(size=64), pretrained=False, quiet=True)
    with pytest.raises(ModelFolderError, match="number of features"):
        other.load(learner().save(tmp_path / "model"))


def test_what_is_drawn_of_a_schedule(tmp_path: Path) -> None:
    learn = learner()
    with pytest.raises(SettingError, match="no rates"):
        learn.sched.plot()
    curve = learn.lr_find(num_steps=5)
    assert learn.sched.curve is curve
    learn.sched.plot(tmp_path / "lr.png")
    learn.fit(0.01, 1)
    learn.recorder.plot_loss(tmp_path / "loss.png")
    learn.recorder.plot_sched(tmp_path / "rates.png")
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_results_are_drawn_with_truth_and_answer(tmp_path: Path) -> None:
    learn = learner()
    figure = learn.show_results(4, path=tmp_path / "results.png")
    titles = [axes.get_title() for axes in figure.axes]
    assert len([title for title in titles if title.startswith(("cat", "dog"))]) == 4
    assert all(title.endswith("right") or "\nis " in title for title in titles if title)


def test_a_learner_shows_what_is_frozen_and_how_good_it_is() -> None:
    learn = learner()
    assert "the backbone is frozen" in repr(learn)
    assert "has not been trained" in repr(learn)
    assert "stages" not in learn.state.layers.__dict__  # to look at it traces nothing
    learn.fit(0.01, 1)
    scores = learn.history.records[-1].scores
    assert f"accuracy {scores['accuracy']:.4f}" in repr(learn)
    learn.unfreeze()
    assert "everything" in learn._repr_html_()
    learn.freeze_to(-2)
    assert "what comes before is frozen" in repr(learn)
    fitted = learner()
    fitted.fit_head("logistic")
    assert "logistic regression" in repr(fitted)
    assert f"{fitted.history.head_fits[0].valid_accuracy:.4f}" in repr(fitted)
    assert isinstance(fitted.history, History)


def test_a_predictor_shows_its_classes_and_what_trained_it() -> None:
    learn = learner()
    learn.fit(0.01, 1)
    text = repr(learn.predictor())
    assert "cat, dog" in text
    assert "24 images" in text

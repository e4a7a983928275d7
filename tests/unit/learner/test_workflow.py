"""What the note's first implementation got wrong, one test per trap; and what users may mistype."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.unit.learner.conftest import squares

from warmstart import ConvLearner, DataError, ImageClassifierData, SettingError, tfms_from_model
from warmstart.batches.source import PixelSource
from warmstart.images.augment import Augmentation
from warmstart.images.view import ViewRecipe
from warmstart.learner.freezing import resolve_precompute
from warmstart.learner.layers import Layers

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")


def test_unfreeze_thaws_the_body_even_after_precompute(make: Make) -> None:
    """fastai 0.7: unfreeze() with precompute on left the body as it was."""
    learn = make(precompute=True)
    learn.fit(0.05, 1)
    before = learn.model.backbone.state_dict()["stem.0.weight"].clone()
    learn.unfreeze()
    learn.fit([1e-2, 1e-2, 1e-2], 1)
    assert not torch.equal(before, learn.model.backbone.state_dict()["stem.0.weight"])


def test_set_data_does_not_train_on_what_was_stored_for_other_data(make: Make) -> None:
    """fastai 0.7: set_data() after precompute went on with the old activations."""
    learn, fresh = make(precompute=True), make(precompute=True)
    tfms = learn.data.tfms
    other = ImageClassifierData.from_arrays(squares(30, 5), squares(12, 6), tfms, 8)
    learn.set_data(other)
    learn.fit(0.05, 1)
    fresh.state.data = other
    fresh.precompute = False
    fresh.fit(0.05, 1)
    assert learn.history.step_losses == fresh.history.step_losses


def test_weights_that_moved_make_new_names(make: Make) -> None:
    """fastai 0.7: the cache went stale when the body changed."""
    learn = make(precompute=True)
    before = learn.state.parts.pooled().frozen.card.identity
    learn.freeze_to(-2)
    learn.fit([1e-2, 1e-2], 1)
    learn.freeze()
    assert learn.state.activations.frozen.card.identity != before
    direct = learn.predict().probabilities
    learn.precompute = False
    assert np.array_equal(direct, learn.predict().probabilities)


def test_the_first_cycle_begins_at_the_full_rate(make: Make) -> None:
    """fastai 0.7: the first steps ran at a hundredth of the rate."""
    learn = make()
    learn.fit(0.05, 2, cycle_len=1)
    assert learn.history.step_lrs[0] == (0.05,)
    per_epoch = len(learn.history.step_lrs) // 2
    assert learn.history.step_lrs[per_epoch] == (0.05,)


def test_precompute_true_says_that_augmentation_has_no_effect(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """fastai 0.7: precompute switched augmentation off without a word."""
    learn = make(aug_tfms=VIEWS)
    learn.quiet = False
    learn.precompute = True
    assert "aug_tfms has no effect" in capsys.readouterr().err


def test_unfreeze_sets_precompute_true_to_false_where_the_data_varies(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in fastai 0.7: a body in training is to see the augmentation."""
    learn, other = make(aug_tfms=VIEWS, precompute=True), make(aug_tfms=VIEWS)
    learn.quiet = False
    learn.unfreeze()
    assert learn.precompute is False
    assert "unfreeze() sets precompute=False" in capsys.readouterr().err
    other.unfreeze()
    learn.quiet = True
    for each in (learn, other):
        each.fit(0.01, 2)
    assert learn.history.step_losses == other.history.step_losses
    learn.precompute = True  # whoever asks for the plain view gets it
    assert learn.precompute is True


@pytest.mark.parametrize(
    ("aug_tfms", "precompute", "said"),
    [(None, True, ""), (VIEWS, 3, "3 stored views"), (VIEWS, False, "")],
)
def test_unfreeze_leaves_any_other_precompute(
    make: Make,
    capsys: pytest.CaptureFixture[str],
    aug_tfms: Augmentation | None,
    precompute: bool | int,
    said: str,
) -> None:
    learn = make(aug_tfms=aug_tfms, precompute=precompute)
    learn.quiet = False
    learn.unfreeze()
    assert learn.precompute is precompute
    told = capsys.readouterr().err
    assert said in told
    assert bool(said) == bool(told)


@pytest.mark.parametrize("where", [-2, 0])
def test_freeze_to_keeps_what_is_stored_and_says_which_view_trains(
    make: Make, capsys: pytest.CaptureFixture[str], where: int
) -> None:
    learn = make(aug_tfms=VIEWS, precompute=True)
    learn.quiet = False
    capsys.readouterr()
    learn.freeze_to(where)
    assert learn.precompute is True
    assert "on the plain view of each image" in capsys.readouterr().err
    learn.freeze()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("precompute", "times"), [(True, 1), (2, 1), (False, 4)])
@pytest.mark.parametrize("where", ["unfreeze", -2])
def test_pixels_that_judge_a_body_are_rendered_once_where_anything_is_kept(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    where: str | int,
    precompute: bool | int,
    times: int,
) -> None:
    learn = make(aug_tfms=VIEWS, precompute=precompute)
    seen = list[str]()
    render = ViewRecipe.render

    def counted(
        self: ViewRecipe, content: bytes, name: str, *, use_damaged: bool = False
    ) -> NDArray[np.uint8]:
        seen.append(name)
        return render(self, content, name, use_damaged=use_damaged)

    monkeypatch.setattr(ViewRecipe, "render", counted)
    if where == "unfreeze":
        learn.unfreeze()
    else:
        learn.freeze_to(where)
    learn.fit(0.01, 3)  # where nothing is kept: once to see that all can be read, once per epoch
    names = [learn.data.table.names[row] for row in learn.data.table.rows("valid")]
    assert {seen.count(name) for name in names} == {times}


def test_one_rate_per_group_and_an_error_that_shows_the_groups(make: Make) -> None:
    learn = make()
    learn.unfreeze()
    learn.fit(np.array([1e-4, 1e-3, 1e-2]), 1)
    assert learn.history.last_lrs == (1e-4, 1e-3, 1e-2)
    with pytest.raises(SettingError, match=r"2 values and the network has 3 layer groups") as error:
        learn.fit([1e-3, 1e-2], 1)
    assert "stem–stage1" in error.value.what
    learn.freeze_to(-2)
    learn.fit((1e-3, 1e-2), 1)


@pytest.mark.parametrize("lrs", [0, -1.0, "fast", float("nan"), [1e-3, -1e-2]])
def test_rates_that_are_none(make: Make, lrs: object) -> None:
    learn = make()
    learn.freeze_to(-2)
    with pytest.raises(SettingError):
        learn.fit(lrs, 1)


@pytest.mark.parametrize("value", [0, -1, 1.5, "yes", None])
def test_precompute_that_has_no_meaning(value: object) -> None:
    with pytest.raises(SettingError, match="precompute"):
        resolve_precompute(value)


@pytest.mark.parametrize("where", [3, -4, "stage9"])
def test_no_such_group_or_stage(make: Make, where: int | str) -> None:
    with pytest.raises(SettingError, match="no layer group or stage") as error:
        make().freeze_to(where)
    assert "stage1" in error.value.expected


def test_groups_share_the_stages(make: Make) -> None:
    learn = make()
    assert [group.name for group in learn.state.layers.groups] == ["stem–stage1", "stage2", "head"]
    layers = Layers(learn.state.network, 32, 2)
    assert [group.name for group in layers.groups] == ["stem–stage2", "head"]
    layers = Layers(learn.state.network, 32, 9)
    assert [group.name for group in layers.groups] == ["stem", "stage1", "stage2", "head"]
    with pytest.raises(SettingError, match="num_groups=1"):
        make(num_groups=1)


def test_summary_shows_the_cut(make: Make) -> None:
    learn = make()
    learn.freeze_to("stage2")
    lines = learn.summary().splitlines()
    at = lines.index("— cut —")
    assert all("frozen" in line for line in lines[1:at])
    assert all("trains" in line for line in lines[at + 1 :])
    assert lines[at + 1].startswith("stage2")


def test_another_size_goes_on_with_the_same_weights(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 1)
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(SmallCard, 48, mean=half, std=half)
    larger = ImageClassifierData.from_arrays(squares(30, 1), squares(12, 2), tfms, 8)
    head = learn.model.head.state_dict()["2.weight"].clone()
    learn.set_data(larger)
    assert torch.equal(head, learn.model.head.state_dict()["2.weight"])
    learn.unfreeze()
    learn.fit(0.01, 1)
    assert learn.predict().probabilities.shape == (12, 3)


def SmallCard() -> torch.nn.Module:  # noqa: N802
    raise NotImplementedError


def test_other_classes_need_another_learner(make: Make) -> None:
    learn = make()
    x, y = squares(30, 1)
    other = ImageClassifierData.from_arrays((x, y % 2), (x, y % 2), learn.data.tfms, 8)
    with pytest.raises(DataError, match="new data has the classes"):
        learn.set_data(other)


def test_views_are_counted_over_all_fits(make: Make) -> None:
    """Two fits of one epoch see the views that one fit of two epochs sees."""
    one, two = make(aug_tfms=VIEWS), make(aug_tfms=VIEWS)
    one.fit(0.05, 2)
    two.fit(0.05, 1)
    two.fit(0.05, 1)
    first = one.history.step_losses[: len(one.history.step_losses) // 2]
    assert two.history.step_losses[: len(first)] == first


def test_one_cycle_and_other_ways_to_fit(make: Make) -> None:
    learn = make(precompute=True)
    learn.freeze_to("stage2")
    learn.fit(0.05, 2, cycle_len=1, one_cycle=True, mixup=0.3, label_smoothing=0.1, clip_norm=1.0)
    lrs = [rates[0] for rates in learn.history.step_lrs]
    assert lrs[0] < max(lrs) > lrs[-1]
    learn.fit(0.05, 1, cutmix=1.0, ema_decay=0.9)
    learn.freeze()
    with pytest.raises(SettingError, match="cutmix cannot cut"):
        learn.fit(0.05, 1, cutmix=1.0)


def test_a_damaged_store_is_named_and_computed_again(make: Make, tmp_path: Path) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 1)
    (shard,) = (tmp_path / "cache" / "activations").glob("*/*.safetensors")
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(content)
    with pytest.warns(UserWarning, match="1 damaged file"):
        again = make(precompute=True)
    again.fit(0.05, 1)
    assert again.history.step_losses == learn.history.step_losses


def test_words_and_numbers_without_meaning(make: Make) -> None:
    learn = make(aug_tfms=VIEWS)
    learn.unfreeze()
    with pytest.raises(SettingError, match="bn='trian'"):
        learn.fit(0.01, 1, bn="trian")
    with pytest.raises(SettingError, match="n_aug=-1"):
        learn.TTA(-1)
    with pytest.raises(SettingError, match="plain_weight=2"):
        learn.TTA(1, plain_weight=2.0)


def test_the_rate_is_sought_with_gradients_clipped_as_the_fit_will_clip_them(make: Make) -> None:
    learn = make()
    learn.unfreeze()

    def losses(**more: Any) -> list[float]:
        found: list[float] = learn.lr_find(start_lr=1e-2, num_steps=9, **more).losses.tolist()
        return found

    assert losses() == losses(clip_norm=1.0) != losses(clip_norm=None)
    assert losses(bn="train") == losses(bn="train", clip_norm=None)


def test_the_rows_of_a_search_can_be_limited(make: Make) -> None:
    learn = make(precompute=True)
    found = learn.lr_find(max_rows=16 * 8)
    assert found.lrs[0] == pytest.approx(0.2 * found.usual)
    assert 2 <= len(found.lrs) <= 8
    assert len(learn.lr_find(max_rows=60).lrs) == 0


def test_gradients_are_clipped_where_batchnorm_does_not_tame_them(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is, where it keeps its stored statistics while its stage trains."""

    def losses(*, is_thawed: bool, **options: Any) -> list[float]:
        learn = make()
        learn.quiet = False
        if is_thawed:
            learn.unfreeze()
        return learn.fit(0.5, 2, **options).step_losses

    def told() -> bool:
        return "clipped to a norm of 1" in capsys.readouterr().err

    clipped = losses(is_thawed=True)
    assert told()
    assert clipped == losses(is_thawed=True, clip_norm=1.0)
    assert clipped != losses(is_thawed=True, clip_norm=None)
    assert losses(is_thawed=True, bn="train") == losses(is_thawed=True, bn="train", clip_norm=None)
    assert losses(is_thawed=False) == losses(is_thawed=False, clip_norm=None)
    assert not told()


def test_a_thawed_learner_decodes_nothing_twice(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn, rendered = make(precompute=True), list[int]()
    for name in ("render", "render_exactly"):
        render = getattr(PixelSource, name)

        def counting(
            self: PixelSource, row: int, *more: Any, render: Any = render
        ) -> NDArray[np.uint8]:
            rendered.append(row)
            pixels: NDArray[np.uint8] = render(self, row, *more)
            return pixels

        monkeypatch.setattr(PixelSource, name, counting)
    learn.unfreeze()
    learn.fit(1e-3, 1)
    assert sorted(rendered) == list(range(42))  # 30 rows that train, and 12 that judge
    rendered.clear()
    learn.fit(1e-3, 1)
    kept = learn.predict("valid").probabilities
    assert rendered == []
    learn.state.keeps_pixels = False
    assert np.array_equal(learn.predict("valid").probabilities, kept)
    assert set(rendered) == set(range(30, 42))


def test_a_frozen_fit_traces_no_backbone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Layers) -> None:
        raise AssertionError

    monkeypatch.setattr(Layers, "stages", property(refuse))
    learn = make(precompute=True)
    learn.fit(0.05, 1)
    learn.fit_head()
    assert len(learn.predict("valid").rows) == 12

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.training.toy import one_group, toy_data, toy_module, toy_settings
from torch import nn

from warmstart.errors import SettingError
from warmstart.training.head import seeded_linear
from warmstart.training.loop import fit
from warmstart.training.mixing import MixedBatch, mixed
from warmstart.training.objective import loss_per_row
from warmstart.training.step import batch_loss

seeds = st.integers(0, 2**63 - 1)


def mix(batch: torch.Tensor, *, mixup: float = 0.0, cutmix: float = 0.0, seed: int) -> MixedBatch:
    return mixed(batch, mixup=mixup, cutmix=cutmix, seed=seed)


def test_nothing_mixes_by_default() -> None:
    settings = toy_settings()
    assert not settings.mixes
    batch, wanted = torch.rand(4, 3), torch.zeros(4, dtype=torch.int64)
    loss = batch_loss(torch.nn.Identity(), batch, wanted, settings, 0)
    assert torch.equal(loss, loss_per_row(batch, wanted, 0.0).mean())
    assert replace(settings, mixup=0.1).mixes
    assert replace(settings, cutmix=0.1).mixes


@given(seed=seeds)
def test_mixup_is_a_mean_of_two_rows(seed: int) -> None:
    batch = torch.from_numpy(np.random.default_rng(seed % 1000).normal(size=(9, 2, 3)))
    found = mix(batch, mixup=0.4, seed=seed)
    assert 0 <= found.share <= 1
    assert sorted(found.partners.tolist()) == list(range(9))
    expected = found.share * batch + (1 - found.share) * batch[found.partners]
    assert torch.allclose(found.inputs, expected)


@given(seed=seeds, height=st.integers(1, 20), width=st.integers(1, 20))
def test_cutmix_pastes_one_box_and_says_how_much_stayed(seed: int, height: int, width: int) -> None:
    rows = torch.arange(6.0)[:, None, None, None].expand(6, 2, height, width).contiguous()
    before = rows.clone()
    found = mix(rows, cutmix=1.0, seed=seed)
    assert torch.equal(rows, before)
    for row, partner in enumerate(found.partners.tolist()):
        picture = found.inputs[row]
        if partner == row:
            assert bool((picture == row).all())
            continue
        pasted = picture == partner
        assert bool(((picture == row) | pasted).all())
        assert float(pasted.double().mean()) == pytest.approx(1 - found.share)
        box = pasted[0]
        assert int(box.any(1).sum()) * int(box.any(0).sum()) == int(box.sum())


def test_shares_are_drawn_from_beta() -> None:
    batch = torch.zeros(2, 1)
    shares = [mix(batch, mixup=0.5, seed=seed).share for seed in range(2000)]
    # Beta(α, α) has mean 1/2 and variance 1 / (4 (2α + 1)).
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)
    assert np.var(shares) == pytest.approx(1 / 8, abs=0.01)


def test_where_both_are_asked_for_each_batch_draws_one() -> None:
    rows = torch.arange(4.0)[:, None, None, None].expand(4, 1, 8, 8)
    kinds = []
    for seed in range(400):
        found = mix(rows, mixup=5.0, cutmix=5.0, seed=seed)
        is_cut = all(float(value).is_integer() for value in found.inputs.flatten())
        kinds.append(is_cut)
    assert 0.4 < np.mean(kinds) < 0.65


@given(seed=seeds)
def test_the_seed_decides_all_and_no_other_generator_is_used(seed: int) -> None:
    batch = torch.rand(5, 2, 4, 4)
    state = torch.get_rng_state()
    one = mix(batch, mixup=0.3, cutmix=0.3, seed=seed)
    np.random.rand(2)  # noqa: NPY002
    two = mix(batch, mixup=0.3, cutmix=0.3, seed=seed)
    assert torch.equal(one.inputs, two.inputs)
    assert one.share == two.share
    assert torch.equal(torch.get_rng_state(), state)


def test_cutmix_of_pooled_activations_is_an_error_with_a_fix() -> None:
    (inputs, targets), module = toy_data(), toy_module()
    with pytest.raises(SettingError, match=r"cutmix.*\(8, 6\)") as error:
        fit(module, one_group(module), inputs, targets, toy_settings(cutmix=1.0))
    assert "mixup" in error.value.fix


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_the_loss_of_a_mixed_row_has_both_labels_in_their_shares(is_multi_label: bool) -> None:
    batch, module = torch.rand(8, 6), nn.Linear(6, 3)
    wanted = torch.arange(8) % 3
    if is_multi_label:
        wanted = nn.functional.one_hot(wanted, 3).float()
    settings = toy_settings(mixup=1.0, label_smoothing=0.1)
    loss = batch_loss(module, batch, wanted, settings, seed=5)
    found = mix(batch, mixup=1.0, seed=5)
    logits = module(found.inputs)
    expected = found.share * loss_per_row(logits, wanted, 0.1) + (1 - found.share) * loss_per_row(
        logits, wanted[found.partners], 0.1
    )
    assert float(loss.detach()) == pytest.approx(float(expected.mean().detach()), rel=1e-6)


def test_a_fit_on_pictures_with_both_learns() -> None:
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(2, size=96))
    pictures = torch.from_numpy(rng.normal(size=(96, 1, 6, 6)).astype(np.float32))
    pictures += labels[:, None, None, None] * 2
    inputs, targets = toy_data()
    inputs.x, inputs.x_valid = pictures[:64], pictures[64:]
    targets = type(targets)(labels[:64], labels[64:])
    module = nn.Sequential(nn.Flatten(), seeded_linear(36, 2, seed=0))
    settings = toy_settings(lr=0.05, epochs=8, mixup=0.2, cutmix=1.0)
    history = fit(module, one_group(module), inputs, targets, settings)
    assert history.records[-1].metrics["accuracy"] > 0.9

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss
from tests.unit.training.toy import one_group, toy_data, toy_module, toy_settings
from torch import nn

from warmstart.errors import TrainingError
from warmstart.metrics.evaluate import brief_scores
from warmstart.training.loop import fit
from warmstart.training.objective import Targets, loss_per_row
from warmstart.training.probabilities import evaluate_valid

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, num_rows=st.integers(1, 30), num_classes=st.integers(2, 6))
def test_single_label_scores_equal_scikit_learn(seed: int, num_rows: int, num_classes: int) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(num_rows, num_classes)) * 3)
    labels = torch.from_numpy(rng.integers(num_classes, size=num_rows))
    probabilities = logits.softmax(dim=1)
    expected = log_loss(labels, probabilities, labels=range(num_classes))
    assert float(loss_per_row(logits, labels).mean()) == pytest.approx(expected)
    found = brief_scores(probabilities.numpy(), labels.numpy())
    assert found.loss == pytest.approx(expected)
    assert found.accuracy == accuracy_score(labels, probabilities.argmax(dim=1))


@given(seed=seeds, num_rows=st.integers(1, 30), num_classes=st.integers(2, 6))
def test_multi_label_scores_equal_scikit_learn(seed: int, num_rows: int, num_classes: int) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(num_rows, num_classes)) * 3)
    labels = torch.from_numpy(rng.integers(2, size=(num_rows, num_classes)).astype(np.float64))
    probabilities = logits.sigmoid()
    per_class = [
        log_loss(labels[:, k], probabilities[:, k], labels=[0, 1]) for k in range(num_classes)
    ]
    assert float(loss_per_row(logits, labels).mean()) == pytest.approx(float(np.mean(per_class)))
    found = brief_scores(probabilities.numpy(), labels.numpy().astype(np.int64))
    assert found.loss == pytest.approx(float(np.mean(per_class)))
    assert found.accuracy == accuracy_score(labels, probabilities > 0.5)


@given(seed=seeds, smoothing=st.floats(0.0, 0.9))
def test_smoothing_is_the_loss_against_softened_targets(seed: int, smoothing: float) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(7, 4)))
    labels = torch.from_numpy(rng.integers(4, size=7))
    soft = nn.functional.one_hot(labels, 4) * (1 - smoothing) + smoothing / 4
    expected = -(soft * logits.log_softmax(dim=1)).sum(dim=1)
    assert torch.allclose(loss_per_row(logits, labels, smoothing), expected)
    many = torch.from_numpy(rng.integers(2, size=(7, 4)).astype(np.float64))
    soft = many * (1 - smoothing) + smoothing / 2
    yes, no = nn.functional.logsigmoid(logits), nn.functional.logsigmoid(-logits)
    expected = -(soft * yes + (1 - soft) * no).mean(dim=1)
    assert torch.allclose(loss_per_row(logits, many, smoothing), expected)


@given(seed=seeds, rows=st.integers(1, 60))
def test_evaluation_depends_on_no_batch_and_no_order(seed: int, rows: int) -> None:
    module, (inputs, targets) = toy_module(), toy_data(num_valid=50, seed=seed)
    whole = evaluate_valid(module, replace(inputs, valid_rows=50), targets)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(50))
    other = replace(inputs, x_valid=inputs.x_valid[order], valid_rows=rows)
    parts = evaluate_valid(module, other, replace(targets, valid=targets.valid[order]))
    assert whole is not None
    assert parts is not None
    assert parts.accuracy == whole.accuracy
    assert parts.num_rows == whole.num_rows == 50
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)


def test_evaluation_equals_scikit_learn_and_leaves_the_module_as_it_was() -> None:
    module, (inputs, targets) = toy_module(), toy_data(num_valid=50)
    module.train()
    module[4].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    found = evaluate_valid(module, inputs, targets)
    assert [part.training for part in module.modules()] == [True] * 5 + [False, True]
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
    probabilities = module.eval()(inputs.x_valid).detach().double().softmax(dim=1)
    assert found is not None
    assert found.loss == pytest.approx(log_loss(targets.valid, probabilities), rel=1e-6)
    assert found.accuracy == accuracy_score(targets.valid, probabilities.argmax(dim=1))
    assert found.macro_f1 == pytest.approx(
        f1_score(targets.valid, probabilities.argmax(dim=1), average="macro")
    )


def test_without_validation_rows_nothing_is_judged() -> None:
    module, (inputs, targets) = toy_module(), toy_data(num_valid=0)
    assert evaluate_valid(module, inputs, targets) is None
    history = fit(module, one_group(module), inputs, targets, toy_settings(epochs=1))
    assert history.records[0].valid_loss is None


@pytest.mark.parametrize("num_labels", [19, 21])
def test_labels_that_do_not_fit_the_inputs_are_an_error(num_labels: int) -> None:
    module, (inputs, targets) = toy_module(), toy_data(num_valid=20)
    wrong = replace(targets, valid=torch.zeros(num_labels, dtype=torch.int64))
    with pytest.raises(TrainingError, match="rows"):
        evaluate_valid(module, inputs, wrong)


def test_many_labels_are_learned() -> None:
    module, (inputs, targets) = toy_module(num_out=2), toy_data(num_train=200)
    many = Targets((inputs.x[:, :2] > 0).float(), (inputs.x_valid[:, :2] > 0).float())
    assert many.is_multi_label
    assert not targets.is_multi_label
    before = evaluate_valid(module, inputs, many)
    history = fit(module, one_group(module), inputs, many, toy_settings(lr=0.1, epochs=10))
    found = evaluate_valid(module, inputs, many)
    assert found is not None
    said = module.eval()(inputs.x_valid) > 0
    assert found.macro_f1 == pytest.approx(f1_score(many.valid, said, average="macro"))
    assert before is not None
    assert before.accuracy < 0.5 < 0.8 < history.records[-1].metrics["accuracy"]

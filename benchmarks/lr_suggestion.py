"""(f) lr_find's suggestion against nine rates, on rows that are held back.

A fresh head, a trained one, and an unfrozen body under either head; three data sets. Held-back
loss after four epochs along one cosine; means over the seeds. Seeds from 100 on chose the rule.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import measure
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.cli.commands.demo import write_digits
from warmstart.errors import TrainingError
from warmstart.learner.reading import read_inputs
from warmstart.results.lr_curve import LRCurve
from warmstart.training.head import build_head
from warmstart.training.head_card import read_head_card
from warmstart.training.loop import fit
from warmstart.training.lr_finder import USUAL_RATES, lr_range_test
from warmstart.training.objective import Targets
from warmstart.training.probabilities import evaluate_rows
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings
from warmstart.training.state import clone_tensors, module_state, put_state

ARCH, EPOCHS, GOAL = "tf_efficientnet_lite0", 4, 1.05
RATES = [float(rate) for rate in np.geomspace(1e-4, 1, 9)]
KINDS = ("fresh head", "trained head", "unfrozen, MLP", "unfrozen, logistic")
ROWS = {"flowers": (80, 25), "dogscats": (200, 60), "digits": (100, 25)}  # a class: head, body
HEAD_EPOCHS, HEAD_RATE, BODY_SIZE = 8, 0.03, 96
MOST_HELD = {False: 1000, True: 300}  # rows that judge: a head, an unfrozen body
RECIPE_EPOCHS = 7  # of its step 8, a tenth of whose rows its step 7 may feed
RULES: dict[str, dict[str, object]] = {"suggestion": {}, "within the recipe's rows": {}}


@dataclass(frozen=True)
class RowsInMemory:
    """Views of rows that train, one per epoch, and rows that are held back."""

    views: Sequence[Tensor]
    held: Tensor

    def train(
        self, batches: Sequence[NDArray[np.int64]], epoch: int, _draws: object = None
    ) -> Iterator[Tensor]:
        """Batches of one view."""
        for rows in batches:
            yield self.views[epoch % len(self.views)][torch.from_numpy(rows)]

    def valid(self) -> Iterator[Tensor]:
        """Nothing: held-back rows are judged once, at the end."""
        yield from ()


@dataclass(frozen=True)
class Case:
    """What is trained, and on what."""

    module: nn.Module
    groups: list[list[nn.Parameter]]
    inputs: RowsInMemory
    train: Tensor
    held: Tensor
    learner: ConvLearner
    is_unfrozen: bool = False

    def settings(self, lr: float, opt: str, seed: int) -> FitSettings:
        """One cosine; an unfrozen body's gradients are clipped, as ``ConvLearner.fit`` does."""
        return FitSettings(
            (lr,) * len(self.groups),
            Schedule(1, EPOCHS),
            batch_size=32 if self.is_unfrozen else 64,
            opt=opt,
            seed=seed,
            weight_decays=(0.0,) * len(self.groups),
            clip_norm=1.0 if self.is_unfrozen else None,
        )

    def loss_after(self, lr: float, opt: str, seed: int) -> float:
        """Held-back loss after a fit, whose weights are put back; nan where it diverged."""
        start, targets = (
            clone_tensors(module_state(self.module)),
            Targets(self.train, self.held[:0]),
        )
        try:
            fit(self.module, self.groups, self.inputs, targets, self.settings(lr, opt, seed))
            return evaluate_rows(self.module, torch.split(self.inputs.held, 64), self.held).loss
        except TrainingError:
            return float("nan")
        finally:
            put_state(self.module, start)

    def curve(self, opt: str, seed: int, *, is_limited: bool) -> LRCurve:
        """The sweep, whole or within the rows that the recipe may feed."""
        targets, settings = Targets(self.train, self.held[:0]), self.settings(1.0, opt, seed)
        most = len(self.train) * RECIPE_EPOCHS // 10 if is_limited else None
        return lr_range_test(
            self.module, self.groups, self.inputs, targets, settings, max_rows=most
        )


class Divided(nn.Module):
    """The average half of pooled rows, each divided by its length, times √D."""

    def forward(self, pooled: Tensor) -> Tensor:
        """(N, 2 D) → (N, D)."""
        average = pooled[:, pooled.shape[1] // 2 :]
        length = average.norm(dim=1, keepdim=True).clamp_min(1e-12)
        return average / length * average.shape[1] ** 0.5


def logistic_head(pooled: NDArray[np.float32], labels: NDArray[np.int64]) -> nn.Sequential:
    """Logistic regression (C = 100) on unit-length features, as a module."""
    from sklearn.linear_model import LogisticRegression

    divide = Divided()
    features = divide(torch.from_numpy(pooled)).numpy()
    root = features.shape[1] ** 0.5
    fitted = LogisticRegression(C=100, max_iter=1000).fit(features / root, labels)
    weights, biases = fitted.coef_, fitted.intercept_
    if len(weights) == 1:  # of two classes scikit-learn tells the second one's logit only
        weights = np.concatenate([-weights / 2, weights / 2])
        biases = np.concatenate([-biases / 2, biases / 2])
    linear = nn.Linear(features.shape[1], len(weights))
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(weights / root))
        linear.bias.copy_(torch.from_numpy(biases))
    return nn.Sequential(divide, linear)


@cache
def pooled_rows(
    name: str, size: int | None, place: Path
) -> tuple[ConvLearner, NDArray[np.float32]]:
    """A learner of a data set, and the pooled features of all its rows."""
    if name == "digits":
        size, folder = BODY_SIZE, place / "digits"
        if not folder.exists():
            write_digits(folder)
    else:
        folder = measure.photos(name)
    tfms = tfms_from_model(ARCH, size, aug_tfms="side_on", max_zoom=1.1)
    data = ImageClassifierData.from_paths(folder, tfms)
    learn = ConvLearner.pretrained(
        ARCH, data, precompute=True, cache_dir=place / "cache", quiet=True
    )
    return learn, read_inputs(learn.state, ("train", "valid")).rows(np.arange(len(data.table)))


def drawn(
    learn: ConvLearner, per_class: int, most_held: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that train, and others that judge; the split of the folder does not matter."""
    rng, table = np.random.default_rng(seed), learn.data.table
    every = rng.permutation(np.concatenate([table.rows("train"), table.rows("valid")]))
    labels = table.labels[every]
    train = np.concatenate([every[labels == k][:per_class] for k in range(len(learn.data.classes))])
    return np.sort(train), np.setdiff1d(every, train, assume_unique=True)[:most_held]


def build_case(name: str, kind: str, seed: int, place: Path) -> Case:
    """One case at one seed: rows are drawn, a head is made, and trained where the case says so."""
    is_unfrozen = kind.startswith("unfrozen")
    learn, pooled = pooled_rows(name, BODY_SIZE if is_unfrozen else None, place)
    train, held = drawn(learn, ROWS[name][is_unfrozen], MOST_HELD[is_unfrozen], seed)
    labels = learn.data.table.labels
    wanted = torch.from_numpy(labels[train]), torch.from_numpy(labels[held])
    assert learn.card.head is not None
    head: nn.Module = build_head(read_head_card(learn.card.head), seed=seed)
    rows = RowsInMemory([torch.from_numpy(pooled[train])], torch.from_numpy(pooled[held]))
    parts = [list(head.parameters())]
    if kind in ("trained head", "unfrozen, MLP"):
        epochs, size = (HEAD_EPOCHS, 32) if is_unfrozen else (EPOCHS, 64)
        settings = FitSettings((HEAD_RATE,), Schedule(1, epochs), size, seed=seed + 1000)
        fit(head, parts, rows, Targets(wanted[0], wanted[1][:0]), settings)
    if not is_unfrozen:
        return Case(head, parts, rows, *wanted, learner=learn)
    if kind == "unfrozen, logistic":
        head = logistic_head(pooled[train], labels[train])
    body = ConvLearner.pretrained(
        ARCH, learn.data, cache_dir=place / "cache", custom_head=head, quiet=True
    )
    body.unfreeze()
    source = learn.data.source

    def pixels(rows: NDArray[np.int64], view: int) -> Tensor:
        return torch.from_numpy(np.stack([source.render(int(row), view) for row in rows]))

    views = RowsInMemory([pixels(train, 1 + e) for e in range(EPOCHS)], pixels(held, 0))
    module, groups = body._module("stored"), body.layers.parameters()
    return Case(module, groups, views, *wanted, learner=body, is_unfrozen=True)


def judge(build: Callable[[int], Case], opt: str, seeds: Sequence[int]) -> dict[str, object]:
    """Nine rates, what is suggested, and the usual rate: means of held-back losses over seeds."""
    usual = {"sgd": 0.01}.get(opt, 0.6 * USUAL_RATES.get(opt, 0.0))
    losses: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    turns: dict[str, list[float | None]] = {}
    for seed in seeds:
        case, known = build(seed), dict[str, float]()
        tried = {f"{rate:.3g}": rate for rate in RATES} | {"usual": usual}
        for rule in RULES:
            curve = case.curve(opt, seed, is_limited=rule != "suggestion")
            tried[rule] = curve.suggestion
            turn = curve.turning  # infinite where a sweep was too short, which JSON cannot say
            turns.setdefault(rule, []).append(turn if np.isfinite(turn) else None)
        for name, rate in tried.items():
            key = f"{rate:.4g}"  # 0.01 of the nine and 0.01 as suggested are one fit
            if key not in known:
                known[key] = case.loss_after(rate, opt, seed)
            losses.setdefault(name, []).append(known[key])
            rates.setdefault(name, []).append(rate)
        held = evaluate_rows(case.module, torch.split(case.inputs.held, 64), case.held)
        losses.setdefault("before the fit", []).append(held.loss)
    means = {name: float(np.mean(values)) for name, values in losses.items()}
    best = min(RATES, key=lambda rate: np.nan_to_num(means[f"{rate:.3g}"], nan=np.inf))
    lowest = means[f"{best:.3g}"]
    return {
        "held_back_losses": means,
        "best_of_nine": best,
        "rates": {rule: rates[rule] for rule in (*RULES, "usual")},
        "turns": turns,
        "over_best": {rule: means[rule] / lowest for rule in (*RULES, "usual")},
        "of_seeds": losses,
    }


def is_met(found: Mapping[str, dict[str, object]], rule: str) -> int:
    """How many cases end within the goal."""
    ratios = [entry["over_best"] for entry in found.values()]
    return sum(isinstance(r, dict) and r[rule] <= GOAL for r in ratios)


def main() -> None:
    """Judge every case; what is done is written at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=4, help="of heads")
    parser.add_argument("--body-seeds", type=int, default=2, help="of unfrozen bodies")
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.cache or Path(temporary)
        found: dict[str, dict[str, object]] = {}
        cases = [(kind, name, "sgd") for kind, name in product(KINDS, ROWS)]
        cases += [(kind, name, "adamw") for kind, name in product(KINDS[:2], ROWS)]
        for kind, name, opt in cases:
            number = chosen.body_seeds if kind.startswith("unfrozen") else chosen.seeds
            seeds = range(chosen.first_seed, chosen.first_seed + number)
            entry = judge(lambda seed, n=name, k=kind: build_case(n, k, seed, place), opt, seeds)
            found[f"{kind}, {name}, {opt}"] = entry | {"seeds": list(seeds)}
            with_sgd = {case: e for case, e in found.items() if case.endswith("sgd")}
            measure.write(
                "lr_suggestion",
                {
                    "what": f"held-back loss after {EPOCHS} epochs along one cosine, {ARCH}",
                    "goal": f"within {GOAL} of the best of nine rates in 10 of the 12 cases of SGD",
                    "rows_a_class": ROWS,
                    "size_of_unfrozen": BODY_SIZE,
                    "threads": torch.get_num_threads(),
                    "within_goal": {rule: is_met(with_sgd, rule) for rule in (*RULES, "usual")},
                    "num_cases": len(with_sgd),
                    "cases": found,
                },
            )


if __name__ == "__main__":
    main()

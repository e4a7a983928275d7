"""Which rule tells pictures of the classes from pictures of other things: AUROC, all pairs.

Far pairs: a model of one data set and the pictures of another. Near ones: a model of all classes
but one, and the pictures of that one. Every rule is fixed beforehand; the one that the library has
was chosen on CIFAR-10, which judges nothing. Rows that judge have trained nothing.

    WARMSTART_PHOTOS=FOLDER python benchmarks/unknown.py [--cache-dir FOLDER]
"""

import argparse
import tempfile
from dataclasses import dataclass

import measure
import numpy as np
import unknown_rules
from few_photos import digits
from scipy.stats import rankdata

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.metrics.unknown import score_unknown, unknown_threshold

ARCH = "tf_efficientnet_lite0"
COLUMNS = ((1280, 2560),)  # the average of the pooled row
FAR = ("flowers", "dogscats", "digits")
PER_CLASS, NUM_DRAWS = (25, 100), 4
NUM_RESAMPLES, RATE = 200, 0.05
BEFORE, NOW = "probability", "known"


@dataclass(frozen=True, eq=False)
class Photos:
    """Pooled rows (N, D), labels and names of classes; ``may_train`` says which may be drawn."""

    features: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    may_train: np.ndarray


@dataclass(frozen=True, eq=False)
class Judged:
    """Scores by rule of one draw's judging pictures; ``rows`` and ``others`` say which they are."""

    rows: np.ndarray
    others: np.ndarray
    known: dict[str, np.ndarray]
    unknown: dict[str, np.ndarray]


def load(name: str, cache_dir: str) -> Photos:
    """All pictures of a data set, through the frozen backbone."""
    if name == "digits":
        data = ImageClassifierData.from_paths(digits().name, tfms_from_model(ARCH), valid_pct=0.2)
    else:
        size = 96 if name == "cifar10" else None
        data = ImageClassifierData.from_paths(measure.photos(name), tfms_from_model(ARCH, size))
    learn = ConvLearner.pretrained(ARCH, data, precompute=True, cache_dir=cache_dir, quiet=True)
    parts = [learn.activations_of(split) for split in ("train", "valid")]
    features, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
    own_valid = name in ("dogscats", "cifar10")  # flowers and digits were split by chance
    may_train = (
        np.arange(len(labels)) < len(parts[0][1]) if own_valid else np.ones(len(labels), bool)
    )
    return Photos(features, labels, data.classes, may_train)


def judged(photos: Photos, others: np.ndarray, per_class: int, seed: int, out: int = -1) -> Judged:
    """Train on a draw of all classes but ``out``, and score the rest of theirs and the others."""
    random = np.random.default_rng([seed, per_class])
    classes = [k for k in range(len(photos.classes)) if k != out]
    train = np.concatenate([
        random.permutation(np.flatnonzero((photos.labels == k) & photos.may_train))[:per_class]
        for k in classes
    ])  # fmt: skip
    is_own = np.isin(photos.labels, classes)
    held = ~photos.may_train if not photos.may_train.all() else np.ones(len(is_own), bool)
    rows = np.setdiff1d(np.flatnonzero(is_own & held), train)
    labels = np.searchsorted(classes, photos.labels[train])
    fitted = unknown_rules.fit(photos.features[train], labels, COLUMNS)
    return Judged(
        rows,
        np.arange(len(others)),
        unknown_rules.scores(fitted, photos.features[rows]),
        unknown_rules.scores(fitted, others),
    )


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """How often a known picture has the higher score, ties half."""
    ranks = rankdata(np.concatenate([known, unknown]))[: len(known)]
    return float((ranks.sum() - len(known) * (len(known) + 1) / 2) / len(known) / len(unknown))


def summary(draws: list[Judged]) -> dict[str, object]:
    """Mean AUROC over draws; 95 % intervals by resampling draws and, alike in all, pictures."""
    random = np.random.default_rng(0)
    each = {
        rule: [auroc(draw.known[rule], draw.unknown[rule]) for draw in draws]
        for rule in unknown_rules.RULES
    }
    resampled: dict[str, list[float]] = {rule: [] for rule in (BEFORE, NOW)}
    num_rows, num_others = max(draw.rows.max() for draw in draws) + 1, len(draws[0].others)
    for _ in range(NUM_RESAMPLES):
        counts = np.bincount(random.integers(0, num_rows, num_rows), minlength=num_rows)
        others = random.integers(0, num_others, num_others)
        picked = random.integers(0, len(draws), len(draws))
        for rule, values in resampled.items():
            values.append(float(np.mean([
                auroc(
                    np.repeat(draws[d].known[rule], counts[draws[d].rows]),
                    draws[d].unknown[rule][others],
                )
                for d in picked
            ])))  # fmt: skip
    gains = np.subtract(resampled[NOW], resampled[BEFORE])
    return {
        "num_known": [len(draw.rows) for draw in draws],
        "num_others": num_others,
        "auroc": {rule: float(np.mean(values)) for rule, values in each.items()},
        "before_interval": np.quantile(resampled[BEFORE], (0.025, 0.975)).tolist(),
        "now_interval": np.quantile(resampled[NOW], (0.025, 0.975)).tolist(),
        "gain_interval": np.quantile(gains, (0.025, 0.975)).tolist(),
        "at_5_percent": {rule: rates(draws, rule) for rule in (BEFORE, NOW)},
    }


def rates(draws: list[Judged], rule: str) -> dict[str, float]:
    """Means over draws of both rates: half of the others choose the threshold, half judge."""
    found = []
    for number, draw in enumerate(draws):
        order = np.random.default_rng(number).permutation(len(draw.others))
        half = len(order) // 2
        scores = draw.unknown[rule][order]
        threshold = unknown_threshold(scores[:half], false_accept=RATE)
        found.append(
            score_unknown(
                threshold, scores_of_known=draw.known[rule], scores_of_others=scores[half:]
            )
        )
    return {
        "false_accept": float(np.mean([each.false_accept for each in found])),
        "false_reject": float(np.mean([each.false_reject for each in found])),
    }


def mean_of(pairs: dict[str, dict[str, object]], kind: str = "") -> dict[str, float]:
    """Mean AUROC of each rule over pairs of a kind."""
    chosen = [pair["auroc"] for name, pair in pairs.items() if name.startswith(kind)]
    return {rule: float(np.mean([pair[rule] for pair in chosen])) for rule in unknown_rules.RULES}  # type: ignore[index]


def main() -> None:
    """Pairs that choose, pairs that judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache-dir")
    given = parser.parse_args().cache_dir
    with tempfile.TemporaryDirectory() as place:
        photos = {name: load(name, given or place) for name in (*FAR, "cifar10")}
    found: dict[str, object] = {}
    for per_class in PER_CLASS:
        choosing, judging = {}, {}
        cifar = photos["cifar10"]
        held = ~cifar.may_train
        for out, name in enumerate(cifar.classes):
            others = cifar.features[held & (cifar.labels == out)]
            choosing[f"near: {name}"] = summary(
                [judged(cifar, others, per_class, seed, out) for seed in range(1)]
            )
        flowers = photos["flowers"]
        choosing["far: cifar10, flowers"] = summary(
            [judged(cifar, flowers.features, per_class, seed) for seed in range(1)]
        )
        for own in FAR:
            for other in FAR:
                if own != other:
                    features = photos[other].features
                    judging[f"far: {own}, {other}"] = summary(
                        [judged(photos[own], features, per_class, s) for s in range(NUM_DRAWS)]
                    )
        for out, name in enumerate(flowers.classes):
            features = flowers.features[flowers.labels == out]
            judging[f"near: {name}"] = summary(
                [judged(flowers, features, per_class, s, out) for s in range(NUM_DRAWS)]
            )
        found[f"{per_class} per class"] = {
            "chosen_on": {"mean": mean_of(choosing), "pairs": choosing},
            "judged_on": {
                "mean": mean_of(judging),
                "far": mean_of(judging, "far"),
                "near": mean_of(judging, "near"),
                "pairs": judging,
            },
        }
    measure.write(
        "unknown",
        {
            "what": f"AUROC of rules on {ARCH} with a logistic head; {NUM_DRAWS} draws of training "
            f"rows (one of CIFAR-10), intervals by {NUM_RESAMPLES} resamples of draws and "
            "pictures. At 5 %: half of the others choose the threshold, half judge",
            "rules": unknown_rules.RULES,
            "figures": found,
        },
    )


if __name__ == "__main__":
    main()

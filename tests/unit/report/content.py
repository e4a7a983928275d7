"""What a report shows, made up: no photo, no network."""

from dataclasses import replace
from typing import Any

import numpy as np

from warmstart.data.table import Exclusion
from warmstart.report.choice import galleries_of, rows_to_explain, rows_to_map, rows_to_show
from warmstart.report.content import DataFacts, ReportContent, Reproduction, SeenRows
from warmstart.results.history import EpochRecord, History
from warmstart.results.learning_curve import CurvePoint, LearningCurve
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord

STEPS = (
    StepRecord(1, "Train the head", "A new head.", 12.0, 0.5, None, None, None, 40, True, ""),
    StepRecord(2, "Thaw", "The body adapts.", 200.0, 0.4, -0.1, -0.2, 0.05, 40, False, "Put back."),
)


def predictions(
    classes: tuple[str, ...] = ("cat", "dog"), num_rows: int = 40, names: str = "valid/{}.jpg"
) -> Predictions:
    random = np.random.default_rng(0)
    labels = np.arange(num_rows) % len(classes)
    logits = random.normal(0, 1, (num_rows, len(classes)))
    logits[np.arange(num_rows), labels] += 1.5
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return Predictions(
        tuple(names.format(i) for i in range(num_rows)), probabilities, labels, classes
    )


def many_labels(num_rows: int = 30) -> Predictions:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, (num_rows, 3))
    probabilities = np.clip(labels + random.normal(0, 0.4, labels.shape), 0.01, 0.99)
    names = tuple(f"{i}.jpg" for i in range(num_rows))
    return Predictions(names, probabilities, labels, ("sea", "sun", "sand"))


def seen(found: Predictions, *, has_map: bool = False) -> SeenRows:
    random = np.random.default_rng(0)
    chosen = galleries_of(found)
    mapped = rows_to_map(len(found.rows))
    return SeenRows(
        {r: random.integers(0, 256, (32, 32, 3), dtype=np.uint8) for r in rows_to_show(chosen)},
        {r: random.random((4, 4)) for r in rows_to_explain(chosen)},
        random.normal(0, 1, (len(mapped), 6)).astype(np.float32) if has_map else None,
        mapped if has_map else None,
    )


def content(found: Predictions | None = None, **changes: Any) -> ReportContent:
    """With few figures, because drawing one takes a third of a second."""
    judged = predictions() if found is None else found
    whole = ReportContent(
        title="photos",
        backbone="tf_efficientnet_lite0",
        sizes=(32,),
        weights_from="a package",
        data=DataFacts(
            {"train": dict.fromkeys(judged.classes, 7), "valid": dict.fromkeys(judged.classes, 3)},
            (Exclusion("a.txt", "no image"), Exclusion("b.txt", "no image")),
            ("classes that differ in case only: a and A",),
        ),
        split="valid",
        predictions=judged,
        history=History(),
        seen=seen(judged),
        reproduction=Reproduction("warmstart train photos", {"seed": 7}, {"python": "3.11"}),
        steps=STEPS,
    )
    return replace(whole, **changes)


def with_every_figure() -> ReportContent:
    """Of rows enough for a map and a reliability diagram."""
    judged = predictions(num_rows=120)
    record = EpochRecord(0, 0, 3, 0.5, 0.4, {"accuracy": 0.8}, (0.01,), 2.5)
    return content(
        judged,
        history=History([record], [(0.01,)] * 3, [0.7, 0.6, 0.5]),
        seen=seen(judged, has_map=True),
        lr_curve=LRCurve(np.geomspace(1e-5, 1, 50), np.linspace(1, 0.5, 50)),
        learning_curve=more_images(),
    )


def more_images() -> LearningCurve:
    def point(num_rows: int, accuracy: float, *, is_measured: bool = False) -> CurvePoint:
        return CurvePoint(num_rows, accuracy, accuracy - 0.05, accuracy + 0.04, is_measured)

    few, most, now, twice = ((2, 0.6), (11, 0.75), (14, 0.8), (28, 0.85))
    return LearningCurve(
        points=(point(*few, is_measured=True), point(*most, is_measured=True)),
        line=(point(*few), point(*now), point(*twice)),
        now=point(*now),
        twice=point(*twice),
        gain=0.05,
        gain_low=0.01,
        gain_high=0.08,
        num_heads=10,
        classes=("cat", "do<g>"),
        errors=(1.0, 2.0),
    )

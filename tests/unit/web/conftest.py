"""Small models of each kind, and a client of the application around them."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from warmstart import ConvLearner, ImageClassifierData, Predictor, tfms_from_model
from warmstart.inference.model_card import joined_cards
from warmstart.metrics.prediction_sets import nonconformity_scores
from warmstart.results.decision_rule import BY_PROBABILITY
from warmstart.web.predict_app import predict_app
from warmstart.web.settings import ServeLimits

SIZE = 64  # at which the networks still end in a map
ADDRESS = "http://127.0.0.1:8000"
Client = Callable[..., TestClient]


def photo(number: int, side: int = 40, kind: str = "PNG") -> bytes:
    """The file of a picture of noise."""
    random = np.random.default_rng(number)
    pixels = random.integers(0, 256, (side, side + number % 7, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def learner(folder: Path, labels: Any, arch: str = "test_resnet") -> ConvLearner:
    """A head that was not trained: it answers, and that is all that is wanted."""
    random = np.random.default_rng(0)
    rows = (random.integers(0, 256, (24, SIZE, SIZE, 3), np.uint8), labels)
    tfms = tfms_from_model(arch, SIZE)
    classes = ["cat", "dog", "a|b"]
    data = ImageClassifierData.from_arrays(rows, rows, tfms, 8, classes=classes, quiet=True)
    return ConvLearner.pretrained(
        arch, data, pretrained=False, quiet=True, device="cpu", precision="f32", cache_dir=folder
    )


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Predictor]:
    """One class each, with "unknown" and sets; two networks together; many labels."""
    folder = tmp_path_factory.mktemp("store")
    single = learner(folder, np.arange(24) % 3).predictor()
    random = np.random.default_rng(1)
    scores = nonconformity_scores(random.dirichlet(np.ones(3), 40), random.integers(0, 3, 40))
    rule = single.card.answering.with_sets(scores, "by chance")
    rule = rule.with_unknown(0.34, BY_PROBABILITY, "unknown by chance")
    single = Predictor(single.members, replace(single.card, answering=rule))
    other = learner(folder, np.arange(24) % 3, "test_efficientnet")
    pair = [single, other.predictor()]
    together = joined_cards([each.card for each in pair])
    many = learner(folder, random.integers(0, 2, (24, 3)))
    return {
        "single": single,
        "two networks": Predictor([each.members[0] for each in pair], together),
        "many labels": many.predictor(),
    }


@pytest.fixture
def serving(models: dict[str, Predictor]) -> Iterator[Client]:
    """A client of a model's application, with limits of one's own."""
    with ExitStack() as stack:

        def build(
            kind: str = "single", address: str = ADDRESS, names: tuple[str, ...] = (), **limits: Any
        ) -> TestClient:
            app = predict_app(models[kind], ServeLimits(**limits), names)
            client = TestClient(
                app, address, client=("127.0.0.1", 50_000), raise_server_exceptions=False
            )
            return stack.enter_context(client)

        yield build

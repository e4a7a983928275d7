from pathlib import Path

import numpy as np
import pytest

from warmstart import ConvLearner, ImageClassifierData, Predictor, tfms_from_model

NUM_ROWS = 24


def made_learner(size: int = 32, *, is_multi_label: bool = False, seed: int = 0) -> ConvLearner:
    """A tiny network with a head that was solved, in f32."""
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (NUM_ROWS, 40, 56, 3), np.uint8)
    labels = np.arange(NUM_ROWS) % 2
    photos[labels == 1, :, :28] //= 4  # something to learn
    wanted = np.stack([labels, 1 - labels], axis=1) if is_multi_label else labels
    data = ImageClassifierData.from_arrays(
        trn=(photos, wanted),
        val=(photos, wanted),
        tfms=tfms_from_model("test_resnet", size),
        classes=["cat", "dog"],
        quiet=True,
    )
    learn = ConvLearner.pretrained(
        "test_resnet", data, pretrained=False, quiet=True, precision="f32", seed=seed
    )
    learn.fit_head("logistic")
    return learn


@pytest.fixture(scope="session")
def learner(tmp_path_factory: pytest.TempPathFactory) -> ConvLearner:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMSTART_CACHE", str(tmp_path_factory.mktemp("cache")))
        return made_learner()


@pytest.fixture(scope="session")
def predictor(learner: ConvLearner) -> Predictor:
    return learner.predictor()


@pytest.fixture(scope="session")
def onnx_file(learner: ConvLearner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("exported") / "model.onnx"
    learner.export(place)
    return place

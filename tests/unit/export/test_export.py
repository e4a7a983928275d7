"""What is exported answers as Python does, and says what it is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tests.unit.export.conftest import made_learner

from warmstart import ConvLearner, ModelFolderError, Predictor, SettingError, load_predictor
from warmstart.export.agreement import check_agreement, compare_answers
from warmstart.export.answers import ExportedAnswer, onnx_answers
from warmstart.export.sidecar import EXPORT_FORMAT
from warmstart.inference.checking import check_pictures, enlarged
from warmstart.inference.exportable import export_source
from warmstart.inference.model_card import joined_cards
from warmstart.metrics.known_features import fit_known_features
from warmstart.results.decision_rule import BY_FEATURES, DecisionRule

SHAPES = [(1, 1), (1, 5000), (5000, 1), (64, 33), (33, 64), (300, 200)]


def session(file: Path) -> Any:
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def noise(height: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def test_pictures_of_any_shape_have_pythons_answer(onnx_file: Path, predictor: Predictor) -> None:
    run = session(onnx_file)
    for height, width in SHAPES:
        pixels = noise(height, width)
        found = run.run(None, {"image": pixels})[0]
        wanted = predictor.predict(pixels).probabilities[0]
        assert found.shape == (2,)
        assert np.abs(found - wanted).max() < 1e-5, (height, width)


def test_a_grey_picture_as_rgb(onnx_file: Path, predictor: Predictor) -> None:
    grey = noise(50, 60)[:, :, 0]
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    found = session(onnx_file).run(None, {"image": rgb})[0]
    assert np.abs(found - predictor.predict(grey).probabilities[0]).max() < 1e-5


WRONG = [(np.float32, (5, 5, 3)), (np.uint8, (5, 5)), (np.uint8, (5, 5, 4))]


@pytest.mark.parametrize("wrong", [np.zeros(shape, kind) for kind, shape in WRONG])
def test_what_is_no_picture_is_refused_by_the_runtime(onnx_file: Path, wrong: Any) -> None:
    with pytest.raises(Exception, match=r"(?i)invalid|unexpected"):
        session(onnx_file).run(None, {"image": wrong})


def test_the_file_and_its_sidecar_say_what_it_is(onnx_file: Path, learner: ConvLearner) -> None:
    about = json.loads(onnx_file.with_suffix(".json").read_text())
    inside = {each.key: each.value for each in onnx.load(str(onnx_file)).metadata_props}
    assert about["format"] == inside["warmstart.format"] == EXPORT_FORMAT
    assert about["classes"] == json.loads(inside["warmstart.classes"]) == ["cat", "dog"]
    assert about["agreement"]["num_pictures"] == about["agreement"]["num_same"] == 24
    assert about["agreement"]["right_exported"] == about["agreement"]["right_in_python"] > 0.5
    assert about["decode_at_least"] == learner.data.tfms.recipe.at_least()


def test_the_weights_are_named_by_the_sum_of_the_model_folders(
    onnx_file: Path, learner: ConvLearner, tmp_path: Path
) -> None:
    saved = json.loads((learner.save(tmp_path / "model") / "model.json").read_text())
    about = json.loads(onnx_file.with_suffix(".json").read_text())
    assert about["weights_sha256"] == saved["weights_sha256"]


def test_no_path_of_this_computer_is_in_the_file(onnx_file: Path) -> None:
    content = onnx_file.read_bytes()
    assert b"site-packages" not in content
    assert b"resampling.py" not in content


@pytest.mark.parametrize("kind", ["openvino", "torch"])
def test_other_formats_agree(kind: str, predictor: Predictor, tmp_path: Path) -> None:
    suffix = {"openvino": ".xml", "torch": ".pt2"}[kind]
    pictures = [noise(40, 56), noise(70, 31)]
    found = predictor.export(tmp_path / f"model{suffix}", kind, check=pictures)
    assert found.agreement is not None
    assert found.agreement.largest_difference < 1e-4
    assert all(file.is_file() for file in found.files)
    assert not any(b"resampling.py" in file.read_bytes() for file in found.files)


def test_openvino_is_right_when_the_number_of_pictures_changes(
    predictor: Predictor, tmp_path: Path
) -> None:
    """Of a graph with branches version 2026.4 was not, once after each change."""
    import openvino

    predictor.export(tmp_path / "model.xml", "openvino", batch=True, check=noise(5, 5))
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(tmp_path / "model.xml"), "CPU", options)
    for number, height, width in [(3, 1, 1), (2, 70, 60), (5, 1, 1)]:
        stack = np.stack([noise(height, width)] * number)
        wanted = predictor.predict(stack[0]).probabilities
        assert np.abs(compiled(stack)["probabilities"] - wanted).max() < 1e-4


def test_a_batch_answers_each_picture(predictor: Predictor, tmp_path: Path) -> None:
    predictor.export(tmp_path / "model.onnx", batch=True, check=noise(5, 5))
    run = session(tmp_path / "model.onnx")
    stack = np.stack([noise(30, 40), noise(30, 41)[:, :40]])
    found = run.run(None, {"images": stack})[0]
    assert np.abs(found - predictor.predict(list(stack)).probabilities).max() < 1e-5
    assert run.run(None, {"images": stack[:1]})[0].shape == (1, 2)


def test_networks_that_answer_together(learner: ConvLearner, tmp_path: Path) -> None:
    other = made_learner(48, seed=1)
    members = [each.predictor().members[0] for each in (learner, other)]
    together = Predictor(members, joined_cards([learner.card, other.card]))
    together.export(tmp_path / "model.onnx", check=noise(9, 9))
    pixels = noise(60, 44)
    found = session(tmp_path / "model.onnx").run(None, {"image": pixels})[0]
    assert np.abs(found - together.predict(pixels).probabilities[0]).max() < 1e-5
    alone = learner.predictor().predict(pixels).probabilities[0]
    assert np.abs(found - alone).max() > 1e-4
    with pytest.raises(SettingError, match="2 networks"):
        together.export(tmp_path / "hub", "hub")


def test_pictures_with_several_labels(tmp_path: Path) -> None:
    learn = made_learner(is_multi_label=True)
    found = learn.export(tmp_path / "model.onnx")
    assert found.agreement is not None
    assert found.agreement.right_exported == found.agreement.right_in_python > 0.5
    pixels = noise(20, 30)
    given = session(tmp_path / "model.onnx").run(None, {"image": pixels})[0]
    assert np.abs(given - learn.predict(pixels).probabilities[0]).max() < 1e-5
    assert json.loads((tmp_path / "model.json").read_text())["thresholds"] == [0.5, 0.5]


def test_unknown_by_probability(predictor: Predictor, tmp_path: Path) -> None:
    pictures = [noise(40 + i, 56) for i in range(6)]
    plain = predictor.predict(pictures).probabilities.max(axis=1)
    rule = DecisionRule(2.0, unknown_below=float(np.median(predictor_scores(predictor, pictures))))
    asked = Predictor(predictor.members, replace(predictor.card, answering=rule))
    asked.export(tmp_path / "model.onnx", check=pictures)
    run = session(tmp_path / "model.onnx")
    found = [run.run(None, {"image": each}) for each in pictures]
    wanted = asked.predict(pictures)
    assert [bool(each[1]) for each in found] == wanted.is_unknown.tolist()
    assert 0 < wanted.is_unknown.sum() < len(pictures)
    assert np.abs(np.max(found[0][0]) - plain[0]) > 1e-4  # the temperature is inside


def predictor_scores(predictor: Predictor, pictures: Any) -> Any:
    rule = DecisionRule(2.0)
    warmer = Predictor(predictor.members, replace(predictor.card, answering=rule))
    return warmer.predict(pictures).probabilities.max(axis=1)


def test_unknown_by_features(learner: ConvLearner, tmp_path: Path) -> None:
    predictor = learner.predictor()
    features, labels = learner.activations_of("train")
    with torch.inference_mode():
        logits = learner.model.head.eval()(torch.from_numpy(features)).numpy()
    half = features.shape[1] // 2
    known = fit_known_features(features, labels, logits.max(axis=1), ((half, 2 * half),))
    rule = DecisionRule(1.5, unknown_below=-1.0, unknown_by=BY_FEATURES)
    asked = Predictor(predictor.members, replace(predictor.card, answering=rule), None, known)
    pictures = [noise(40 + i, 56) for i in range(3)] + [np.full((20, 20, 3), 255, np.uint8)]
    asked.export(tmp_path / "model.onnx", check=pictures)
    run = session(tmp_path / "model.onnx")
    wanted = asked.predict(pictures)
    assert wanted.known_scores is not None
    for place, pixels in enumerate(pictures):
        _, is_unknown, score = run.run(
            ["probabilities", "unknown", "known_score"], {"image": pixels}
        )
        assert abs(float(score) - wanted.known_scores[place]) < 1e-3
        assert bool(is_unknown) == wanted.is_unknown[place]


def test_eight_bits_are_measured(learner: ConvLearner, onnx_file: Path, tmp_path: Path) -> None:
    found = learner.export(tmp_path / "model.onnx", int8=True)
    assert found.agreement is not None
    assert found.int8 is not None
    assert found.int8.largest_difference > found.agreement.largest_difference
    assert found.num_bytes < 0.6 * onnx_file.stat().st_size
    assert "in 8 bits" in str(found)


def test_a_file_that_answers_otherwise_is_refused(predictor: Predictor) -> None:
    source = export_source(predictor)
    recipes = [member.recipe for member in source.members]
    given = check_pictures(source.predict, recipes, source.card, noise(20, 20), None)
    wrong = given.probabilities[0] + [0.002, -0.002]
    found = compare_answers(lambda _: ExportedAnswer(wrong.astype(np.float32)), given, None)
    with pytest.raises(ModelFolderError, match=r"differs from Python by 2\.0e-03"):
        check_agreement(found)
    nothing = np.full(2, np.nan, np.float32)
    with pytest.raises(ModelFolderError):
        check_agreement(compare_answers(lambda _: ExportedAnswer(nothing), given, None))


def test_large_photos_are_compared_whole_and_at_a_fraction(
    learner: ConvLearner, onnx_file: Path, tmp_path: Path
) -> None:
    from warmstart.images.image_file import encode_array

    (tmp_path / "large.jpg").write_bytes(enlarged(encode_array(noise(30, 40)), "a"))
    source = export_source(learner.predictor())
    recipes = [member.recipe for member in source.members]
    given = check_pictures(source.predict, recipes, source.card, tmp_path / "large.jpg", None)
    assert set(given.fractions) == {0, 1}  # itself, and itself enlarged again
    found = compare_answers(
        onnx_answers(onnx_file, ("probabilities",), is_batch=False), given, None
    )
    assert found.largest_difference < 1e-4
    assert (found.num_fractions, found.num_labelled) == (2, 0)
    assert "of large photos" in str(found)


@pytest.mark.parametrize(
    ("name", "arguments", "what"),
    [
        ("model.bin", {}, "does not end"),
        ("model.pt2", {"to": "torch", "int8": True}, "8 bits"),
        ("model.onnx", {"to": "coreml"}, "coreml"),
    ],
)
def test_what_cannot_be_is_refused(
    predictor: Predictor, tmp_path: Path, name: str, arguments: Any, what: str
) -> None:
    with pytest.raises(SettingError, match=what):
        predictor.export(tmp_path / name, **arguments)
    assert not list(tmp_path.iterdir())


def test_a_published_model_is_exported_too(tmp_path: Path) -> None:
    found = load_predictor("tf_efficientnet_lite0", device="cpu").export(tmp_path / "m.onnx")
    assert found.agreement is not None
    assert "generated" in found.agreement.where_from


def test_photos_without_labels_for_a_model_of_several(tmp_path: Path) -> None:
    from PIL import Image

    learn = made_learner(is_multi_label=True)
    Image.fromarray(noise(30, 40)).save(tmp_path / "a.jpg")
    source = export_source(learn.predictor())
    recipes = [member.recipe for member in source.members]
    given = check_pictures(source.predict, recipes, source.card, tmp_path, None)
    assert given.labels.tolist() == [[-1, -1]] * 2  # itself, and itself enlarged
    assert "2 photos of" in given.where_from

"""A backbone that an earlier learner has built is not built again; what comes out is the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.activations.kept_graph import GRAPH
from warmstart.activations.namespace import CARD
from warmstart.backbones.network import backbone_fingerprint
from warmstart.errors import CacheError
from warmstart.inference import assembly, known_backbone
from warmstart.inference.backbone_notes import NOTES, TENSORS
from warmstart.inference.compiled_member import CompiledMember

SIZE, NUM_ROWS = 32, 24
PHOTOS = np.random.default_rng(0).integers(0, 256, (NUM_ROWS, 40, 40, 3), np.uint8)
LABELS = np.arange(NUM_ROWS) % 3


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "cache"))


def make(arch: Any = "test_resnet", size: Any = SIZE, **options: Any) -> ConvLearner:
    tfms = tfms_from_model("test_resnet", size)
    data = ImageClassifierData.from_arrays(
        trn=(PHOTOS, LABELS), val=(PHOTOS, LABELS), tfms=tfms, quiet=True
    )
    given = dict[str, Any](precompute=True, pretrained=False, precision="f32", quiet=True)
    given |= options
    return ConvLearner.pretrained(arch, data, **given)


def is_known(learn: ConvLearner) -> bool:
    return learn.state.network.known is not None


def graphs(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "activations").glob("graph-*"))


def saved(learn: ConvLearner, folder: Path) -> dict[str, bytes]:
    learn.fit_head("logistic")
    learn.save(folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_what_is_saved_and_said_is_the_same_and_nothing_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    files = saved(first, tmp_path / "first")
    assert not is_known(first)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a network is built")

    monkeypatch.setattr(known_backbone, "new_network", refuse)
    monkeypatch.setattr("warmstart.learner.network.new_network", refuse)
    second = make()
    assert saved(second, tmp_path / "second") == files
    assert is_known(second)
    assert np.array_equal(second.predict().probabilities, first.predict().probabilities)
    assert np.array_equal(second.predict(PHOTOS).probabilities, first.predict(PHOTOS).probabilities)
    assert np.array_equal(
        second.cross_validate(2).probabilities, first.cross_validate(2).probabilities
    )
    assert second.learning_curve() == first.learning_curve()
    assert second.history.head_fits[0].trials == first.history.head_fits[0].trials


def test_new_photos_go_through_the_kept_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make().activations_of()[0]
    for place in (tmp_path / "cache" / "activations").iterdir():
        if not place.name.startswith("graph-"):
            (place / CARD).unlink()
    monkeypatch.setattr("warmstart.activations.frozen_part.compile_graph", None)
    learn = make()
    assert np.array_equal(learn.activations_of()[0], rows)
    assert is_known(learn)


def test_what_is_built_after_all_is_what_would_have_been_built_at_once(tmp_path: Path) -> None:
    learn = make()
    known, other = make(), make(cache_dir=tmp_path / "other")
    assert is_known(known)
    assert not is_known(other)
    wanted = other.model.state_dict()
    assert list(known.model.state_dict()) == list(wanted)
    for name, tensor in known.model.state_dict().items():
        assert torch.equal(tensor, wanted[name])
    assert not is_known(known)
    assert backbone_fingerprint(known.model) == backbone_fingerprint(learn.model)
    assert known.model.head is known.state.network.head


def test_thawing_a_known_backbone_trains_the_same_weights(tmp_path: Path) -> None:
    make()
    trained = []
    for place in (tmp_path / "cache", tmp_path / "other"):
        learn = make(train_precision="f32", cache_dir=place)
        learn.fit_head("logistic")
        learn.unfreeze()
        learn.fit((1e-4, 1e-3, 1e-2), 1)
        trained.append(learn.model.state_dict())
    for name, tensor in trained[0].items():
        assert torch.equal(tensor, trained[1][name])


def test_a_head_that_was_put_stays_when_the_backbone_is_built() -> None:
    make()
    learn = make()
    head = nn.Linear(learn.num_features, 3)
    learn.put_head(head, None)
    assert is_known(learn)
    assert learn.model.head is head


def other_weights(tmp_path: Path) -> dict[str, Any]:
    state = timm.create_model("test_resnet", num_classes=0).state_dict()
    save_file(state, tmp_path / "w.safetensors")
    return {"pretrained": True, "weights": tmp_path / "w.safetensors"}


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"size": 40}, {"arch": "test_resnet.r160_in1k"}, {"weights": "…"}]
)
def test_other_plans_have_other_backbones(tmp_path: Path, options: dict[str, Any]) -> None:
    make()
    if "weights" in options:
        options = other_weights(tmp_path)
    assert not is_known(make(**options))
    assert is_known(make(**options))
    assert is_known(make())


def test_weights_that_are_read_are_known_for_any_seed(tmp_path: Path) -> None:
    options = other_weights(tmp_path)
    built = make(**options, seed=1)
    learn = make(**options, seed=2)
    assert is_known(learn)
    one, other = (each.model.state_dict() for each in (built, learn))
    assert all(torch.equal(one[name], other[name]) for name in one if "head" not in name)


def test_a_file_of_weights_with_one_other_bit_is_another_plan(tmp_path: Path) -> None:
    options = other_weights(tmp_path)
    make(**options)
    content = bytearray(options["weights"].read_bytes())
    content[-1] ^= 1
    options["weights"].write_bytes(content)
    assert not is_known(make(**options))


def test_other_versions_and_modes_know_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    with monkeypatch.context() as patched:
        patched.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
        assert not is_known(make())
    with monkeypatch.context() as patched:
        patched.setattr(known_backbone, "builder_versions", lambda: ["9"])
        assert not is_known(make())
    assert is_known(make())


def test_code_that_changed_under_its_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    learn = make()

    def changed(plan: assembly.NetworkPlan) -> Any:
        made = assembly.new_network(plan)
        with torch.no_grad():
            next(made[0].backbone.parameters()).mul_(2)
        return made

    monkeypatch.setattr(known_backbone, "new_network", changed)
    with pytest.raises(CacheError, match="another network here"):
        _ = learn.model


@pytest.mark.parametrize("name", [NOTES, TENSORS, CARD, GRAPH])
def test_what_is_damaged_is_made_anew(tmp_path: Path, name: str) -> None:
    files = saved(make(), tmp_path / "first")
    (folder,) = graphs(tmp_path)
    (place,) = folder.glob(f"{name}*")
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    assert saved(make(), tmp_path / "second") == files
    make()
    assert is_known(make())
    assert saved(make(), tmp_path / "third") == files


def test_notes_that_are_not_what_was_written_are_not_believed(tmp_path: Path) -> None:
    make()
    (folder,) = graphs(tmp_path)
    (place,) = folder.glob(f"{NOTES}*")
    entry = json.loads(place.read_text())
    place.write_text(json.dumps(entry | {"feature_parts": {"whole row": [[0, 5]]}}))
    assert not is_known(make())


def test_a_store_that_was_emptied_meanwhile_is_no_fault(tmp_path: Path) -> None:
    files = saved(make(), tmp_path / "first")
    learn = make()
    (folder,) = graphs(tmp_path)
    for file in folder.iterdir():
        file.unlink()
    assert is_known(learn)
    assert saved(learn, tmp_path / "second") == files


def test_where_rows_are_stored_and_no_graph_is_one_is_made(tmp_path: Path) -> None:
    make()
    for graph in graphs(tmp_path):
        (graph / CARD).unlink()
    learn = make()
    learn.fit_head("logistic")
    predictor = load_predictor(learn.save(tmp_path / "model"))
    assert isinstance(predictor.members[0], CompiledMember)
    assert is_known(make())


def test_names_and_functions_of_the_users_own_are_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of_timm = timm.models.model_entrypoint("test_resnet")

    def function(**options: Any) -> nn.Module:
        options = {"num_classes": 0, "global_pool": ""} | options
        found: nn.Module = of_timm(**options)
        return found

    make()
    names = timm.models._registry._model_entrypoints
    monkeypatch.setitem(names, "test_resnet", function)
    archs: list[str | Callable[..., nn.Module]] = ["test_resnet", function]
    for arch in archs:
        make(arch)
        assert not is_known(make(arch))

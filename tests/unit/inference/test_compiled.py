"""A model whose frozen part an earlier run has compiled answers without torch, to the same bits."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.activations import kept_graph, processor
from warmstart.activations.kept_graph import GRAPH, MODEL, WEIGHTS
from warmstart.activations.namespace import CARD
from warmstart.activations.processor import INSTRUCTIONS, linux_flags
from warmstart.images import resize as resizing
from warmstart.inference import compiled_loading
from warmstart.inference.compiled_member import CompiledMember
from warmstart.inference.network_member import NetworkMember

SIZE, NUM_ROWS = 32, 24
PHOTOS = np.random.default_rng(0).integers(0, 256, (NUM_ROWS, 40, 40, 3), np.uint8)
LABELS = np.arange(NUM_ROWS) % 3
Make = Callable[..., ConvLearner]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def make() -> Make:
    def build(arch: str = "test_resnet", *, is_multi_label: bool = False) -> ConvLearner:
        labels = np.eye(3, dtype=int)[LABELS] if is_multi_label else LABELS
        data = ImageClassifierData.from_arrays(
            trn=(PHOTOS, labels), val=(PHOTOS, labels), tfms=tfms_from_model(arch, SIZE), quiet=True
        )
        learn = ConvLearner.pretrained(
            arch, data, precompute=True, pretrained=False, precision="f32", quiet=True
        )
        learn.fit_head("logistic")
        return learn

    return build


def graphs(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "activations").glob("graph-*"))


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_the_bits_are_the_learners_and_torchs(
    make: Make, tmp_path: Path, *, is_multi_label: bool
) -> None:
    learn = make(is_multi_label=is_multi_label)
    predictor = load_predictor(learn.save(tmp_path / "model"))
    assert isinstance(predictor.members[0], CompiledMember)
    assert isinstance(predictor.networks[0], NetworkMember)
    found = predictor.predict(PHOTOS).probabilities
    assert np.array_equal(found, learn.predict(PHOTOS).probabilities)
    assert np.array_equal(found, learn.predict("valid").probabilities)
    views = predictor.TTA(PHOTOS, 2).probabilities
    assert np.array_equal(views, learn.predictor().TTA(PHOTOS, 2).probabilities)


def test_a_rows_bits_depend_on_the_row_alone(make: Make, tmp_path: Path) -> None:
    predictor = load_predictor(make().save(tmp_path / "model"))
    together = predictor.predict(PHOTOS).probabilities
    alone = [predictor.predict(photo).probabilities[0] for photo in PHOTOS[:5]]
    assert np.array_equal(together[:5], alone)


def test_the_second_load_is_compiled_where_the_first_had_no_graph(
    make: Make, tmp_path: Path
) -> None:
    folder = make().save(tmp_path / "model")
    for graph in graphs(tmp_path):
        (graph / CARD).unlink()
    first, second = load_predictor(folder), load_predictor(folder)
    assert isinstance(first.members[0], NetworkMember)
    assert isinstance(second.members[0], CompiledMember)
    assert np.array_equal(first.predict(PHOTOS).probabilities, second.predict(PHOTOS).probabilities)


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, CARD])
def test_a_damaged_graph_is_made_anew(make: Make, tmp_path: Path, name: str) -> None:
    folder = make().save(tmp_path / "model")
    wanted = load_predictor(folder).predict(PHOTOS).probabilities
    (graph,) = graphs(tmp_path)
    content = bytearray((graph / name).read_bytes())
    content[len(content) // 2] ^= 1
    (graph / name).write_bytes(content)
    mended, again = load_predictor(folder), load_predictor(folder)
    assert isinstance(mended.members[0], NetworkMember)
    assert isinstance(again.members[0], CompiledMember)
    assert np.array_equal(mended.predict(PHOTOS).probabilities, wanted)
    assert np.array_equal(again.predict(PHOTOS).probabilities, wanted)


def test_another_graph_under_its_name_is_not_taken(make: Make, tmp_path: Path) -> None:
    folder = make().save(tmp_path / "model")
    (graph,) = graphs(tmp_path)
    card = json.loads((graph / CARD).read_text())
    (graph / CARD).write_text(json.dumps(card | {"fingerprint": "0" * 64}))
    assert isinstance(load_predictor(folder).members[0], NetworkMember)


def test_other_weights_versions_and_modes_are_other_graphs(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = make()
    folder = learn.save(tmp_path / "model")
    (graph,) = graphs(tmp_path)
    assert len(list(graph.glob(f"{MODEL}*"))) == 1
    with monkeypatch.context() as patched:
        patched.setattr("importlib.metadata.version", lambda _: "9")
        assert isinstance(load_predictor(folder).members[0], NetworkMember)
    with monkeypatch.context() as patched:
        patched.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
        with pytest.warns(UserWarning, match="judged in numeric mode"):
            assert isinstance(load_predictor(folder).members[0], NetworkMember)
    learn.unfreeze()
    learn.fit(1e-2, 1)
    other = load_predictor(learn.save(tmp_path / "other"))
    assert np.array_equal(other.predict(PHOTOS).probabilities, learn.predict().probabilities)


def test_pixels_of_another_resizer_are_told(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("test_efficientnet").save(tmp_path / "model")
    load_predictor(folder)  # warnings are errors here
    monkeypatch.setattr(resizing, "cykooz_resizer", None)
    with pytest.warns(UserWarning, match="SIMD instructions resized, and Pillow resizes them here"):
        load_predictor(folder)


def test_where_a_gpu_may_be_torch_is_asked(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make().save(tmp_path / "model")
    monkeypatch.setattr(compiled_loading, "may_have_accelerator", lambda: True)
    assert isinstance(load_predictor(folder).members[0], NetworkMember)
    assert isinstance(load_predictor(folder, device="cpu").members[0], CompiledMember)


def test_an_mlp_needs_torch(tmp_path: Path) -> None:
    data = ImageClassifierData.from_arrays(
        trn=(PHOTOS, LABELS), val=(PHOTOS, LABELS), tfms=tfms_from_model("test_resnet", SIZE),
        quiet=True,
    )  # fmt: skip
    learn = ConvLearner.pretrained("test_resnet", data, pretrained=False, quiet=True)
    learn.fit(0.01, 1)
    assert isinstance(load_predictor(learn.save(tmp_path / "model")).members[0], NetworkMember)


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = make()
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")
    predictor = load_predictor(learn.save(tmp_path / "model"))
    assert np.array_equal(
        predictor.predict(PHOTOS).probabilities, learn.predict(PHOTOS).probabilities
    )


def test_graphs_count_and_go_like_rows(make: Make, tmp_path: Path) -> None:
    from warmstart.activations.quota import namespaces_in, shrink

    make()
    store = tmp_path / "cache" / "activations"
    listed = {each.folder: each for each in namespaces_in(store)}
    (graph,) = graphs(tmp_path)
    assert listed[graph].num_bytes >= (graph / WEIGHTS).stat().st_size
    assert listed[graph].backbone == "test_resnet"
    assert [each.folder for each in shrink(store, 0)] == [graph]  # the rows are being read
    assert kept_graph.kept_runner(graph) is None


@pytest.mark.parametrize("arch", ["test_vit", "test_convnext", "test_efficientnet"])
def test_a_kept_graph_has_the_bits_of_the_one_it_was_made_of(
    make: Make, tmp_path: Path, arch: str
) -> None:
    learn = make(arch)
    rows, _ = learn.activations_of("valid")
    (graph,) = graphs(tmp_path)
    runner = kept_graph.kept_runner(graph)
    assert runner is not None
    from warmstart.batches.rendering import stream_pixels

    stream = stream_pixels(learn.data.source.render, range(NUM_ROWS), block=runner.batch)
    found = np.concatenate([values for _, values in runner.run(stream)])
    assert np.array_equal(found, rows)


def test_the_system_tells_of_the_processor_what_torch_does() -> None:
    if not linux_flags():
        pytest.skip("this system does not tell what its processor can do")
    has = torch.cpu.get_capabilities()
    assert processor.instructions() == tuple(name for name in INSTRUCTIONS if has.get(name))


WITHOUT_TORCH = """
import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name in {"torch", "timm", "torchvision", "sklearn", "matplotlib", "pandas"}:
            raise ImportError(name)
sys.meta_path.insert(0, Refusing())
from warmstart.cli.main import main
main()
"""


def test_predict_and_evaluate_import_no_torch(make: Make, tmp_path: Path) -> None:
    from PIL import Image

    folder = make().save(tmp_path / "model")
    for name in ("0", "1", "2"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("RGB", (40, 40), (0, 80 * int(name), 9)).save(
            tmp_path / "photos" / name / "a.png"
        )
    for words in (["predict", str(folder), str(tmp_path / "photos"), "--tta", "2"],
                  ["evaluate", str(folder), str(tmp_path / "photos")]):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_TORCH, *words], check=False, capture_output=True,
            text=True, env=os.environ, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

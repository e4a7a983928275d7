import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warmstart import CacheError, ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.activations.table_activations import WantedRows
from warmstart.cluster.batch import NamedImage
from warmstart.cluster.filling import FillByWorkers, parts_of_rows, task_of_store
from warmstart.cluster.job import ThisProcess
from warmstart.cluster.work import Activations, ImageWork, Probabilities
from warmstart.files.objects import object_folder


@pytest.fixture(scope="module")
def learn(tmp_path_factory: pytest.TempPathFactory) -> ConvLearner:
    """A learner of 12 small photos, of which nothing is stored."""
    place = tmp_path_factory.mktemp("work")
    noise = np.random.default_rng(0).integers(0, 256, (12, 40, 40, 3), np.uint8)
    for i, pixels in enumerate(noise):
        file = place / "photos" / ("train" if i < 8 else "valid") / "ab"[i % 2] / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    tfms = tfms_from_model("test_resnet", 32, aug_tfms="basic")
    data = ImageClassifierData.from_paths(place / "photos", tfms, quiet=True)
    return ConvLearner.pretrained(
        "test_resnet", data, False, pretrained=False, quiet=True, precision="f32",
        cache_dir=place / "cache",
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(learn: ConvLearner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learn.save(tmp_path_factory.mktemp("saved") / "model")


def files_of(learn: ConvLearner) -> list[Path]:
    table = learn.data.table
    return [table.root / name for name in table.names]


def wanted(learn: ConvLearner, view: int = 0) -> WantedRows:
    source, activations = learn.data.source, learn.state.activations
    positions = np.arange(len(learn.data.table), dtype=np.int64)
    hashes = source.content_hashes(positions, activations.hashes)
    keys = activations.frozen.keys(source.view_names(positions, view), hashes)
    namespace = activations._namespace()
    return WantedRows(namespace, keys, activations.frozen, source, positions, hashes, view)


@pytest.mark.parametrize("num_views", [0, 2])
def test_rows_are_what_a_predictor_says(learn: ConvLearner, model: Path, num_views: int) -> None:
    files = files_of(learn)
    work = pickle.loads(pickle.dumps(ImageWork(Probabilities(str(model), "ab" * 32, num_views))))
    made = work(
        [
            NamedImage("path", str(files[0])),
            NamedImage("bytes", files[1].read_bytes()),
            NamedImage("called", files[2].read_bytes),
        ]
    )
    expected = load_predictor(model).TTA(files[:3], num_views)
    assert np.array_equal(made.rows, expected.probabilities)
    assert made.positions.tolist() == [0, 1, 2]
    assert len({bytes(key) for key in made.keys}) == 3


def test_the_same_picture_has_the_same_key_under_any_name(learn: ConvLearner, model: Path) -> None:
    file = files_of(learn)[0]
    both = [NamedImage("a", str(file)), NamedImage("b", file.read_bytes())]
    task = Probabilities(str(model), "ab" * 32)
    keys = ImageWork(task)(both).keys
    assert np.array_equal(keys[0], keys[1])
    other = ImageWork(replace(task, namespace="cd" * 32))(both).keys
    assert not np.array_equal(other[0], keys[0])


def test_what_cannot_be_read_is_named_and_the_rest_has_rows(
    learn: ConvLearner, model: Path, tmp_path: Path
) -> None:
    work = ImageWork(Probabilities(str(model), "ab" * 32))
    batch = [
        NamedImage("gone", str(tmp_path / "gone.png")),
        NamedImage("good", str(files_of(learn)[0])),
        NamedImage("bad", b"no picture"),
    ]
    made = work(batch)
    assert made.positions.tolist() == [1]
    assert [name for name, _ in made.failures] == ["gone", "bad"]
    none = work([batch[0], batch[2]])
    assert none.rows.shape == (0, 2)
    assert len(none.failures) == 2


def test_a_picture_that_changed_is_told_and_not_computed(learn: ConvLearner, model: Path) -> None:
    changed = NamedImage("it", str(files_of(learn)[0]), sha256=b"\1" * 32)
    made = ImageWork(Probabilities(str(model), "ab" * 32))([changed])
    assert made.failures == (("it", "it changed while it was read"),)


def test_a_worker_of_another_numeric_mode_refuses(model: Path) -> None:
    with pytest.raises(CacheError, match="numeric mode"):
        ImageWork(Probabilities(str(model), "ab" * 32, modes=("abacus",))).load()


@pytest.mark.parametrize("view", [0, 1])
def test_a_store_filled_by_parts_has_the_rows_of_one_process(
    learn: ConvLearner, view: int, tmp_path: Path
) -> None:
    asked = wanted(learn, view)

    class Workers:
        def __init__(self, work: ImageWork, place: str) -> None:
            work = pickle.loads(pickle.dumps(work))
            self.engine = ThisProcess(work, object_folder(place))

        def __enter__(self) -> ThisProcess:
            return self.engine

        def __exit__(self, *error: object) -> None:
            return None

    told: list[int] = []
    fill = FillByWorkers(Workers, str(tmp_path / "shards"))
    assert fill(asked, told.append) == []
    assert sum(told) == 12
    namespace = asked.namespace
    found = namespace.gather(namespace.locate(asked.keys))
    source, runner = learn.data.source, asked.frozen.runner
    from warmstart.batches.rendering import stream_pixels

    blocks = stream_pixels(partial(source.render, view=view), range(12), block=runner.batch)
    expected = np.concatenate([values for _, values in runner.run(blocks)])
    assert np.array_equal(found, expected)
    assert not (tmp_path / "shards").exists()
    assert fill(asked, told.append) == []  # nothing is missing
    assert sum(told) == 12


def test_parts_of_a_store_are_named_by_their_rows(learn: ConvLearner) -> None:
    plain, view = wanted(learn, 0), wanted(learn, 1)
    tickets = [parts_of_rows(each, range(12))[0].ticket for each in (plain, plain, view)]
    assert tickets[0] == tickets[1] != tickets[2]
    assert parts_of_rows(plain, range(1, 12))[0].ticket != tickets[0]


def test_a_frozen_part_without_a_kept_graph_goes_as_it_is(learn: ConvLearner) -> None:
    task = task_of_store(wanted(learn))
    assert task.graph is not None
    assert task.frozen is None
    alone = replace(task, graph=None, frozen=learn.state.activations.frozen)
    batch = parts_of_rows(wanted(learn), range(3))[0].batch()
    sent = [pickle.loads(pickle.dumps(ImageWork(one))) for one in (task, alone)]
    assert np.array_equal(sent[0](batch).rows, sent[1](batch).rows)
    with pytest.raises(CacheError, match="cannot be read by this worker"):
        Activations(task.namespace, task.mode, task.recipe, graph="/nowhere").load()

"""Law 2 at the pooled cut: a store changes no bit of a training run."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.fill import fill
from warmstart.activations.inputs import ComputedInputs, RowParts, StoredInputs
from warmstart.activations.namespace import CacheNamespace, NamespaceCard, row_key
from warmstart.activations.openvino_compile import compile_graph
from warmstart.activations.openvino_runner import OpenVinoRunner
from warmstart.activations.processor import fast_precision, openvino_mode
from warmstart.activations.runner import PrefixRunner
from warmstart.activations.torch_runner import TorchRunner
from warmstart.backbones.network import Normalise
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.errors import UnreadableImageError
from warmstart.training.head import build_head
from warmstart.training.head_card import HeadCard
from warmstart.training.loop import fit
from warmstart.training.objective import Inputs, Targets
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

CPU = torch.device("cpu")
SIZE, NUM_TRAIN, NUM_VALID, NUM_FEATURES = 24, 23, 70, 16
IMAGES = np.random.default_rng(0).integers(0, 256, (NUM_TRAIN + NUM_VALID, SIZE, SIZE, 3), np.uint8)
KINDS = ["torch-f32", "torch-bf16", "openvino-f32", "openvino-bf16"]


class Pooled(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3))


def prefix() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        norm = nn.BatchNorm2d(NUM_FEATURES)
        norm.running_mean = torch.randn(NUM_FEATURES) / 10
        norm.running_var = torch.rand(NUM_FEATURES) + 0.5
        layers = nn.Conv2d(3, NUM_FEATURES, 3, stride=2), norm, nn.ReLU(), Pooled()
    return nn.Sequential(Normalise((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)), *layers).eval()


@pytest.fixture(scope="module", params=KINDS)
def runner(request: pytest.FixtureRequest) -> PrefixRunner:
    name, precision = request.param.split("-")
    if name == "torch":
        return TorchRunner(prefix(), (NUM_FEATURES,), CPU, precision)
    if precision == "bf16" and fast_precision() != "bf16":
        pytest.skip("this processor has no bfloat16 arithmetic")
    mode = openvino_mode(precision)
    return OpenVinoRunner(
        compile_graph(prefix(), SIZE, precision).model, (NUM_FEATURES,), precision, mode
    )


ROWS = RowParts(np.arange(NUM_TRAIN), NUM_TRAIN + np.arange(NUM_VALID), np.arange(0))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On so little data, threads that wait for each other take most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def view_of(number: int, view: int) -> NDArray[np.uint8]:
    """View 0 is the picture, the others are shifted."""
    return np.roll(IMAGES[number], 3 * view, axis=0)


@dataclass(frozen=True)
class Views:
    """Epoch e trains on view ``first`` + (e mod ``num_views``); one view is the plain one."""

    num_views: int

    def at(self, epoch: int) -> int:
        return 0 if self.num_views == 1 else 1 + epoch % self.num_views


@dataclass(frozen=True)
class Pictures:
    """What renders: epoch e asks for view e + 1."""

    views: Views

    def render(self, row: int, view: int = 0) -> NDArray[np.uint8]:
        return view_of(row, self.views.at(view - 1) if view else 0)


@dataclass(frozen=True)
class Names:
    """Of the training rows."""

    namespace: str
    views: Views

    def keys(self, epoch: int) -> list[bytes]:
        return [key(self.namespace, number, self.views.at(epoch)) for number in range(NUM_TRAIN)]


def key(namespace: str, number: int, view: int) -> bytes:
    content = hashlib.sha256(IMAGES[number].tobytes()).digest()
    return row_key(namespace, f"view {view}", content)


def computed(runner: PrefixRunner, views: Views, num_threads: int) -> ComputedInputs:
    return ComputedInputs(runner, Pictures(views), ROWS, CPU, num_threads)


def stored(runner: PrefixRunner, views: Views, folder: Path, *, mixed: bool) -> StoredInputs:
    """Filled in one go, or in another order with every third row before the others."""
    card = NamespaceCard(
        "t", "0" * 64, "pooled", runner.mode, runner.stored_dtype, runner.row_shape
    )
    namespace = CacheNamespace(folder, card)

    wanted = [(number, 0) for number in range(NUM_TRAIN, NUM_TRAIN + NUM_VALID)]
    wanted += [(n, views.at(e)) for n in range(NUM_TRAIN) for e in range(views.num_views)]
    parts = [wanted]
    if mixed:
        parts = [wanted[::3], wanted[::-1]]

    for part in parts:

        def stream(missing: list[int], part: list[tuple[int, int]] = part) -> Iterator[PixelBlock]:
            return stream_pixels(lambda i: view_of(*part[i]), missing, block=runner.batch)

        assert (
            fill(namespace, [key(card.identity, *one) for one in part], stream, lambda: runner)
            == []
        )
    return StoredInputs(
        CacheNamespace(folder, card),  # as another process finds it
        Names(card.identity, views),
        [key(card.identity, number, 0) for number in range(NUM_TRAIN, NUM_TRAIN + NUM_VALID)],
        CPU,
    )


def trained(inputs: Inputs, *, opt: str) -> list[object]:
    """Every bit that a fit leaves behind: weights, BatchNorm statistics, losses."""
    head = build_head(HeadCard(NUM_FEATURES, 3, (8,), (0.25, 0.5)), seed=3)
    generator = torch.Generator().manual_seed(5)
    targets = Targets(
        torch.randint(0, 3, (NUM_TRAIN,), generator=generator),
        torch.randint(0, 3, (NUM_VALID,), generator=generator),
    )
    settings = FitSettings(
        lrs=(0.05,), schedule=Schedule(1, 3), batch_size=6, opt=opt, seed=7, first_epoch=2
    )
    history = fit(head, [list(head.parameters())], inputs, targets, settings)
    weights = {name: tensor.numpy().tobytes() for name, tensor in head.state_dict().items()}
    records = [(r.train_loss, r.valid_loss, r.metrics, r.num_steps) for r in history.records]
    return [weights, records]


@pytest.mark.parametrize(("num_views", "opt"), [(1, "sgd"), (2, "adamw")])
def test_a_store_changes_no_bit_of_training(
    runner: PrefixRunner, num_views: int, opt: str, tmp_path: Path
) -> None:
    views = Views(num_views)
    from_store = trained(stored(runner, views, tmp_path, mixed=False), opt=opt)
    assert trained(computed(runner, views, num_threads=2), opt=opt) == from_store


def test_neither_the_order_of_filling_nor_threads_change_a_bit(
    runner: PrefixRunner, tmp_path: Path
) -> None:
    views = Views(2)
    results = [
        trained(stored(runner, views, tmp_path / "whole", mixed=False), opt="sgd"),
        trained(stored(runner, views, tmp_path / "mixed", mixed=True), opt="sgd"),
        trained(computed(runner, views, num_threads=1), opt="sgd"),
        trained(computed(runner, views, num_threads=16), opt="sgd"),
    ]
    assert all(result == results[0] for result in results)


def test_other_views_give_another_head(runner: PrefixRunner) -> None:
    """So that equality above is not that of runs that see nothing."""
    one, two = (trained(computed(runner, Views(n), 2), opt="sgd") for n in (1, 2))
    assert one != two


def test_batches_are_equal_one_by_one(runner: PrefixRunner, tmp_path: Path) -> None:
    views = Views(2)
    order = np.random.default_rng(0).permutation(NUM_TRAIN)
    batches = [order[:1], order[1:14], order[14:14], order[14:]]
    pair: list[Inputs] = [
        computed(runner, views, num_threads=2),
        stored(runner, views, tmp_path, mixed=True),
    ]
    for epoch in range(3):
        left, right = (list(inputs.train(batches, epoch)) for inputs in pair)
        assert [len(batch) for batch in left] == [1, 13, 0, 9]
        assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
        assert left[0].dtype == torch.float32
    left, right = (list(inputs.valid()) for inputs in pair)
    assert [len(batch) for batch in left] == [64, 6]
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def test_rows_drawn_several_times_are_equal_one_by_one(
    runner: PrefixRunner, tmp_path: Path
) -> None:
    """A sampler's batches: the same row more than once, each time in another view."""
    views = Views(3)
    batches = [np.array([4, 4, 7, 4]), np.array([7, 0])]
    draws = [np.array([0, 1, 5, 2]), np.array([6, 0])]
    left, right = (
        list(inputs.train(batches, 0, draws))
        for inputs in (
            computed(runner, views, num_threads=2),
            stored(runner, views, tmp_path, mixed=True),
        )
    )
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
    assert not torch.equal(left[0][0], left[0][1])
    assert not torch.equal(left[0][1], left[0][3])
    (alone,) = computed(runner, views, num_threads=1).train([np.array([4, 7])], 2)
    assert torch.equal(torch.stack([left[0][3], left[0][2]]), alone)  # views 2 and 5 mod 3


def test_a_row_that_can_no_longer_be_read_stops_the_run(runner: PrefixRunner) -> None:
    class Gone:
        def render(self, row: int, view: int = 0) -> NDArray[np.uint8]:
            if row == 3:
                raise UnreadableImageError("3.jpg", "gone")
            return view_of(row, view)

    rows = RowParts(np.arange(NUM_TRAIN), np.arange(NUM_VALID), np.arange(0))
    inputs = ComputedInputs(runner, Gone(), rows, CPU, 2)
    with pytest.raises(UnreadableImageError, match=r"3\.jpg"):
        list(inputs.train([np.arange(6)], 0))
    with pytest.raises(UnreadableImageError, match=r"3\.jpg"):
        list(inputs.valid())

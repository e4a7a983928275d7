"""A row's bits depend on no other row of its batch, nor on where in it the row stands."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from warmstart.activations.openvino_compile import compile_graph
from warmstart.activations.openvino_runner import OpenVinoRunner
from warmstart.activations.processor import fast_precision, openvino_mode
from warmstart.activations.runner import PrefixRunner
from warmstart.activations.torch_runner import TorchRun, TorchRunner
from warmstart.backbones.network import Normalise
from warmstart.batches.rendering import PixelBlock
from warmstart.errors import CacheError, UnreadableImageError

SIZE, NUM_IMAGES = 32, 6
CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, SIZE, SIZE, 3), np.uint8)
KINDS = ["torch-f32", "torch-bf16", "openvino-f32", "openvino-bf16", "piped-f32"]


class Channels(nn.Module):
    """The mean of each channel."""

    def forward(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3))


def small_prefix() -> nn.Module:
    """Convolutions, also grouped, BatchNorm with buffers that are not fresh, a linear layer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        norm = nn.BatchNorm2d(16)
        norm.running_mean = torch.randn(16)
        norm.running_var = torch.rand(16) + 0.5
        body = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False),
            norm,
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, groups=16),
            nn.Conv2d(16, 40, 1),
            nn.ReLU(),
            Channels(),
            nn.Linear(40, 24),
        )
    normalise = Normalise((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return nn.Sequential(normalise, body).eval()


def make_runner(kind: str) -> PrefixRunner:
    name, precision = kind.split("-")
    if name == "torch":
        return TorchRunner(small_prefix(), (24,), CPU, precision)
    if name == "piped":  # as on a GPU: blocks from another thread, some under way
        return TorchRunner(small_prefix(), (24,), CPU, precision, TorchRun(views="any"))
    if precision == "bf16" and fast_precision() != "bf16":
        pytest.skip("this processor has no bfloat16 arithmetic")
    mode = openvino_mode(precision)
    return OpenVinoRunner(
        compile_graph(small_prefix(), SIZE, precision).model, (24,), precision, mode
    )


@pytest.fixture(scope="module", params=KINDS)
def runner(request: pytest.FixtureRequest) -> PrefixRunner:
    return make_runner(request.param)


@pytest.fixture(scope="module")
def alone(runner: PrefixRunner) -> list[bytes]:
    """What each image gives as the only one."""
    blocks = [block_of([number]) for number in range(NUM_IMAGES)]
    return [values.tobytes() for _, values in runner.run(blocks)]


def block_of(numbers: list[int]) -> PixelBlock:
    return PixelBlock(np.array(numbers, np.int64), IMAGES[numbers], ())


@st.composite
def blocks_of_numbers(draw: st.DrawFn) -> list[list[int]]:
    """Any images in any order, repeated or left out, in blocks of any sizes, also empty ones."""
    return draw(
        st.lists(
            st.lists(st.integers(0, NUM_IMAGES - 1), max_size=8), min_size=1, max_size=6
        )
    )  # fmt: skip


@settings(max_examples=25)
@given(parts=blocks_of_numbers())
def test_a_row_is_the_same_whatever_it_is_computed_with(
    runner: PrefixRunner, alone: list[bytes], parts: list[list[int]]
) -> None:
    parts = [part[: runner.batch] for part in parts]
    found = list(runner.run(block_of(part) for part in parts))
    assert [block.rows.tolist() for block, _ in found] == parts
    for (_, values), part in zip(found, parts, strict=True):
        assert values.shape == (len(part), *runner.row_shape)
        assert values.dtype == runner.stored_dtype
        assert [row.tobytes() for row in values] == [alone[number] for number in part]


@given(order=st.permutations(range(NUM_IMAGES)))
@settings(max_examples=20)
def test_order_changes_nothing(runner: PrefixRunner, alone: list[bytes], order: list[int]) -> None:
    parts = [order[i : i + runner.batch] for i in range(0, NUM_IMAGES, runner.batch)]
    rows = [row.tobytes() for _, values in runner.run(map(block_of, parts)) for row in values]
    assert rows == [alone[number] for number in order]


def test_images_give_different_rows(alone: list[bytes]) -> None:
    assert len(set(alone)) == NUM_IMAGES


def test_a_runner_agrees_with_torch(runner: PrefixRunner, alone: list[bytes]) -> None:
    with torch.inference_mode():
        wanted = small_prefix()(torch.from_numpy(IMAGES)).numpy()
    found = np.frombuffer(b"".join(alone), runner.stored_dtype).reshape(wanted.shape)
    allowed = 1e-4 if runner.stored_dtype == "float32" else 0.05
    assert np.abs(found.astype(np.float32) - wanted).max() < allowed


def test_failures_pass_through_a_block_without_rows(runner: PrefixRunner) -> None:
    error = UnreadableImageError("0.jpg", "broken")
    nothing = np.empty((0, 0, 0, 3), np.uint8)
    empty = PixelBlock(np.empty(0, np.int64), nothing, (error,))
    found = list(runner.run([empty, block_of([1]), empty]))
    assert [len(values) for _, values in found] == [0, 1, 0]
    assert found[0][0].failures == (error,)


def test_no_block_gives_no_output(runner: PrefixRunner) -> None:
    assert list(runner.run([])) == []


def test_modes_differ_by_runner_and_number_type() -> None:
    modes = {kind: make_runner(kind).mode for kind in KINDS[:3]}
    assert len(set(modes.values())) == 3
    for kind, mode in modes.items():
        assert mode.startswith(kind.split("-")[0])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
@pytest.mark.parametrize("kind", ["torch-bf16", "torch-f32"])
def test_a_value_that_cannot_be_stored_is_an_error(kind: str, value: float) -> None:
    class Constant(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            return torch.full((len(pixels), 2), value)

    precision = kind.removeprefix("torch-")
    runner = TorchRunner(Constant(), (2,), CPU, precision)
    if value == 1e6 and precision == "f32":
        ((_, values),) = runner.run([block_of([0])])
        assert values.tolist() == [[1e6, 1e6]]
        return
    with pytest.raises(CacheError, match="cannot hold"):
        list(runner.run([block_of([0])]))


def test_pixels_are_asked_for_a_few_blocks_ahead_only(runner: PrefixRunner) -> None:
    """A runner that first took all blocks would hold every picture in memory."""
    given_out = 0

    def blocks() -> Iterator[PixelBlock]:
        nonlocal given_out
        for _ in range(200):
            given_out += 1
            yield block_of([0])

    outputs: Callable[[], object] = iter(runner.run(blocks())).__next__
    outputs()
    assert given_out <= 100

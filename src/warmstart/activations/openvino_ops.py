"""What OpenVINO calls the operations that torch ran: one small function each.

Each takes the graph's values in place of tensors, and gives one value. Shapes are static, so what
torch computed from them (sizes of views, padding) is already a number.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import openvino.opset14 as ov
import torch
from torch import Tensor

Value: TypeAlias = Any  # openvino has no types
Translation: TypeAlias = Callable[..., Value]
OV_TYPES = {torch.float32: np.float32, torch.float16: np.float16, torch.int64: np.int64}


def constant(value: object) -> Value:
    """A tensor or number as a constant; a value of the graph as it is."""
    if isinstance(value, Tensor):
        return ov.constant(value.detach().cpu().numpy())
    if isinstance(value, (int, float)):
        return ov.constant(np.float32(value))
    return value


def pair(numbers: Sequence[int]) -> list[int]:
    """One number per side, given one or two."""
    return [int(numbers[0]), int(numbers[-1])]


def convolution(
    x: Value,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    *rest: Any,
) -> Value:
    """Two-dimensional, in groups or not."""
    transposed, _, groups = rest
    if transposed or weight.ndim != 4:
        raise NotImplementedError("transposed or not two-dimensional")
    sides = (pair(stride), pair(padding), pair(padding), pair(dilation))
    kernel = weight.detach().cpu().numpy()
    if groups == 1:
        out = ov.convolution(x, ov.constant(kernel), *sides)
    else:
        grouped = kernel.reshape(groups, kernel.shape[0] // groups, *kernel.shape[1:])
        out = ov.group_convolution(x, ov.constant(grouped), *sides)
    return out if bias is None else ov.add(out, per_channel(bias, 4))


def per_channel(values: Tensor, ndim: int) -> Value:
    """A vector (C,) that lies along the second of ``ndim`` axes."""
    return ov.constant(values.detach().float().cpu().numpy().reshape(1, -1, *[1] * (ndim - 2)))


def batch_norm(
    x: Value,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    is_training: bool,  # noqa: FBT001 - torch's own order
    _momentum: float,
    epsilon: float,
) -> Value:
    """Stored statistics as one scale and one shift, computed in double precision."""
    if is_training:
        raise NotImplementedError("batch statistics")
    scale = 1 / (variance.double() + epsilon).sqrt()
    scale = scale if weight is None else scale * weight.double()
    shift = -mean.double() * scale
    shift = shift if bias is None else shift + bias.double()
    ndim = len(x.get_output_partial_shape(0))
    return ov.add(ov.multiply(x, per_channel(scale, ndim)), per_channel(shift, ndim))


def layer_norm(x: Value, shape: Sequence[int], weight: Any, bias: Any, epsilon: float) -> Value:
    """Over the last axes."""
    axes = ov.constant(np.arange(-len(shape), 0))
    out = ov.mvn(x, axes, normalize_variance=True, eps=epsilon, eps_mode="inside_sqrt")
    out = out if weight is None else ov.multiply(out, constant(weight))
    return out if bias is None else ov.add(out, constant(bias))


def add(x: Value, y: Value, alpha: float = 1) -> Value:
    """X + alpha · y."""
    y = constant(y)
    return ov.add(constant(x), y if alpha == 1 else ov.multiply(y, constant(alpha)))


def mean(x: Value, axes: Sequence[int], keep_axes: bool = False, dtype: Any = None) -> Value:  # noqa: FBT001, FBT002
    """Over some axes."""
    if dtype is not None:
        raise NotImplementedError("mean in another type")
    return ov.reduce_mean(x, ov.constant(np.array(axes)), keep_axes)


def amax(x: Value, axes: Sequence[int], keep_axes: bool = False) -> Value:  # noqa: FBT001, FBT002
    """Over some axes."""
    return ov.reduce_max(x, ov.constant(np.array(axes)), keep_axes)


def max_pool(
    x: Value, kernel: Any, stride: Any = (), padding: Any = (0,), dilation: Any = (1,), *rest: Any
) -> Value:
    """Largest of each window."""
    if any(rest):
        raise NotImplementedError("ceil mode")
    sides = (pair(stride or kernel), pair(dilation), pair(padding), pair(padding), pair(kernel))
    return ov.max_pool(x, *sides).output(0)


def avg_pool(x: Value, kernel: Any, stride: Any = (), padding: Any = (0,), *rest: Any) -> Value:
    """Mean of each window."""
    ceil_mode, counts_padding, divisor = (rest + (False, True, None)[len(rest) :])[:3]
    if ceil_mode or divisor is not None:
        raise NotImplementedError("ceil mode or divisor")
    sides = (pair(stride or kernel), pair(padding), pair(padding), pair(kernel))
    return ov.avg_pool(x, *sides, exclude_pad=not counts_padding)


def pad(x: Value, amounts: Sequence[int], value: float = 0.0) -> Value:
    """Constant padding; torch counts axes from the last."""
    ndim = len(x.get_output_partial_shape(0))
    before, after = [0] * ndim, [0] * ndim
    for i in range(len(amounts) // 2):
        before[ndim - 1 - i], after[ndim - 1 - i] = amounts[2 * i], amounts[2 * i + 1]
    sides = (ov.constant(np.array(before)), ov.constant(np.array(after)))
    return ov.pad(x, *sides, "constant", ov.constant(np.float32(value)))


def permute(x: Value, order: Sequence[int]) -> Value:
    """Axes in another order."""
    return ov.transpose(x, ov.constant(np.array([axis % len(order) for axis in order])))


def swap(x: Value, first: int, second: int) -> Value:
    """Two axes exchanged."""
    order = list(range(len(x.get_output_partial_shape(0))))
    order[first], order[second] = order[second], order[first]
    return permute(x, order)


def view(x: Value, shape: Sequence[int]) -> Value:
    """Another shape of the same values."""
    return ov.reshape(x, ov.constant(np.array(shape)), special_zero=False)


def matmul(x: Value, y: Value) -> Value:
    """A product of matrices."""
    return ov.matmul(constant(x), constant(y), transpose_a=False, transpose_b=False)


def addmm(bias: Value, x: Value, weight: Value) -> Value:
    """Bias + x · weight."""
    return ov.add(matmul(x, weight), constant(bias))


def to_copy(x: Value, dtype: torch.dtype = torch.float32, **_: object) -> Value:
    """Another number type."""
    return ov.convert(x, OV_TYPES[dtype])


def clamp(x: Value, low: float | None = None, high: float | None = None) -> Value:
    """Between two numbers."""
    return ov.clamp(x, -3.4e38 if low is None else low, 3.4e38 if high is None else high)


def unbind(x: Value, axis: int = 0) -> list[Value]:
    """The slices along an axis, without it."""
    along = ov.constant(np.int64(axis))
    count = int(x.get_output_partial_shape(0)[axis].get_length())
    parts = ov.split(x, along, count)
    return [ov.squeeze(parts.output(i), ov.constant(np.array([axis]))) for i in range(count)]


def select(x: Value, axis: int, position: int) -> Value:
    """One slice along an axis, without it."""
    return ov.gather(x, ov.constant(np.int64(position)), ov.constant(np.int64(axis)))


def part(
    x: Value, axis: int = 0, start: int | None = None, stop: int | None = None, step: int = 1
) -> Value:
    """Some slices along an axis."""
    last = min(np.iinfo(np.int64).max if stop is None else stop, np.iinfo(np.int64).max)
    numbers = [ov.constant(np.array([n], np.int64)) for n in (start or 0, last, step, axis)]
    return ov.slice(x, *numbers)


def attention(
    query: Value,
    key: Value,
    value: Value,
    dropout: float = 0.0,
    is_causal: bool = False,  # noqa: FBT001, FBT002 - torch's own order
    *,
    attn_mask: object = None,
    scale: float | None = None,
) -> Value:
    """softmax(query · keyᵀ · scale) · value."""
    if dropout or is_causal or attn_mask is not None:
        raise NotImplementedError("dropout or a mask")
    width = int(query.get_output_partial_shape(0)[-1].get_length())
    scores = ov.matmul(query, key, transpose_a=False, transpose_b=True)
    scores = ov.multiply(scores, constant(width**-0.5 if scale is None else scale))
    return matmul(ov.softmax(scores, -1), value)


TRANSLATIONS: dict[str, Translation] = {
    "convolution": convolution,
    "native_batch_norm": batch_norm,
    "native_layer_norm": layer_norm,
    "relu": ov.relu,
    "hardtanh": lambda x, low=-1.0, high=1.0: ov.clamp(x, low, high),
    "clamp": clamp,
    "clamp_min": clamp,
    "sigmoid": ov.sigmoid,
    "silu": ov.swish,
    "hardswish": ov.hswish,
    "hardsigmoid": ov.hsigmoid,
    "gelu": lambda x, approximate="none": ov.gelu(x, "tanh" if approximate == "tanh" else "erf"),
    "add": add,
    "sub": lambda x, y: ov.subtract(constant(x), constant(y)),
    "mul": lambda x, y: ov.multiply(constant(x), constant(y)),
    "div": lambda x, y: ov.divide(constant(x), constant(y)),
    "mean": mean,
    "amax": amax,
    "max_pool2d_with_indices": max_pool,
    "avg_pool2d": avg_pool,
    "cat": lambda parts, axis=0: ov.concat([constant(part) for part in parts], axis),
    "constant_pad_nd": pad,
    "permute": permute,
    "transpose": swap,
    "t": lambda x: swap(x, 0, 1),
    "view": view,
    "_unsafe_view": view,
    "unsqueeze": lambda x, axis: ov.unsqueeze(x, ov.constant(np.array([axis]))),
    "mm": matmul,
    "bmm": matmul,
    "addmm": addmm,
    "_to_copy": to_copy,
    "unbind": unbind,
    "select": select,
    "slice": part,
    "_softmax": lambda x, axis, _half: ov.softmax(x, axis),
    "_scaled_dot_product_flash_attention_for_cpu": attention,
    "clone": lambda x, **_: x,
    "alias": lambda x: x,
    "detach": lambda x: x,
}

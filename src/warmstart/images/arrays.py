"""Arrays that show pictures, of any usual form → uint8, (H, W, 3) or (H, W).

What an array shows is the same wherever it comes from: in ``predict``, and in ``from_arrays``.
"""

from collections.abc import Sequence
from typing import Any, NoReturn, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from warmstart.errors import SettingError
from warmstart.images.decode import to_rgb

CHANNELS = (1, 3, 4)  # grey, RGB, RGB and alpha
EXPECTED = (
    "(H, W) of greys, (H, W, 3) of red, green, blue, (H, W, 4) with alpha, or a stack of these; "
    "of uint8, uint16, bool, or floats from 0 to 1."
)
TWELVE_BITS = 4095  # uint16 of up to so many may be of 8, 10, 12 or 16 bits
Pixels = NDArray[np.uint8]


@runtime_checkable
class ArrayLike(Protocol):
    """An array of numpy or of another library, such as a tensor of torch."""

    def __array__(self) -> Any:
        """As numpy's."""


def to_numpy(value: Any, name: str) -> NDArray[Any]:
    """An array of numpy.

    Args:
        value: An array, or a tensor of torch, also one on a GPU.
        name: What errors call it.
    """
    if hasattr(value, "detach"):  # a tensor that remembers its gradient, or lies on a GPU
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        refuse_array(name, f"makes no array: {error}", "pass an array of numpy.")


def array_expression(value: object, name: str) -> str:
    """What to type for an array of numpy, which a fix makes another one of."""
    return name if isinstance(value, np.ndarray) else f"np.asarray({name})"


def images_of(value: Any, name: str) -> list[Pixels]:
    """The picture that an array shows, or the pictures of a stack.

    Args:
        value: An array. Three axes are one picture if the last has a length of 1, 3 or 4, else a
            stack of greys.
        name: What errors call it.
    """
    array, name = to_numpy(value, name), array_expression(value, name)
    if array.ndim == 3 and array.shape[0] in {3, 4} and array.shape[2] not in CHANNELS:
        refuse_array(
            name,
            f"has shape {array.shape}: colours along the first axis, or {len(array)} grey pictures",
            f"pass {name}.transpose(1, 2, 0) for one picture, list({name}) for {len(array)}.",
        )
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS):
        array = array[None]
    return list(stack_of(array, name))


def stack_of(value: Any, name: str) -> Sequence[Pixels]:
    """The pictures of a stack, in order.

    Args:
        value: (N, H, W) or (N, H, W, C); or a list of pictures, which may differ in size.
        name: What errors call it.

    Returns:
        N pictures, read-only copies; later changes of ``value`` change none.
    """
    if isinstance(value, (list, tuple)) and not is_even(value):
        return each_image(value, name)
    array: NDArray[Any] = to_numpy(value, name)
    if array.dtype == object and array.ndim == 1:
        return each_image(list(array), name)
    name = array_expression(value, name)
    check_shape(array, name)
    found: NDArray[np.uint8] = np.empty(array.shape, np.uint8)
    scale = value_scale(array, name)
    for place, picture in enumerate(array):  # one at a time: floats take eight times the memory
        found[place] = picture if scale == 1 else (picture * scale).round()
    channels = found.shape[-1] if found.ndim == 4 else None
    if channels == 1:
        found = found[..., 0]
    elif channels == 4:
        found = np.stack([image_pixels(Image.fromarray(picture, "RGBA")) for picture in found])
    found.flags.writeable = False
    return list(found)


def is_even(pictures: Sequence[Any]) -> bool:
    """Whether all are arrays, or lists of numbers, that one array can hold."""
    arrays = [item for item in pictures if hasattr(item, "dtype")]
    forms = {(tuple(item.shape), str(item.dtype)) for item in arrays}
    is_mixed = 0 < len(arrays) < len(pictures)
    return (
        len(forms) < 2
        and not is_mixed
        and not any(isinstance(item, Image.Image) for item in pictures)
    )


def each_image(pictures: Sequence[Any], name: str) -> list[Pixels]:
    """The pixels of pictures of any sizes and kinds."""
    return [one_image(item, f"{name}[{place}]") for place, item in enumerate(pictures)]


def one_image(value: Any, name: str) -> Pixels:
    """The pixels of a PIL image or of an array that shows one picture."""
    if isinstance(value, Image.Image):
        return image_pixels(value)
    found = images_of(value, name)
    if len(found) != 1:
        refuse_array(name, f"has shape {np.shape(value)}", "pass one picture at each place.")
    return found[0]


def image_pixels(image: Image.Image) -> Pixels:
    """(H, W, 3) uint8 of what a PIL image of any mode shows, upright; alpha lies over white."""
    return np.asarray(to_rgb(ImageOps.exif_transpose(image)), np.uint8)


def check_shape(array: NDArray[Any], name: str) -> None:
    """See that an array is a stack of pictures."""
    fix, shape = None, array.shape
    is_stack = array.ndim == 4 and shape[3] in CHANNELS
    if array.ndim == 4 and (shape[1] == 3 != shape[3] or (shape[1] in CHANNELS and not is_stack)):
        fix = f"pass {name}.transpose(0, 2, 3, 1)."
    elif array.ndim != 3 and not is_stack:
        fix = "stack the images along a first axis."
        if array.ndim == 1 and array.dtype == np.uint8:
            fix = f"pass {name}.tobytes(), if these are the bytes of a file."
    elif not all(shape):
        fix = "give at least one image, of at least one pixel."
    if fix is not None:
        refuse_array(name, f"has shape {array.shape}", fix)


def value_scale(array: NDArray[Any], name: str) -> float:
    """What values are multiplied with, so that white is 255."""
    if array.dtype == np.uint8:
        return 1.0
    if array.dtype == np.bool_:
        return 255.0
    if array.dtype.kind not in "iuf":
        fix = f"make {name} an array of numbers: all images of one size, stacked."
        refuse_array(name, f"is of {array.dtype}", fix)
    low, high = float(array.min()), float(array.max())
    if array.dtype.str[1:] == "u2" and (high > TWELVE_BITS or not high):
        return 255 / 65535  # as in files of 16 bits
    if array.dtype.kind != "f" or not (low >= 0 and high <= 1):
        problem = f"is of {array.dtype}, with values from {low:g} to {high:g}"
        refuse_array(name, problem, pixels_fix(low, high, name))
    return 255.0


def pixels_fix(low: float, high: float, name: str) -> str:
    """How to make uint8 of pixels, judged by their values."""
    if not np.isfinite([low, high]).all():
        return f"replace what is no number: np.nan_to_num({name})."
    if low < 0:
        return f"undo the normalising of {name}: pixels are 0 to 255, as uint8."
    if 127 < high <= 255:
        return f'pass {name}.round().astype("uint8").'
    return f'pass ({name} / {high or 1:g} * 255).round().astype("uint8").'


def refuse_array(name: str, problem: str, fix: str) -> NoReturn:
    """Refuse an array that does not say what it shows.

    Raises:
        SettingError: always.
    """
    raise SettingError(f"{name} {problem}.", expected=EXPECTED, fix=fix)

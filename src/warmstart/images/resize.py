"""Every antialiased resizing of a picture, and every warp, by SIMD instructions if possible.

The packages are Rust's fast_image_resize and kornia-rs: the filters are Pillow's, they take a
fraction of its time, and other threads run meanwhile. Their pixels are not Pillow's to the bit, so
who made them is part of the recipe of a view and of its name. Models of earlier versions were
judged by Pillow's, and go on seeing them.

Differs from Pillow: columns are always resized before rows, and weights are multiples of 2^-15 or
finer (Pillow's of 2^-22); where the filter overshoots white or black in between, a pixel may be
some levels off.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

try:
    import cykooz_resizer
    from kornia_rs import imgproc
except ImportError:  # there is no wheel for every computer, such as Linux on ARM
    cykooz_resizer = imgproc = None  # type: ignore[assignment, unused-ignore]

Box = tuple[float, float, float, float]  # left, top, right, bottom
PILLOW, SIMD = "pillow", "simd"
RESIZERS = (PILLOW, SIMD)
FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SIMD_FILTERS = {"bicubic": "catmull_rom", "lanczos": "lanczos3"}  # others have the same name
# Of a picture, and of it when its columns are resized and its rows are not: four bytes each. One of
# many megapixels that is very wide would cost more than a picture may: Pillow resizes rows first.
MOST_PIXELS = 53_000_000


def available_resizer(wanted: str = SIMD) -> str:
    """Who resizes here, where somebody wants it done so: SIMD instructions, or Pillow.

    Args:
        wanted: A name in ``RESIZERS``.
    """
    return PILLOW if cykooz_resizer is None else wanted


def resize(
    image: Image.Image,
    size: tuple[int, int],
    interpolation: str,
    box: Box | None = None,
    *,
    resizer: str = SIMD,
) -> Image.Image:
    """Resize a picture, or a part of it, without aliasing.

    Args:
        image: In mode RGB.
        size: Width and height of the result.
        interpolation: A name in ``FILTERS``.
        box: The part, within the picture; its borders may lie between pixels, and what lies beyond
            them within the filter's reach is seen. None: all of it.
        resizer: A name in ``RESIZERS``; Pillow does it where SIMD instructions cannot be had.

    Returns:
        An image in mode RGB.

    >>> resize(Image.new("RGB", (40, 30), "red"), (2, 2), "bicubic").getpixel((0, 0))
    (255, 0, 0)
    """
    box = (0.0, 0.0, float(image.width), float(image.height)) if box is None else box
    is_too_wide = image.width * (image.height + size[1]) > MOST_PIXELS
    if available_resizer(resizer) == PILLOW or is_too_wide:
        return image.resize(size, FILTERS[interpolation], box=box)
    (left, width), (top, height) = (
        part_within(box[axis], box[axis + 2], image.size[axis]) for axis in range(2)
    )
    kind = cykooz_resizer.FilterType[SIMD_FILTERS.get(interpolation, interpolation)]
    options = cykooz_resizer.ResizeOptions(
        cykooz_resizer.ResizeAlg.convolution(kind),
        use_alpha=False,
        crop_box=cykooz_resizer.CropBox(left, top, width, height),
    )
    found = Image.new("RGB", size)
    cykooz_resizer.Resizer().resize_pil(image, found, options)
    return found


def part_within(start: float, stop: float, length: int) -> tuple[float, float]:
    """Start and length of a part, the sum of which is not beyond the end by a last bit."""
    part = stop - start
    while start + part > length:
        part = math.nextafter(part, 0.0)
    return start, part


def warp_bilinear(
    pixels: NDArray[np.uint8], into_view: NDArray[np.float64], size: int
) -> NDArray[np.uint8]:
    """Warp by SIMD instructions.

    Args:
        pixels: (H, W, 3), of more pixels on every side than the view shows.
        into_view: (3, 3), from the middles of its pixels to those of the view's.
        size: Side of the view.

    Returns:
        (size, size, 3).
    """
    numbers = into_view[:2].ravel().tolist()
    found = imgproc.warp_affine(pixels, numbers, (size, size), "bilinear")
    return np.asarray(found, np.uint8)

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

from warmstart.images.picture import Picture, as_image, picture_size

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
    picture: Picture,
    size: tuple[int, int],
    interpolation: str,
    box: Box | None = None,
    *,
    resizer: str = SIMD,
) -> NDArray[np.uint8]:
    """Resize a picture, or a part of it, without aliasing.

    Args:
        picture: (H, W, 3), or Pillow's image.
        size: Width and height of the result.
        interpolation: A name in ``FILTERS``.
        box: The part, within the picture; its borders may lie between pixels, and what lies beyond
            them within the filter's reach is seen. None: all of it.
        resizer: A name in ``RESIZERS``; Pillow does it where SIMD instructions cannot be had.

    Returns:
        (H, W, 3) of the size asked for.

    >>> resize(Image.new("RGB", (40, 30), "red"), (2, 2), "bicubic")[0, 0].tolist()
    [255, 0, 0]
    """
    width, height = picture_size(picture)
    box = (0.0, 0.0, float(width), float(height)) if box is None else box
    is_too_wide = width * (height + size[1]) > MOST_PIXELS
    if available_resizer(resizer) == PILLOW or is_too_wide:
        return np.asarray(as_image(picture).resize(size, FILTERS[interpolation], box=box), np.uint8)
    left, part_width = part_within(box[0], box[2], width)
    top, part_height = part_within(box[1], box[3], height)
    kind = cykooz_resizer.FilterType[SIMD_FILTERS.get(interpolation, interpolation)]
    options = cykooz_resizer.ResizeOptions(
        cykooz_resizer.ResizeAlg.convolution(kind),
        use_alpha=False,
        crop_box=cykooz_resizer.CropBox(left, top, part_width, part_height),
    )
    if isinstance(picture, Image.Image):  # three bytes of four: the same pixels
        image = Image.new("RGB", size)
        cykooz_resizer.Resizer().resize_pil(picture, image, options)
        return np.asarray(image, np.uint8)
    three_bytes = cykooz_resizer.PixelType.U8x3
    source = cykooz_resizer.ImageData(width, height, three_bytes, picture.tobytes())
    found = cykooz_resizer.ImageData(*size, three_bytes)
    cykooz_resizer.Resizer().resize(source, found, options)
    return np.frombuffer(found.get_buffer(), np.uint8).reshape(size[1], size[0], 3)


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

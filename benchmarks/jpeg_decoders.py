"""Which JPEG binding to use: does it tell of damaged data, how fast is it, does it hold the GIL?

Candidates that are not installed are left out: `pip install PyTurboJPEG imagecodecs
opencv-python-headless "pyvips[binary]"` into a throwaway environment has all of them.

Photos are those of WARMSTART_PHOTOS (dogs and cats, flowers). Thread CPU counts one thread's own
work; the speed-up of four threads over one says how much of it holds the GIL.
"""

import importlib.util
import io
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import measure
import numpy as np
from PIL import Image

from warmstart.images.decode import jpeg_scale
from warmstart.images.jpeg import read_jpeg_header

NUM_PHOTOS, NUM_SOUND, NUM_DAMAGED, ROUNDS = 200, 1500, 100, 5
AT_LEAST = 512  # what views of 224 pixels ask for
Decode = Callable[[bytes, int], Any]


def pillow(content: bytes, scale: int) -> Any:
    """As it was before."""
    image = Image.open(io.BytesIO(content))
    if scale > 1:
        image.draft("RGB", (image.width // scale, image.height // scale))
    return np.asarray(image.convert("RGB"))


def with_simplejpeg() -> Decode:
    """Its own copy of libjpeg-turbo, through TurboJPEG."""
    import simplejpeg

    def decode(content: bytes, scale: int) -> Any:
        if scale == 1:
            return simplejpeg.decode_jpeg(content, "RGB", strict=True)
        height, width, *_ = simplejpeg.decode_jpeg_header(content)
        return simplejpeg.decode_jpeg(
            content, "RGB", min_height=-(-height // scale), min_width=-(-width // scale),
            min_factor=scale, strict=True,
        )  # fmt: skip

    return decode


def with_pyturbojpeg() -> Decode:
    """The system's libjpeg-turbo, through ctypes."""
    import warnings

    from turbojpeg import TurboJPEG

    turbo = TurboJPEG()  # finds a library that the system has, or fails

    def decode(content: bytes, scale: int) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return turbo.decode(content, pixel_format=0, scaling_factor=(1, scale))

    return decode


def with_imagecodecs() -> Decode:
    """Its own copy of libjpeg-turbo; it cannot decode at a part of the size."""
    import imagecodecs

    return lambda content, _: imagecodecs.jpeg8_decode(content)


def with_opencv() -> Decode:
    """Its own copy of libjpeg-turbo, whose remarks it prints."""
    import cv2

    cv2.setNumThreads(1)
    flags = {1: 1, 2: 17, 4: 33, 8: 65}  # IMREAD_COLOR and its reduced forms

    def decode(content: bytes, scale: int) -> Any:
        found = cv2.imdecode(np.frombuffer(content, np.uint8), flags[scale] | 128)
        if found is None:
            raise ValueError("nothing was decoded")
        return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)

    return decode


def with_pyvips() -> Decode:
    """Pipelines of libvips."""
    import pyvips  # 3 or newer, with pyvips-binary

    pyvips.cache_set_max(0)

    def decode(content: bytes, scale: int) -> Any:
        found = pyvips.Image.jpegload_buffer(content, shrink=scale, fail_on="warning")
        return found.numpy()

    return decode


CANDIDATES: dict[str, tuple[str, str, Callable[[], Decode]]] = {
    "Pillow": ("PIL", "pillow", lambda: pillow),
    "simplejpeg, strict": ("simplejpeg", "simplejpeg", with_simplejpeg),
    "PyTurboJPEG": ("turbojpeg", "PyTurboJPEG", with_pyturbojpeg),
    "imagecodecs": ("imagecodecs", "imagecodecs", with_imagecodecs),
    "OpenCV": ("cv2", "opencv-python-headless", with_opencv),
    "pyvips, fail_on=warning": ("pyvips", "pyvips", with_pyvips),
}


def damaged(content: bytes, draw: random.Random, number: int) -> bytes:
    """Cut anywhere in the data and an end marker put behind; or so many bytes overwritten."""
    header = read_jpeg_header(content)
    assert header is not None
    start = header.num_bytes + 10
    if not number:
        return content[: draw.randrange(start, len(content) - 2)] + b"\xff\xd9"
    place = draw.randrange(start, len(content) - 2 - number)
    return content[:place] + draw.randbytes(number) + content[place + number :]


def is_refused(decode: Decode, content: bytes) -> bool:
    """Whether it says that something is wrong."""
    try:
        decode(content, 1)
    except Exception:  # noqa: BLE001 (each has errors of its own)
        return True
    return False


@contextmanager
def quietly() -> Any:
    """What libraries print on damaged data is no answer of theirs: drop it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def speed(decode: Decode, photos: list[tuple[bytes, int]]) -> dict[str, Any]:
    """Milliseconds of thread CPU per photo, and photos a second by one and four threads."""
    began = time.thread_time()
    for content, scale in photos:
        decode(content, scale)
    found: dict[str, Any] = {"ms": 1000 * (time.thread_time() - began) / len(photos)}
    for num_threads in (1, 4):
        with ThreadPoolExecutor(num_threads) as pool:
            start = time.perf_counter()
            list(pool.map(lambda one: decode(*one), photos))
            found[f"per_second_{num_threads}"] = len(photos) / (time.perf_counter() - start)
    return found


def main() -> None:
    """Measure all that are here, in turns."""
    files = [
        path
        for kind in ("dogscats", "flowers")
        for path in sorted(measure.photos(kind).rglob("*.jpg"))
    ]
    draw = random.Random(0)
    sound = [path.read_bytes() for path in draw.sample(files, min(NUM_SOUND, len(files)))]
    sizes = [Image.open(io.BytesIO(content)).size for content in sound[:NUM_PHOTOS]]
    timed = [
        (content, jpeg_scale(size, AT_LEAST)) for content, size in zip(sound, sizes, strict=False)
    ]
    broken = {
        name: [damaged(content, draw, number) for content in sound[:NUM_DAMAGED]]
        for name, number in (("cut", 0), ("512 bytes", 512), ("64 bytes", 64))
    }
    figures: dict[str, Any] = {}
    decoders: dict[str, Decode] = {}
    for name, (module, package, make) in CANDIDATES.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name} is not installed", file=sys.stderr)
            continue
        try:
            decoders[name] = make()
        except Exception as error:  # noqa: BLE001 (a library that the system lacks)
            figures[name] = {"cannot be used": str(error).splitlines()[0]}
            continue
        figures[name] = {"version": metadata.version(package)}
    theirs = [pillow(content, 1) for content in sound[:50]]
    for name, decode in decoders.items():
        with quietly():
            figures[name]["sound_refused"] = sum(is_refused(decode, one) for one in sound)
            figures[name]["damaged_found"] = {
                kind: sum(is_refused(decode, one) for one in some) for kind, some in broken.items()
            }
        same = [
            bool(np.array_equal(decode(content, 1), other))
            for content, other in zip(sound, theirs, strict=False)
        ]
        figures[name]["of_50_the_same_pixels_as_pillow"] = sum(same)
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in decoders}
    for _ in range(ROUNDS):  # interleaved: what else the machine does hits all alike
        for name, decode in decoders.items():
            rounds[name].append(speed(decode, timed))
    for name, found in rounds.items():
        for key in found[0]:
            figures[name][key] = measure.spread([one[key] for one in found])
        ratio = [one["per_second_4"] / one["per_second_1"] for one in found]
        figures[name]["speedup_of_4_threads"] = statistics.median(ratio)
    measure.write(
        "jpeg_decoders",
        {"num_photos": len(timed), "num_sound": len(sound), "num_damaged": NUM_DAMAGED,
         "figures": figures},
    )  # fmt: skip


if __name__ == "__main__":
    main()

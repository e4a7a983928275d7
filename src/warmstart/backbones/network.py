"""The whole network as an ordinary module; which of its weights are no numbers (law 18)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from warmstart.backbones.fingerprint import fingerprint

LEARNED = {"weight", "bias", "running_mean", "running_var"}  # what no mask is called


class ClassifierNetwork(nn.Module):
    """Normalised pictures (N, 3, H, W) → logits (N, K); the new part is under ``head``."""

    def __init__(self, backbone: nn.Module, pool: nn.Module, head: nn.Module) -> None:
        """Put the three parts together."""
        super().__init__()
        self.backbone, self.pool, self.head = backbone, pool, head

    def forward(self, pictures: Tensor) -> Tensor:
        """Features, pooled, classified."""
        logits: Tensor = self.head(self.pool(self.backbone(pictures)))
        return logits


def backbone_fingerprint(network: ClassifierNetwork) -> str:
    """Hash what comes before the head: structure, code and tensors.

    Args:
        network: In the mode in which it will run.

    Returns:
        64 hexadecimal digits.
    """
    return fingerprint(nn.Sequential(network.backbone, network.pool))


class Normalise(nn.Module):
    """Pixels (N, H, W, 3) uint8 → (N, 3, H, W) float, by the backbone's mean and deviation."""

    scale: Tensor
    shift: Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        """Mean and standard deviation per channel, of values in [0, 1]."""
        super().__init__()
        deviations = torch.tensor(std)
        self.register_buffer("scale", (1 / (255 * deviations)).view(1, -1, 1, 1))
        self.register_buffer("shift", (-torch.tensor(mean) / deviations).view(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Scale and shift each channel."""
        return pixels.permute(0, 3, 1, 2).to(self.scale.dtype) * self.scale + self.shift


def nonfinite_names(tensors: Mapping[str, Tensor]) -> list[str]:
    """Names of tensors with NaN or infinity; masks, which are 0 or infinite throughout, are none.

    >>> mask = torch.tensor([0.0, -torch.inf])
    >>> nonfinite_names({"a": torch.tensor([1.0, torch.nan]), "mask": mask})
    ['a']
    """
    return [
        name
        for name, tensor in tensors.items()
        if not is_finite(tensor) and (name.rpartition(".")[2] in LEARNED or not is_mask(tensor))
    ]


def nonfinite_in_words(tensors: Mapping[str, Tensor]) -> str:
    """Which tensors are not finite, in words; "" where all are.

    >>> nonfinite_in_words({"a": torch.tensor([torch.nan]), "b": torch.tensor([1.0])})
    "weights that are not finite, in 1 of 2 tensors, 'a' first"
    """
    wrong = nonfinite_names(tensors)
    if not wrong:
        return ""
    where = f"in {len(wrong)} of {len(tensors)} tensors, {wrong[0]!r} first"
    return f"weights that are not finite, {where}"


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are numbers."""
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor.sum())):
        return True  # one pass tells: whatever is added to NaN or infinity is no number either
    return bool(torch.isfinite(tensor).all())  # numbers too large to be added up


def is_mask(tensor: Tensor) -> bool:
    """Whether some values are infinite, and all others 0."""
    infinite = torch.isinf(tensor)
    return bool((infinite | (tensor == 0)).all()) and not bool(infinite.all())

"""The whole network as an ordinary module, and its frozen part as a function of pixels."""

import torch
from torch import Tensor, nn

from warmstart.backbones.fingerprint import fingerprint


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


def body_fingerprint(network: ClassifierNetwork) -> str:
    """Hash what comes before the head: structure, code and tensors."""
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

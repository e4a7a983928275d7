"""The modules that files of the past were made with. They stay as they are."""

from torch import Tensor, nn


class OwnBackbone(nn.Module):
    """Two stages with BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU())
        self.stage1 = nn.Sequential(nn.Conv2d(6, 12, 3, 2, 1), nn.BatchNorm2d(12), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stage1(self.stem(x))
        return out


def own_backbone() -> nn.Module:
    return OwnBackbone()


def toy_module() -> nn.Sequential:
    """BatchNorm, dropout, two linear layers; weights are for the caller to put in."""
    return nn.Sequential(
        nn.BatchNorm1d(6),
        nn.Dropout(0.25),
        nn.Linear(6, 8),
        nn.ReLU(),
        nn.BatchNorm1d(8),
        nn.Linear(8, 3),
    )

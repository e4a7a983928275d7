"""Where in a picture a network finds what speaks for a class."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.backbones.pooling import ChannelsLastPool, TokenPool
from warmstart.errors import SettingError

BLOCK_ROWS = 16


def grad_cam(
    network: ClassifierNetwork,
    normalise: Normalise,
    pixels: NDArray[np.uint8],
    class_numbers: Sequence[int],
) -> NDArray[np.float64]:
    """Maps of what raises one class's logit: gradient times activation, where that is positive.

    Args:
        network: Body, pool and head; it is left as it was.
        normalise: The backbone's own.
        pixels: (N, H, W, 3) as the network sees them.
        class_numbers: The class asked about, for each.

    Returns:
        (N, h, w) in [0, 1], h and w those of the backbone's last map; each map's highest value is
        1, or all of it is 0 where nothing speaks for the class.

    Reference:
        Selvaraju et al. (2017), arXiv 1610.02391, eq. 1 and 2. Of a transformer the patch tokens
        are the map, as they lie in the picture.
    """
    was_training = network.training
    network.eval()
    maps = []
    try:
        for start in range(0, len(pixels), BLOCK_ROWS):
            block = torch.from_numpy(pixels[start : start + BLOCK_ROWS])
            classes = torch.tensor(class_numbers[start : start + BLOCK_ROWS])
            maps.append(of_block(network, normalise, block, classes))
    finally:
        network.train(was_training)
    return np.concatenate(maps) if maps else np.empty((0, 1, 1))


def of_block(
    network: ClassifierNetwork, normalise: Normalise, pixels: Tensor, classes: Tensor
) -> NDArray[np.float64]:
    """Maps (n, h, w) of a few pictures."""
    device = next(network.parameters()).device
    with torch.no_grad():
        features = network.backbone(normalise.to(device)(pixels.to(device)))
    features = features.detach().requires_grad_()  # nothing before the last map needs a gradient
    with torch.enable_grad():
        logits = network.head(network.pool(features))
        score = logits.gather(1, classes.to(device)[:, None]).sum()
        (gradient,) = torch.autograd.grad(score, features)
    values, slopes = as_map(network, features.detach()), as_map(network, gradient)
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    heat = (weights * values).sum(dim=1).relu().double()
    highest = heat.amax(dim=(1, 2), keepdim=True)
    scaled = torch.where(highest > 0, heat / highest, heat)
    return np.asarray(scaled.cpu().numpy(), np.float64)


def as_map(network: ClassifierNetwork, features: Tensor) -> Tensor:
    """What a body gives as (n, C, h, w).

    Raises:
        SettingError: it has no places: a vector, or tokens that are no square of patches.
    """
    if isinstance(network.pool, ChannelsLastPool):
        return features.permute(0, 3, 1, 2)
    if isinstance(network.pool, TokenPool):
        patches = features[:, network.pool.num_prefix_tokens :]
        side = round(patches.shape[1] ** 0.5)
        if side * side == patches.shape[1]:
            return patches.transpose(1, 2).reshape(len(patches), -1, side, side)
    elif features.ndim == 4 and features.shape[2:] != (1, 1):
        return features
    raise SettingError(
        f"{type(network.backbone).__name__} gives {tuple(features.shape[1:])} for a picture, "
        "which has no places in it.",
        expected="a map (C, h, w), or tokens that are a square of patches.",
        fix="use a backbone that keeps a map, such as tf_efficientnet_lite0.",
    )

"""Whatever a backbone gives → one vector per picture."""

from typing import NoReturn

import torch
from torch import Tensor, nn

from warmstart.errors import SettingError, reason_of


class ConcatPool(nn.Module):
    """Maximum and mean of each channel: (N, C, h, w) → (N, 2 C)."""

    def forward(self, features: Tensor) -> Tensor:
        """Pool."""
        return torch.cat([features.amax(dim=(2, 3)), features.mean(dim=(2, 3))], dim=1)


class ChannelsLastPool(nn.Module):
    """The same where channels come last: (N, h, w, C) → (N, 2 C)."""

    def forward(self, features: Tensor) -> Tensor:
        """Pool."""
        return torch.cat([features.amax(dim=(1, 2)), features.mean(dim=(1, 2))], dim=1)


class TokenPool(nn.Module):
    """Class token and mean of the patches: (N, T, C) → (N, 2 C); maximum and mean without one.

    Reference:
        Oquab et al., 2023, arXiv 2304.07193, section 7.1 (linear probes of DINOv2).
    """

    def __init__(self, num_prefix_tokens: int) -> None:
        """Say how many tokens are no patches; the first of those is the class token."""
        super().__init__()
        self.num_prefix_tokens = num_prefix_tokens

    def extra_repr(self) -> str:
        """What the fingerprint of a prefix has to know."""
        return f"num_prefix_tokens={self.num_prefix_tokens}"

    def forward(self, tokens: Tensor) -> Tensor:
        """Pool."""
        patches = tokens[:, self.num_prefix_tokens :]
        first = tokens[:, 0] if self.num_prefix_tokens else patches.amax(dim=1)
        return torch.cat([first, patches.mean(dim=1)], dim=1)


def pool_for(backbone: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """The pool that fits what a backbone gives.

    Args:
        backbone: Normalised pictures → features.
        shape: Of the features of one picture, from ``output_shape``.

    Returns:
        (N, …) → (N, D).

    Raises:
        SettingError: it gives something that is neither map, tokens nor vector.
    """
    if len(shape) == 2:
        return nn.Identity()
    if len(shape) == 3:
        num_prefix_tokens = int(getattr(backbone, "num_prefix_tokens", 0))
        if shape[1] <= num_prefix_tokens:  # of a pyramid of tokens only the class token may come
            return nn.Flatten()
        return TokenPool(num_prefix_tokens)
    if len(shape) == 4:
        if str(getattr(backbone, "output_fmt", "NCHW")).endswith("NHWC"):
            return ChannelsLastPool()
        return nn.Flatten() if shape[2:] == (1, 1) else ConcatPool()
    raise SettingError(
        f"{type(backbone).__name__} gives an output of shape {shape}.",
        expected="a map (N, C, h, w), tokens (N, T, C) or a vector (N, D).",
        fix="wrap it in a module whose forward returns one of these.",
    )


def pooled_parts(pool: nn.Module, num_features: int) -> dict[str, tuple[tuple[int, int], ...]]:
    """What a pooled row (N, D) consists of, as a linear head may use it.

    Args:
        pool: From ``pool_for``.
        num_features: D.

    Returns:
        By name, the first column of each part and the one after its last. The first entry is what
        is usually best: the mean, or, where the network has one, the class token beside it.
    """
    half, whole = num_features // 2, (0, num_features)
    if not isinstance(pool, (ConcatPool, ChannelsLastPool, TokenPool)):
        return {"whole row": (whole,)}
    first, mean = (0, half), (half, num_features)
    if isinstance(pool, TokenPool) and pool.num_prefix_tokens:
        return {"token and average": (first, mean), "token": (first,), "average": (mean,)}
    return {"average": (mean,), "average and maximum": (mean, first)}


def output_shape(backbone: nn.Module, size: int) -> tuple[int, ...]:
    """What one image becomes.

    Args:
        backbone: Normalised images (N, 3, H, W) → features.
        size: Side of the images in pixels.

    Returns:
        Shape for one image: (1, C, h, w), (1, T, C) or (1, D).

    Raises:
        SettingError: the backbone gives no tensor.
    """
    out = backbone_output(backbone, size)
    if not isinstance(out, Tensor):
        raise SettingError(
            f"{type(backbone).__name__} gives a {type(out).__name__}.",
            expected="one tensor.",
            fix="wrap it in a module whose forward returns its features only.",
        )
    if not out.numel():
        refuse_size(backbone, size, ValueError(f"nothing is left of them: {tuple(out.shape)}"))
    return tuple(out.shape)


def num_pooled(backbone: nn.Module, size: int) -> int:
    """D, the values per image that enter the head.

    Args:
        backbone: Normalised images (N, 3, H, W) → features.
        size: Side of the images in pixels.
    """
    shape = output_shape(backbone, size)
    return int(pool_for(backbone, shape)(torch.zeros(shape)).shape[1])


def backbone_output(backbone: nn.Module, size: int) -> object:
    """What a backbone gives for one black picture; a size that it does not take is refused."""
    was_training = backbone.training
    reference = next(iter(backbone.parameters()), torch.zeros(1))
    try:
        with torch.inference_mode():
            out: object = backbone.eval()(torch.zeros(1, 3, size, size, device=reference.device))
    except Exception as error:  # noqa: BLE001 - each architecture refuses in its own way
        refuse_size(backbone, size, error)
    finally:
        backbone.train(was_training)
    return out


def refuse_size(backbone: nn.Module, size: int, error: Exception) -> NoReturn:
    """Say that a backbone does not take pictures of a size.

    Args:
        backbone: Whose pretrained configuration may say which size it was made for.
        size: Side of the images in pixels.
        error: What it raised.

    Raises:
        SettingError: always.
    """
    published = (getattr(backbone, "pretrained_cfg", None) or {}).get("input_size")
    made_for = published[-1] if published and published[-1] != size else None
    raise SettingError(
        f"{type(backbone).__name__} does not take pictures of {size} pixels: {reason_of(error)}",
        expected="a network from (N, 3, H, W) to features, and a size that it was made for"
        + (f", such as {made_for}." if made_for else "."),
        fix="pass "
        + (f"sz={made_for}" if made_for else "another sz=")
        + " to tfms_from_model; None is what it was trained with.",
        flags=("--size", str(made_for)) if made_for else (),
    ) from error

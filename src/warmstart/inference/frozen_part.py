"""A frozen prefix with its runner: what stores and predictors share."""

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import nn

from warmstart.activations.key import SpaceCard, row_key
from warmstart.activations.openvino_runner import (
    OpenVinoRunner,
    compile_graph,
    fast_precision,
    openvino_mode,
    stored_dtype,
)
from warmstart.activations.runner import PixelRunner, PrefixRunner, TorchRunner
from warmstart.arguments import shortly
from warmstart.backbones.fingerprint import fingerprint
from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.errors import SettingError
from warmstart.inference.model_folder import ModelCard


class FrozenPart:
    """Pixels (N, H, W, 3) uint8 → activations, in one numeric mode."""

    def __init__(
        self,
        prefix: nn.Module | None,
        *,
        backbone: str,
        cut: str,
        size: int,
        device: torch.device,
        precision: str = "auto",
    ) -> None:
        """Put the prefix into eval mode, without gradients.

        Args:
            prefix: From pixels to what is stored; None where the pixels themselves are.
            backbone: Its name, for people.
            cut: Where it ends.
            size: Side of the pictures.
            device: Where it runs.
            precision: "f32", "bf16", or "auto": bf16 where the processor has it.
        """
        self.prefix = None if prefix is None else prefix.eval()
        self.backbone, self.cut, self.size, self.device = backbone, cut, size, device
        self.precision = chosen_precision(precision, device)

    @cached_property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one row's activations."""
        if self.prefix is None:
            return (self.size, self.size, 3)
        example = torch.zeros((1, self.size, self.size, 3), dtype=torch.uint8, device=self.device)
        with torch.inference_mode():
            return tuple(self.prefix.to(self.device)(example).shape[1:])

    @cached_property
    def runner(self) -> PrefixRunner:
        """OpenVINO on a CPU, torch elsewhere; made when first needed."""
        if self.prefix is None:
            return PixelRunner(self.size)
        if self.device.type == "cpu":
            compiled = compile_graph(self.prefix, self.size, self.precision)
            return OpenVinoRunner(compiled, self.row_shape, self.precision)
        return TorchRunner(self.prefix, self.row_shape, self.device, self.precision)

    @cached_property
    def card(self) -> SpaceCard:
        """What the stored rows of this prefix are called."""
        if self.prefix is None:  # the same for all networks
            return SpaceCard("pixels", "", self.cut, "pixels", "uint8", self.row_shape)
        on_cpu = self.device.type == "cpu"  # then the name is known without compiling anything
        mode = openvino_mode(self.precision) if on_cpu else self.runner.mode
        return SpaceCard(
            backbone=self.backbone,
            fingerprint=fingerprint(self.prefix),
            cut=self.cut,
            mode=mode,
            dtype=stored_dtype(self.precision),
            shape=self.row_shape,
        )

    def keys(self, view_name: str, content_hashes: Sequence[bytes]) -> list[bytes]:
        """Names of the rows of one view."""
        space = self.card.identity
        return [row_key(space, view_name, content) for content in content_hashes]


def chosen_precision(precision: str, device: torch.device) -> str:
    """Make "auto" a choice.

    Raises:
        SettingError: the name is another.
    """
    if precision not in {"auto", "f32", "bf16"}:
        raise SettingError(
            f"precision={precision!r} is unknown.",
            expected='"auto", "f32" or "bf16".',
            fix='pass precision="auto".',
            flags=("--precision", "auto"),
        )
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "f32"
    return fast_precision() if device.type == "cpu" else "f32"


def chosen_device(device: object) -> torch.device:
    """Make "auto" a choice: CUDA, MPS, CPU.

    Raises:
        SettingError: torch does not know the device, or this computer does not have it.
    """
    has_mps = torch.backends.mps.is_available()
    name = str(device) if isinstance(device, (str, torch.device)) else ""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu")
    kind, _, number = name.partition(":")
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": has_mps}
    if not has.get(kind, False) or not (number or "0").isdecimal():
        here = ", ".join(name for name, there in has.items() if there)
        raise SettingError(
            f"device={shortly(device)} is not available here.",
            expected=f"one of: auto, {here}.",
            fix='pass device="auto".',
            flags=("--device", "auto"),
        )
    return torch.device(name)


def frozen_part(network: ClassifierNetwork, card: ModelCard, device: torch.device) -> FrozenPart:
    """Everything before the head, from pixels on."""
    prefix = nn.Sequential(Normalise(card.mean, card.std), network.backbone, network.pool)
    return FrozenPart(
        prefix,
        backbone=card.arch,
        cut="pooled",
        size=card.recipe["size"],
        device=device,
        precision=card.precision,
    )

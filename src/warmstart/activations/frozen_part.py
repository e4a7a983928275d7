"""A frozen prefix with its runner: what stores and predictors share."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from warmstart.activations.kept_graph import GraphCard, keep_graph, kept_runner
from warmstart.activations.namespace import NamespaceCard, row_key
from warmstart.activations.openvino_compile import compile_graph, openvino_reason
from warmstart.activations.openvino_runner import OpenVinoRunner, stored_dtype
from warmstart.activations.processor import cpu_precision, openvino_mode, wanted_precision
from warmstart.activations.runner import PixelRunner, PrefixRunner
from warmstart.activations.torch_choice import Asked, pictures_a_second, run_of_mode, torch_choice
from warmstart.activations.torch_runner import TorchRun, TorchRunner
from warmstart.arguments import shortly
from warmstart.backbones.fingerprint import fingerprint, is_library_code
from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.device_views.chosen import device_views
from warmstart.device_views.pending import DeviceViews
from warmstart.errors import SettingError

POOLED = "pooled"  # the cut before the head


@dataclass(frozen=True)
class FrozenSettings:
    """What a frozen part is made with, besides a network.

    ``backbone`` is its name, for people; ``mean`` and ``std`` are those of pixels in [0, 1];
    ``size`` is the side of the images; ``precision`` as in ``FrozenPart``; ``mode`` is the numeric
    mode in which a saved model was judged, "" of a new one.
    """

    backbone: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: int
    precision: str = "auto"
    mode: str = ""

    def normalise(self) -> Normalise:
        """The module that comes before the backbone."""
        return Normalise(self.mean, self.std)


@dataclass(frozen=True)
class KnownPrefix:
    """A prefix that an earlier run has described; ``build`` makes it, if it is needed after all."""

    fingerprint: str
    row_shape: tuple[int, ...]
    build: Callable[[], nn.Module]


class FrozenPart:
    """Pixels (N, H, W, 3) uint8 → activations, in one numeric mode."""

    def __init__(
        self,
        prefix: nn.Module | KnownPrefix | None,
        *,
        backbone: str,
        cut: str,
        size: int,
        device: torch.device,
        precision: str = "auto",
        torch_cuts: dict[str, str] | None = None,
    ) -> None:
        """Put the prefix into eval mode, without gradients.

        Args:
            prefix: From pixels to what is stored, or what is known of it; None where the pixels
                themselves are.
            backbone: Its name, for people.
            cut: Where it ends.
            size: Side of the images.
            device: Where it runs.
            precision: "f32", "bf16", or "auto": bf16 where the processor has it.
            torch_cuts: Why torch runs a cut that OpenVINO should, by the cut's name. Shared by the
                parts of one network, so that nothing is tried in vain, or said, twice.
        """
        self.is_pixels = prefix is None
        self.known = prefix if isinstance(prefix, KnownPrefix) else None
        if isinstance(prefix, nn.Module):
            self.prefix = ready(prefix)
        self.backbone, self.cut, self.size, self.device = backbone, cut, size, device
        self.precision = resolve_precision(precision, device)
        self.torch_cuts = {} if torch_cuts is None else torch_cuts
        self.store: Path | None = None  # where rows and graphs lie that earlier runs have made
        self.judged_mode = ""  # of a saved model: how torch ran it on a GPU
        self.expected_rows = 0  # the most that were asked for at once, before the runner was made

    @cached_property
    def prefix(self) -> nn.Module:
        """From pixels to what is stored, unless the pixels themselves are; built when needed."""
        return nn.Identity() if self.known is None else ready(self.known.build())

    def __getstate__(self) -> dict[str, Any]:
        """Without what is compiled, which each process does for itself."""
        return {name: value for name, value in vars(self).items() if name != "runner"}

    @cached_property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one row's activations."""
        if self.is_pixels:
            return (self.size, self.size, 3)
        if self.known is not None:
            return self.known.row_shape
        example = torch.zeros((1, self.size, self.size, 3), dtype=torch.uint8, device=self.device)
        with torch.inference_mode():
            return tuple(self.prefix.to(self.device)(example).shape[1:])

    @cached_property
    def runner(self) -> PrefixRunner:
        """OpenVINO on a CPU, if it can run the prefix; else torch. Made when first needed."""
        if self.is_pixels:
            return PixelRunner(self.size)
        row_shape = self.row_shape  # by torch, so that a fault of the network's own shows here
        if self.device.type == "cpu" and self.cut not in self.torch_cuts:
            try:
                return self._openvino_runner(row_shape)
            except Exception as error:  # noqa: BLE001 - whatever OpenVINO raises; torch can do it
                self._note_torch(error)
        return TorchRunner(self.prefix, row_shape, self.device, self.precision, self._torch_run())

    @cached_property
    def views_on(self) -> DeviceViews | None:
        """What makes views on the device; None where the processor's threads do."""
        return device_views(self.device)

    def _torch_run(self) -> TorchRun:
        views = "" if self.views_on is None else self.views_on.name
        if self.device.type != "cuda" or self.prefix is None:
            return TorchRun(views=views)
        judged = run_of_mode(self.judged_mode)
        if judged is not None:
            return replace(judged, views=views)
        name = torch.cuda.get_device_name(self.device)
        asked = Asked(self.backbone, self.cut, self.size, name, self.precision, self.expected_rows)
        measure = pictures_a_second(
            self.prefix, self.row_shape, self.size, self.device, self.precision
        )
        choice = torch_choice(asked, self.store, measure)
        return TorchRun(choice.way, choice.batch, views)

    def _openvino_runner(self, row_shape: tuple[int, ...]) -> OpenVinoRunner:
        """From the graph that an earlier run kept, else from one that is made and kept."""
        mode, store = openvino_mode(self.precision), self.store
        if store is None:
            model = compile_graph(self.prefix, self.size, self.precision).model
            return OpenVinoRunner(model, row_shape, self.precision, mode)
        card = self._graph_card(mode, row_shape)
        kept = kept_runner(card.folder(store))
        if kept is None:
            model, graph = compile_graph(self.prefix, self.size, self.precision)
            keep_graph(store, card, graph)
            kept = OpenVinoRunner(model, row_shape, self.precision, mode)
        return kept

    def _graph_card(self, mode: str, row_shape: tuple[int, ...]) -> GraphCard:
        return GraphCard(
            self.backbone, self.fingerprint, self.cut, self.size, mode, self.precision, row_shape
        )

    def graph_folder(self) -> Path | None:
        """Where the graph of this part lies if it was kept; None where none ever is."""
        mode = self._usual_mode()
        if self.store is None or self.is_pixels or not mode:
            return None
        return self._graph_card(mode, self.row_shape).folder(self.store)

    @cached_property
    def fingerprint(self) -> str:
        """Of the prefix; "" of pixels."""
        if self.is_pixels:
            return ""
        return fingerprint(self.prefix) if self.known is None else self.known.fingerprint

    @property
    def is_library_code(self) -> bool:
        """Whether versions of packages name all code of the prefix: none is the user's own."""
        if self.known is not None:
            return True  # nothing else is ever remembered
        return not self.is_pixels and is_library_code(self.prefix)

    def _note_torch(self, error: Exception) -> None:
        """Remember why torch runs the prefix, and say so if it has not been said."""
        is_missing = isinstance(error, ImportError)
        why = openvino_reason(error)
        if why not in self.torch_cuts.values():
            does = "is not available here" if is_missing else f"cannot run {self.backbone}"
            todo = " To have it: pip install --upgrade openvino" if is_missing else ""
            warnings.warn(
                f"OpenVINO {does} ({why}). Torch computes instead: the same but for the last "
                f"digits, and slower.{todo}",
                stacklevel=2,
            )
        self.torch_cuts[self.cut] = why

    @cached_property
    def card(self) -> NamespaceCard:
        """What the stored rows of this prefix are called."""
        if self.is_pixels:  # the same for all networks
            return NamespaceCard("pixels", "", self.cut, "pixels", "uint8", self.row_shape)
        card = NamespaceCard(
            backbone=self.backbone,
            fingerprint=self.fingerprint,
            cut=self.cut,
            mode="",
            dtype=stored_dtype(self.precision),
            shape=self.row_shape,
        )
        usual = replace(card, mode=self._usual_mode())
        if self.store is not None and (self.store / usual.identity).is_dir():
            return usual  # it has run here before, so nothing need be compiled to know that it can
        return replace(card, mode=self.runner.mode)

    def _usual_mode(self) -> str:
        """Of the runner that the device usually has; "" where that is known only by making it."""
        if self.device.type != "cpu":
            return ""
        try:
            return openvino_mode(self.precision)
        except ImportError:
            return ""

    def keys(self, views: str | Sequence[str], content_hashes: Sequence[bytes]) -> list[bytes]:
        """Names of rows: of one view, or of a view each."""
        namespace = self.card.identity
        names = [views] * len(content_hashes) if isinstance(views, str) else views
        pairs = zip(names, content_hashes, strict=True)
        return [row_key(namespace, name, content) for name, content in pairs]


def ready(prefix: nn.Module) -> nn.Module:
    """A prefix in eval mode, as it is run."""
    # some modules keep in eval mode what they made of their weights, and forget in train mode;
    # training lays weights out otherwise, which may change the last digits
    return prefix.train().eval().to(memory_format=torch.contiguous_format)


def resolve_precision(precision: str, device: torch.device) -> str:
    """Make "auto" a choice: that of WARMSTART_PRECISION, or what the device does fast."""
    wanted = wanted_precision(precision)
    if wanted != "auto" or device.type == "cpu":
        return cpu_precision(wanted)
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "f32"
    return "f32"


def resolve_device(device: object) -> torch.device:
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


def part_before(
    cut: str,
    prefix: nn.Module | KnownPrefix | None,
    settings: FrozenSettings,
    device: torch.device,
    torch_cuts: dict[str, str] | None = None,
) -> FrozenPart:
    """Everything before a cut.

    Args:
        cut: Its name.
        prefix: From pixels to what crosses it, or what is known of that; None where the pixels
            themselves do.
        settings: Of the network.
        device: Where it runs.
        torch_cuts: As in ``FrozenPart``.
    """
    part = FrozenPart(
        prefix,
        backbone=settings.backbone,
        cut=cut,
        size=settings.size,
        device=device,
        precision=settings.precision,
        torch_cuts=torch_cuts,
    )
    part.judged_mode = settings.mode
    return part


def frozen_backbone(
    network: ClassifierNetwork,
    settings: FrozenSettings,
    device: torch.device,
    torch_cuts: dict[str, str] | None = None,
) -> FrozenPart:
    """Everything before the head, from pixels on; arguments as in ``part_before``."""
    return part_before(POOLED, pooled_prefix(network, settings), settings, device, torch_cuts)


def pooled_prefix(network: ClassifierNetwork, settings: FrozenSettings) -> nn.Module:
    """Pixels → the rows that enter the head."""
    return nn.Sequential(settings.normalise(), network.backbone, network.pool)

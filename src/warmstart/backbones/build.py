"""Any architecture without its classifier."""

import inspect
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from warmstart.backbones.card import (
    EMBEDDED_ARCH,
    Architecture,
    check_arch,
    is_torchvision,
    name_of,
    near_timm_names,
)
from warmstart.backbones.cut import crossings, halves
from warmstart.backbones.pooling import backbone_output, refuse_size
from warmstart.backbones.tracing import module_path, traced
from warmstart.errors import SettingError, reason_of

CLASSIFIERS = {"classifier", "fc", "head", "heads", "aux1", "aux2", "AuxLogits"}


@dataclass(frozen=True, eq=False)
class Backbone:
    """``module`` maps normalised pictures (N, 3, H, W) to a feature map, tokens or a vector."""

    module: nn.Module
    name: str


def build_backbone(arch: Architecture, size: int, *, seed: int = 0) -> Backbone:
    """Build with random weights that depend on the seed alone.

    Args:
        arch: A timm name; a torchvision factory, whose classifier is taken off; or a function that
            returns a backbone: an ``nn.Module`` from images to a map (N, C, h, w), tokens
            (N, T, C) or a vector (N, D).
        size: Side of the images in pixels.
        seed: For the weights.

    Returns:
        The backbone.

    Raises:
        SettingError: the function returns something else, or the size does not fit.
    """
    name = name_of(arch)
    with torch.random.fork_rng([]), warnings.catch_warnings():
        torch.manual_seed(seed)
        warnings.filterwarnings("ignore", message="The default weight initialization")
        if isinstance(arch, str):
            check_arch(arch)
            return Backbone(timm_backbone(arch, size), name)
        module = arch(**known_arguments(arch))
    if not isinstance(module, nn.Module):
        raise SettingError(
            f"{name}() returns a {type(module).__name__}.",
            expected="a function that returns an nn.Module.",
            fix="pass the function itself, such as arch=resnet34, or arch=lambda: module.",
        )
    if name.startswith("torchvision."):
        return Backbone(without_classifier(module, size), name)
    return Backbone(module, name)


def timm_backbone(name: str, size: int) -> nn.Module:
    """A network of timm without its classifier, and without its pooling if that is only arithmetic.

    Where the pooling is trained (by attention, or with a norm behind it), gives several maps that
    belong together, or cannot be taken off (distilled heads), the backbone ends with what timm
    calls the network's features, pooled in its own way.

    Raises:
        SettingError: timm cannot build it without a classifier.
    """
    import timm  # here: it takes seconds

    state = torch.random.get_rng_state()
    try:
        backbone: nn.Module = timm.create_model(name, num_classes=0, global_pool="")
        with torch.device("meta"):  # names and shapes only
            features: nn.Module = timm.create_model(name, num_classes=0)
        if shapes(backbone) == shapes(features) and not gives_several(backbone, size):
            return backbone
    except Exception:  # noqa: BLE001 - each of timm's modules refuses in its own way
        pass
    torch.random.set_rng_state(state)  # else its first weights would depend on the attempt
    try:
        pooled: nn.Module = timm.create_model(name, num_classes=0)
    except Exception as error:
        near = [found for found in near_timm_names(name) if found != name] or [EMBEDDED_ARCH]
        raise SettingError(
            f"timm cannot build {name} without its classifier: {reason_of(error)}",
            expected="an architecture that can be, as nearly all can.",
            fix=f"pass arch={near[0]!r}.",
            flags=("--arch", near[0]),
        ) from error
    return pooled


def shapes(module: nn.Module) -> dict[str, torch.Size]:
    """Of every tensor that a state dict would have."""
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


def gives_several(backbone: nn.Module, size: int) -> bool:
    """Whether a network gives something else than one tensor for pictures that it takes."""
    try:
        return not isinstance(backbone_output(backbone, size), Tensor)
    except SettingError:  # it wants another size, which whoever asks for its shape is told
        return False


def known_arguments(factory: Any) -> dict[str, Any]:
    """What torchvision's factories want: no weights, which are loaded afterwards."""
    if not is_torchvision(factory):
        return {}
    return {"weights": None} if "weights" in inspect.signature(factory).parameters else {}


def fit_to_size(backbone: Any, size: int) -> None:
    """Make a transformer whose positions were trained for another size take this one.

    Args:
        backbone: Its weights are loaded; timm interpolates its position embeddings.
        size: Side of the pictures, which is refused if it cannot.
    """
    trained = getattr(getattr(backbone, "patch_embed", None), "img_size", None)
    if hasattr(backbone, "set_input_size") and trained is not None and trained != (size, size):
        try:
            backbone.set_input_size(img_size=size)
        except Exception as error:  # noqa: BLE001 - timm raises whatever it meets
            refuse_size(backbone, size, error)


def without_classifier(module: nn.Module, size: int) -> nn.Module:
    """Everything up to the last map or row of tokens before the classifier.

    Raises:
        SettingError: there is none, or the network cannot be traced.
    """
    try:
        network = traced(module.eval(), torch.zeros(2, 3, size, size))
    except SettingError:
        backbone_output(
            module, size
        )  # where it is the size that does not fit, that is said instead
        raise
    nodes: list[fx.Node] = list(network.graph.nodes)
    crosses = crossings(nodes)
    last = None
    for i in range(len(nodes)):
        node = nodes[i]
        if module_path(node).partition(".")[0] in CLASSIFIERS:
            break
        if crosses[i] is node and is_map_or_tokens(node):
            last = i
    if last is None:
        raise SettingError(
            f"{type(module).__name__} has no feature map before its classifier.",
            expected="a network whose last layers are pooling and a classifier.",
            fix="pass a function that returns the network without its classifier.",
        )
    backbone: Any = halves(network, last)[0]
    if len(nodes[last].meta["shape"]) == 3:
        backbone.num_prefix_tokens = 1  # torchvision's class token
    found: nn.Module = backbone
    return found


def is_map_or_tokens(node: fx.Node) -> bool:
    """Whether an operation gives (N, C, h, w) with more than one place, or (N, T, C)."""
    shape = node.meta.get("shape")
    if node.op == "placeholder" or not shape:
        return False
    return len(shape) == 3 or (len(shape) == 4 and shape[2] * shape[3] > 1)

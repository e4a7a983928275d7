"""Where pretrained weights come from: a path, the embedded package, or timm's hub."""

import hashlib
import os
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from warmstart.backbones.card import EMBEDDED_ARCH, Architecture, name_of
from warmstart.backbones.embedded import (
    PACKAGES,
    embedded_weights,
    is_installed,
    package_content,
)
from warmstart.backbones.network import nonfinite_in_words
from warmstart.errors import WeightsError, reason_of
from warmstart.files.reading import open_regular
from warmstart.files.tensors import read_header

CLASSIFIER_PREFIXES = (
    "classifier.", "fc.", "head.", "head_dist.", "last_linear.", "heads.", "AuxLogits.", "aux1.",
    "aux2.",
)  # fmt: skip
CONNECT_SECONDS = 5.0
MOST_BYTES = 64 << 30  # of a file of weights
SUFFIXES = (".safetensors", ".pth", ".pt")


def load_pretrained(backbone: nn.Module, arch: Architecture, weights: Path | None) -> str:
    """Put pretrained weights into a backbone.

    Args:
        backbone: The network without its classifier.
        arch: Its name.
        weights: A state dict (.safetensors, or .pth / .pt read with ``weights_only``); None is a
            file named after the architecture in the folder WARMSTART_WEIGHTS, the embedded default,
            or the hub.

    Returns:
        Where they came from, in words.

    Raises:
        WeightsError: nothing says which weights belong to the architecture.
    """
    weights = weights or kept_file(name_of(arch))
    if weights is not None:
        load_strictly(backbone, read_state(weights), str(weights), arch)
        return weights.name
    package = PACKAGES.get(name_of(arch))
    if package is not None and (arch == EMBEDDED_ARCH or is_installed(package)):
        load_strictly(backbone, embedded_weights(package), "the embedded weights")
        return package.name
    if name_of(arch).startswith("torchvision."):
        load_strictly(
            backbone, torchvision_weights(arch), f"torchvision's weights of {name_of(arch)}"
        )
        return f"{name_of(arch)}, default weights"
    if not isinstance(arch, str):
        raise WeightsError(
            f"arch={name_of(arch)} is a function, and nothing says which weights belong to it.",
            expected="a file of weights, or pretrained=False.",
            fix="pass weights=PATH; or pretrained=False to keep what the function returns.",
        )
    load_strictly(backbone, hub_weights(arch), f"timm's weights of {arch}", arch)
    return f"timm hub: {arch}"


def weights_identity(arch: str, weights: Path | None) -> tuple[str, ...] | None:
    """What names the weights that ``load_pretrained`` would load, without loading them.

    Args:
        arch: timm's name.
        weights: As of ``load_pretrained``.

    Returns:
        What they are called, and the sha256 of their file; None where there is no such file, or
        only timm knows which it is.
    """
    weights = weights or kept_file(arch)
    with suppress(OSError, metadata.PackageNotFoundError):
        if weights is not None:
            with open_regular(weights, MOST_BYTES) as file:
                return weights.name, hashlib.file_digest(file, "sha256").hexdigest()
        package = PACKAGES.get(arch)
        if package is not None and package_content(package) is not None:
            return package.name, package.sha256
    return None


def kept_file(name: str) -> Path | None:
    """A file with an architecture's weights in the folder that WARMSTART_WEIGHTS names."""
    folder = os.environ.get("WARMSTART_WEIGHTS")
    if not folder:
        return None
    names = dict.fromkeys([name, name.removeprefix("torchvision.")])
    files = [Path(folder) / f"{stem}{suffix}" for stem in names for suffix in SUFFIXES]
    return next((file for file in files if file.is_file()), None)


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict without executing anything that is in the file.

    Raises:
        WeightsError: there is no such file, or it is not a state dict.
    """
    expected = "a state dict as .safetensors, or as .pth / .pt of tensors only."
    if not path.is_file():
        raise WeightsError(
            f"weights={str(path)!r} is not a file.", expected=expected, fix="check the path."
        )
    try:
        if path.suffix == ".safetensors":
            read_header(path)  # whose sizes are those of the file
            return finite_weights(dict(load_file(path)), path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(
            f"{path} cannot be read as weights ({type(error).__name__}).",
            expected=expected,
            fix="save them again with safetensors.torch.save_file(model.state_dict(), path).",
        ) from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise WeightsError(
            f"{path} holds something else than tensors by name.",
            expected=expected,
            fix="save model.state_dict(), not the model.",
        )
    return finite_weights(state, path)


def finite_weights(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """A state dict whose weights are all numbers.

    Raises:
        WeightsError: NaN or infinity is among them.
    """
    wrong = nonfinite_in_words(state)
    if wrong:
        raise WeightsError(
            f"{path} holds {wrong}.",
            expected="weights that are numbers.",
            fix="take the file from before the training diverged.",
        )
    return state


def hub_weights(arch: str) -> dict[str, Tensor]:
    """Load through timm: from its cache, or from its hub if they are not there.

    Raises:
        WeightsError: timm has none, or the hub cannot be reached.
    """
    import timm  # here: it takes seconds
    from huggingface_hub import constants

    def load() -> dict[str, Tensor]:
        return dict(timm.create_model(arch, pretrained=True).state_dict())

    try:
        with asking_the_cache_only():
            return load()
    except Exception as error:
        if constants.HF_HUB_OFFLINE or not can_connect(constants.ENDPOINT):
            raise WeightsError(**no_weights(arch, error)) from error
    try:
        return load()
    except Exception as error:
        raise WeightsError(**no_weights(arch, error)) from error


def torchvision_weights(factory: Architecture) -> dict[str, Tensor]:
    """Load torchvision's default weights, from its cache or its server.

    Raises:
        WeightsError: the server cannot be reached.
    """
    import torchvision  # here: it takes seconds

    try:
        chosen = torchvision.models.get_model_weights(factory).DEFAULT
        return dict(chosen.get_state_dict(progress=False, check_hash=True))
    except Exception as error:
        raise WeightsError(**no_weights(name_of(factory), error)) from error


@contextmanager
def asking_the_cache_only() -> Iterator[None]:
    """Let the hub's weights be found where they were kept: it would be asked for them each time."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def can_connect(address: str) -> bool:
    """Whether a server answers; behind a proxy only the proxy can tell, so yes."""
    parts = urllib.parse.urlsplit(address)
    if urllib.request.getproxies().get(parts.scheme):
        return True
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def no_weights(name: str, error: Exception) -> dict[str, Any]:
    """What can be done where pretrained weights cannot be had: arguments of a WeightsError."""
    return {
        "what": f"no pretrained weights of {name}: {reason_of(error)}",
        "expected": "a network connection to where they are published, a file of weights, or "
        f"arch={EMBEDDED_ARCH!r}, whose weights are installed.",
        "fix": f"pass arch={EMBEDDED_ARCH!r}, or weights=PATH (--weights PATH), or let "
        "WARMSTART_WEIGHTS name a folder of such files; to start from random weights on purpose, "
        "pass pretrained=False (--no-pretrained).",
        "flags": ("--arch", EMBEDDED_ARCH),
    }


def load_strictly(
    backbone: nn.Module, state: dict[str, Tensor], source: str, arch: Architecture | None = None
) -> None:
    """Load strictly, but for what the backbone no longer has of the whole network.

    Args:
        backbone: The network without its classifier.
        state: Tensors by name.
        source: Where they come from, in words.
        arch: What they were trained as, if somebody says.

    Raises:
        WeightsError: tensors are missing, of another shape, or left over.
    """
    wanted = backbone.state_dict()
    missing = [name for name in wanted if name not in state]
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    left = [n for n in state if n not in wanted and not n.startswith(CLASSIFIER_PREFIXES)]
    if left and isinstance(arch, str):
        left = sorted(set(left) - whole_names(arch))
    wrong = [n for n in wanted if n in state and state[n].shape != wanted[n].shape]
    for what, names in (("misses", missing), ("has other shapes of", wrong), ("also has", left)):
        if names:
            raise WeightsError(
                f"{source} {what} {len(names)} tensors of this architecture, first {names[0]!r}.",
                expected=f"the {len(wanted)} tensors of the backbone, by its own names.",
                fix="pass the arch= that these weights were trained with.",
            )
    backbone.load_state_dict({n: t for n, t in state.items() if n in wanted}, strict=False)


def whole_names(arch: str) -> set[str]:
    """Names of the tensors of one of timm's networks, its classifiers included."""
    import timm  # here: it takes seconds

    with torch.device("meta"):
        whole: nn.Module = timm.create_model(arch)
    return set(whole.state_dict())

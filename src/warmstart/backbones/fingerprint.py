"""One hash for everything in a frozen part that can change its outputs."""

import hashlib
import inspect
from importlib import metadata

import torch
from torch import nn

VERSIONED = ("torch", "timm", "torchvision", "warmstart")  # their code is named by their version


def fingerprint(prefix: nn.Module) -> str:
    """Hash a module's structure, code and tensors.

    Args:
        prefix: In the mode in which it will run.

    Returns:
        64 hexadecimal digits. Code counts by its package's version, and by its source where it is
        the user's own.
    """
    digest = hashlib.sha256(repr(prefix).encode())
    for kind in sorted({type(module) for module in prefix.modules()}, key=lambda t: t.__qualname__):
        digest.update(code_of(kind).encode())
    for name, tensor in prefix.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().view(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def code_of(kind: type[nn.Module]) -> str:
    """What names the code of a class: its package's version, or its source."""
    package = kind.__module__.partition(".")[0]
    if package in VERSIONED:
        return f"{kind.__module__}.{kind.__qualname__} {metadata.version(package)}"
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # typed into a prompt: no source to be had
        methods = [f.__code__.co_code.hex() for f in vars(kind).values() if inspect.isfunction(f)]
        return kind.__qualname__ + "".join(methods)

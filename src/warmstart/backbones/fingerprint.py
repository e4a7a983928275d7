"""One hash for everything in a frozen part that can change its outputs."""

import hashlib
import inspect
from importlib import metadata
from types import CodeType

import torch
from torch import nn

PLAIN = (bool, int, float, str, bytes, type(None))
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
    for path, module in prefix.named_modules():
        digest.update(f"{path} {plain_attributes(module)}".encode())
    for kind in sorted({type(module) for module in prefix.modules()}, key=lambda t: t.__qualname__):
        digest.update(class_code(kind).encode())
    tensors = dict(prefix.named_parameters()) | dict(prefix.named_buffers())
    for name, tensor in sorted(tensors.items()):  # buffers that are not saved compute as well
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().view(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def is_library_code(prefix: nn.Module) -> bool:
    """Whether all code of a module is that of packages that are named by their versions."""
    packages = {type(module).__module__.partition(".")[0] for module in prefix.modules()}
    return packages <= set(VERSIONED)


def plain_attributes(module: nn.Module) -> str:
    """Numbers, words and functions that a module keeps for its forward pass."""
    found = []
    for name, value in sorted(vars(module).items()):
        if name == "training" or (name.startswith("_") and name in vars(nn.Module())):
            continue
        if is_plain(value):
            found.append(f"{name}={value!r}")
        elif inspect.isfunction(value):
            found.append(f"{name}={function_code(value.__code__)}")
    return ", ".join(found)


def is_plain(value: object) -> bool:
    """Whether the text of a value says all of it, and the same in each process."""
    if isinstance(value, (tuple, list)):
        return all(is_plain(entry) for entry in value)
    return isinstance(value, PLAIN)


def function_code(code: CodeType) -> str:
    """Instructions, names and constants, also of functions within."""
    constants = [
        function_code(value) if isinstance(value, CodeType) else repr(value)
        for value in code.co_consts
    ]
    return f"{code.co_code.hex()} {code.co_names} {constants}"


def class_code(kind: type[nn.Module]) -> str:
    """What names the code of a class: its package's version, or its source."""
    package = kind.__module__.partition(".")[0]
    if package in VERSIONED:
        return f"{kind.__module__}.{kind.__qualname__} {metadata.version(package)}"
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # typed into a prompt: no source to be had
        functions = [f for f in vars(kind).values() if inspect.isfunction(f)]
        methods = [function_code(function.__code__) for function in functions]
        return kind.__qualname__ + "".join(methods)

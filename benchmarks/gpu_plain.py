"""The plain loops that ``gpu.py`` is compared with: what a script of thirty lines does."""

from collections.abc import Callable
from typing import Any

import timm
import torch
from torch.nn import functional
from torchvision.io import ImageReadMode, decode_jpeg

from warmstart.backbones.network import Normalise

PLAIN_BATCH, TRAIN_BATCH = 128, 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def plain_backbone(arch: str, device: torch.device) -> torch.nn.Module:
    """A backbone as a script has it."""
    model = timm.create_model(arch, pretrained=False, num_classes=0).to(device).eval()
    return model.to(memory_format=torch.channels_last)


def plain_rows(
    model: torch.nn.Module, contents: list[bytes], size: int, device: torch.device
) -> None:
    """The loop of thirty lines: decode a batch, resize each, forward; one after the other."""
    mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD, device=device).view(1, 3, 1, 1) * 255
    for start in range(0, len(contents), PLAIN_BATCH):
        raw = [
            torch.frombuffer(bytearray(content), dtype=torch.uint8)
            for content in contents[start : start + PLAIN_BATCH]
        ]
        decoded = decode_jpeg(raw, mode=ImageReadMode.RGB, device=device)
        pictures = [
            functional.interpolate(
                picture[None].float(), (size, size), mode="bilinear", antialias=True
            ) for picture in decoded
        ]  # fmt: skip
        batch = ((torch.cat(pictures) - mean) / std).to(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            model(batch).half().cpu().numpy()


def plain_steps(
    arch: str, size: int, num_rows: int, device: torch.device, *, is_compiled: bool = False
) -> Callable[[], None]:
    """An epoch of the plain loop: channels_last, bf16, SGD, pixels on the device."""
    model: Any = timm.create_model(arch, pretrained=False, num_classes=2).to(device).train()
    model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    network = torch.compile(model, dynamic=False) if is_compiled else model
    normalise = Normalise(MEAN, STD).to(device)
    pixels = torch.zeros((TRAIN_BATCH, size, size, 3), dtype=torch.uint8, device=device)
    labels = torch.zeros(TRAIN_BATCH, dtype=torch.long, device=device)

    def epoch() -> None:
        for _ in range(max(1, num_rows // TRAIN_BATCH)):
            with torch.autocast(device.type, torch.bfloat16):
                loss = functional.cross_entropy(network(normalise(pixels)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch

"""What `against_fastai.py` runs in fastai's environment: one whole process, 4 frozen epochs."""

import argparse
import json
import time
from pathlib import Path

import timm
import torch
from fastai.vision.all import (
    CrossEntropyLossFlat,
    DataLoaders,
    ImageDataLoaders,
    Learner,
    Normalize,
    Resize,
    TimmBody,
    accuracy,
    aug_transforms,
    create_head,
    default_split,
    nn,
)
from safetensors.torch import load_file

ARCH = "tf_efficientnet_lite0"


def frozen_learner(loaders: DataLoaders, weights: str) -> Learner:
    """What fastai's `vision_learner` builds, with weights from a file."""
    network = timm.create_model(ARCH, pretrained=False, num_classes=0, global_pool="")
    network.load_state_dict(load_file(weights))
    body = TimmBody(network)
    model = nn.Sequential(body, create_head(1280, loaders.c))
    learner = Learner(
        loaders, model, loss_func=CrossEntropyLossFlat(), splitter=default_split, metrics=accuracy
    )
    learner.freeze()
    return learner


def main() -> None:
    """Train and print what came out as JSON."""
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("weights")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--frozen-bn", action="store_true", help="body BatchNorm in eval mode")
    given = words.parse_args()
    torch.manual_seed(given.seed)
    loaders = ImageDataLoaders.from_folder(
        given.folder,
        train="train",
        valid="valid",
        item_tfms=Resize(224),
        batch_tfms=[*aug_transforms(), Normalize.from_stats([0.5] * 3, [0.5] * 3)],
        bs=32,
        num_workers=2,
        seed=given.seed,
    )
    learner = frozen_learner(loaders, given.weights)
    if given.frozen_bn:
        for module in learner.model[0].modules():
            if isinstance(module, nn.BatchNorm2d):
                module.requires_grad_(requires_grad=False)
                module.train = lambda mode=True, module=module: module  # noqa: ARG005
                module.eval()
                module.training = False
    began = time.perf_counter()
    learner.fit_one_cycle(4, 3e-3)
    seconds = time.perf_counter() - began
    values = [float(v[-1]) for v in learner.recorder.values]
    print("RESULT " + json.dumps({"fit_seconds": seconds, "accuracies": values}))


if __name__ == "__main__":
    main()

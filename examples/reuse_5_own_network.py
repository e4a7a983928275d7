"""Fifth level of reuse: a new wheel. A network of one's own, here LeNet, trained from nothing.

python examples/reuse_5_own_network.py [NUMBER OF DIGITS]
"""

import sys

from digits import digits
from torch import nn

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model


def lenet() -> nn.Module:
    """LeCun, Bottou, Bengio and Haffner (1998) up to the last feature maps, with ReLU."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    )  # fmt: skip


train, valid = digits(int(sys.argv[1]) if len(sys.argv) > 1 else None)
half = (0.5, 0.5, 0.5)
tfms = tfms_from_model(lenet, 32, mean=half, std=half, pre_crop_scale=1.0)
data = ImageClassifierData.from_arrays(train, valid, tfms, bs=32)

learn = ConvLearner.pretrained(lenet, data, pretrained=False, xtra_fc=(120, 84), opt="adamw")
learn.unfreeze()
learn.fit(2e-3, 8, one_cycle=True)

print(f"LeNet: accuracy {learn.predict().accuracy:.3f}")

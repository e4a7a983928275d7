"""Fourth level of reuse: the same family with another depth, all of its weights trained anew.

python examples/reuse_4_other_depth.py [NUMBER OF DIGITS [ARCH]]
"""

import sys

from digits import digits

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

train, valid = digits(int(sys.argv[1]) if len(sys.argv) > 1 else None)
arch = sys.argv[2] if len(sys.argv) > 2 else "resnet10t"  # or resnet18, resnet34, resnet101 …
data = ImageClassifierData.from_arrays(train, valid, tfms=tfms_from_model(arch, 32), bs=32)

learn = ConvLearner.pretrained(arch, data, pretrained=False, opt="adamw")  # random weights
learn.unfreeze()
learn.fit(1e-3, 2, one_cycle=True, bn="train")  # BatchNorm's statistics, too, are this data's

print(f"{arch}, all weights: accuracy {learn.predict().accuracy:.3f}")

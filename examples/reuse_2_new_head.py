"""Second level of reuse: another output layer. The network stays as it is, its new head is trained.

python examples/reuse_2_new_head.py [NUMBER OF DIGITS]
"""

import sys

from digits import digits

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

arch = "tf_efficientnet_lite0"
train, valid = digits(int(sys.argv[1]) if len(sys.argv) > 1 else None)
data = ImageClassifierData.from_arrays(train, valid, tfms=tfms_from_model(arch, 64))

learn = ConvLearner.pretrained(arch, data, precompute=True)  # frozen up to the head
learn.fit(0.01, 1, cycle_len=4)

print(f"head alone: accuracy {learn.predict().accuracy:.3f}")

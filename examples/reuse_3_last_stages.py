"""Third level of reuse: the first stages stay frozen, the last ones and the head are trained.

python examples/reuse_3_last_stages.py [NUMBER OF DIGITS]
"""

import sys

from digits import digits

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

arch = "tf_efficientnet_lite0"
train, valid = digits(int(sys.argv[1]) if len(sys.argv) > 1 else None)
data = ImageClassifierData.from_arrays(train, valid, tfms=tfms_from_model(arch, 64))

learn = ConvLearner.pretrained(arch, data, precompute=True)
learn.fit(0.01, 1, cycle_len=2)
head_alone = learn.predict().accuracy

learn.freeze_to("blocks.6")  # everything before it is computed once, and kept
learn.fit([1e-4, 1e-3], 1, cycle_len=2)  # smaller rates towards the image

print(learn.summary())
print(
    f"head alone: accuracy {head_alone:.3f}; then the last stages: {learn.predict().accuracy:.3f}"
)

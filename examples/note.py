"""The note's own lines, in its order; only imports, paths and sizes are added.

    python examples/note.py PHOTOS [SIZE]

PHOTOS holds train/<class>/ and valid/<class>/. The weights of resnet34 come from the server of
torchvision, or from the file resnet34.safetensors in the folder that WARMSTART_WEIGHTS names.
"""

import sys

import numpy as np
from torchvision.models import resnet34

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model, transforms_side_on

PATH = sys.argv[1]
sz = int(sys.argv[2]) if len(sys.argv) > 2 else 224

# Precompute and freeze
arch = resnet34
data = ImageClassifierData.from_paths(PATH, tfms=tfms_from_model(arch, sz))
learn = ConvLearner.pretrained(arch, data, precompute=True)
learn.fit(0.01, 2)

# Choosing a start learning rate
print(f"suggestion {learn.lr_find().suggestion:.2g}")

# Stochastic gradient descent with restarts, on augmented views
tfms = tfms_from_model(arch, sz, aug_tfms=transforms_side_on, max_zoom=1.1)
data = ImageClassifierData.from_paths(PATH, tfms=tfms)
learn = ConvLearner.pretrained(arch, data, precompute=True)
learn.fit(1e-2, 1)
learn.precompute = False
learn.fit(1e-2, 3, cycle_len=1)

# Differential learning rate annealing
learn.unfreeze()
lr = np.array([1e-4, 1e-3, 1e-2])
learn.fit(lr, 3, cycle_len=1, cycle_mult=2)

# Test time augmentation
predictions = learn.TTA()

# Analyzing results with confusion matrix
print(predictions.confusion_matrix())
low, high = predictions.accuracy_interval
print(f"accuracy {predictions.accuracy:.4f} (95 % {low:.4f} to {high:.4f})")

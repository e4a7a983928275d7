"""First level of reuse: somebody else's model as it is, with its 1,000 classes. Nothing is trained.

    python examples/reuse_1_as_it_is.py [PHOTO ...]

In a shell: warmstart predict tf_efficientnet_lite0 PHOTO --top 3
"""

import sys

from sklearn.datasets import load_sample_images

from warmstart import load_predictor

photos = sys.argv[1:] or load_sample_images().images  # of a temple, and of a flower

model = load_predictor("tf_efficientnet_lite0")
predictions = model.predict(photos)

for name, probabilities in zip(predictions.rows, predictions.probabilities, strict=True):
    best = (-probabilities).argsort()[:3]
    print(name, "·", ", ".join(f"{model.classes[k]} {probabilities[k]:.2f}" for k in best))

"""``python onnx_alone.py model.onnx photo.jpg …``: an exported model, without warmstart."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
classes = json.loads(session.get_modelmeta().custom_metadata_map["warmstart.classes"])
for name in sys.argv[2:]:
    with Image.open(name) as picture:
        pixels = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    probabilities, *unknown = session.run(None, {"image": pixels})
    best = int(probabilities.argmax())
    answer = "unknown" if unknown and unknown[0] else classes[best]
    print(f"{name}\t{answer}\t{probabilities[best]:.4f}")

"""Does an exported model say what Python says? Same answers, largest difference, score.

``python benchmarks/export_agreement.py MODEL FOLDER... [--num-large 10]`` exports a model folder to
each format, and asks every file about the same photos: those of the folders, and some of them
enlarged to 12 megapixels, since no real ones of that size are at hand. Labels are the first part of
a photo's name up to its first dot, in the plural, as dogs-and-cats has it.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import write

from warmstart import load_predictor
from warmstart.data.listing import list_images
from warmstart.export.answers import onnx_answers, openvino_answers, torch_answers
from warmstart.images.decode import decode
from warmstart.images.image_file import encode_array
from warmstart.inference.checking import enlarged
from warmstart.inference.exportable import export_source, exported

FORMATS = {
    "onnx": ("model.onnx", onnx_answers),
    "openvino": ("model.xml", openvino_answers),
    "torch": ("model.pt2", torch_answers),
}


def main() -> None:
    """Export, ask, compare, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--num-large", type=int, default=10)
    asked = parser.parse_args()
    predictor = load_predictor(asked.model, device="cpu")
    exact = export_source(predictor).predict
    files = list_images(asked.folders).files
    contents = [file.read_bytes() for file in files]
    labels = [predictor.classes.index(f"{file.name.partition('.')[0]}s") for file in files]
    step = len(files) // asked.num_large
    large = [enlarged(contents[i], files[i].name) for i in range(0, len(files), step)]
    large = large[: asked.num_large]
    groups = {"photos": contents, "12 megapixels": large}
    python = {name: exact(group).probabilities for name, group in groups.items()}
    whole = {
        name: np.concatenate(
            [exact([encode_array(np.array(decode(c, name)))]).probabilities for c in group]
        )
        for name, group in groups.items()
    }
    card = {name: predictor.predict(group).probabilities for name, group in groups.items()}
    found: dict[str, object] = {
        "num_photos": len(files),
        "num_large": len(large),
        "accuracy_python_f32": float((python["photos"].argmax(1) == labels).mean()),
        "accuracy_python_card": float((card["photos"].argmax(1) == labels).mean()),
        "card_mode": predictor.card.mode,
    }
    for name in groups:
        found[f"card against f32, {name}"] = compared(card[name], python[name])
    with tempfile.TemporaryDirectory() as folder:
        for kind, (file, runner) in FORMATS.items():
            place = Path(folder, file)
            exported(predictor, place, kind, check=[files[0]])
            answer = runner(place, ("probabilities",), is_batch=False)
            entry: dict[str, object] = {"megabytes": place.stat().st_size / 1e6}
            for name, group in groups.items():
                began = time.perf_counter()
                rows = np.stack([answer(np.array(decode(c, name))).probabilities for c in group])
                entry[f"seconds per picture, {name}"] = (time.perf_counter() - began) / len(group)
                entry[f"same pixels, {name}"] = compared(rows, whole[name])
                entry[f"as Python decodes, {name}"] = compared(rows, python[name])
                if name == "photos":
                    entry["accuracy"] = float((rows.argmax(1) == labels).mean())
            found[kind] = entry
            print(kind, entry, flush=True)
    write("export_agreement", found)


def compared(rows: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """Same answers, and the largest difference in probability."""
    same = int((rows.argmax(1) == others.argmax(1)).sum())
    return {"same": same, "of": len(rows), "largest": float(np.abs(rows - others).max())}


if __name__ == "__main__":
    main()

"""Model folders that somebody made to harm: each is the good one, with one thing changed."""

import hashlib
import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

CARD, WEIGHTS, SEEN = "model.json", "weights.safetensors", "seen_pictures.safetensors"
KNOWN = "known_features.safetensors"
Attack = Callable[[Path], None]


def written(text: str | bytes) -> Attack:
    """Something else stands in the card."""

    def attack(folder: Path) -> None:
        (folder / CARD).write_bytes(text if isinstance(text, bytes) else text.encode())

    return attack


def changed(**values: Any) -> Attack:
    """Some fields of the card are others; ``...`` is one that is missing."""

    def attack(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text()) | values
        text = json.dumps({name: value for name, value in card.items() if value is not ...})
        (folder / CARD).write_text(text)

    return attack


def within(field: str, **values: Any) -> Attack:
    """Likewise of a table within the card."""

    def attack(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text())
        table = card[field] | values
        card[field] = {name: value for name, value in table.items() if value is not ...}
        (folder / CARD).write_text(json.dumps(card))

    return attack


def content(make: Callable[[bytes], bytes], *, sums: bool = True, name: str = WEIGHTS) -> Attack:
    """Another content of a file, with the sum that the card names put right, or not."""

    def attack(folder: Path) -> None:
        new = make((folder / name).read_bytes())
        (folder / name).write_bytes(new)
        if sums:
            card = json.loads((folder / CARD).read_text())
            digest = hashlib.sha256(new).hexdigest()
            if name == WEIGHTS:
                card["weights_sha256"] = digest
            else:
                card["seen_pictures"]["sha256"] = digest
            (folder / CARD).write_text(json.dumps(card))

    return attack


def known_tensors() -> dict[str, Any]:
    """What the file of known features holds of four training pictures, and of four columns."""
    return {
        "rows": np.eye(4, dtype=np.float16),
        "columns": np.array([[0, 4]], np.int64),
        "scales": np.array([[3.0, 1.0], [0.5, 0.1]]),
    }


def known(change: Callable[[bytes], bytes] = bytes, *, sums: bool = True, **other: Any) -> Attack:
    """Features decide what is unknown; their file is another, or some of its tensors are."""

    def attack(folder: Path) -> None:
        state = {k: v for k, v in (known_tensors() | other).items() if v is not ...}
        good = save(state)
        new = change(good)
        (folder / KNOWN).write_bytes(new)
        card = json.loads((folder / CARD).read_text())
        card["answering"] |= {"unknown_by": "features", "unknown_below": -3.5}
        card["known_features"] = {"sha256": hashlib.sha256(new if sums else good).hexdigest()}
        (folder / CARD).write_text(json.dumps(card))

    return attack


def without_known(folder: Path) -> None:
    """The file of known features is gone."""
    known()(folder)
    (folder / KNOWN).unlink()


def known_after(attack: Attack) -> Attack:
    """Something else is done to a folder with known features."""

    def both(folder: Path) -> None:
        known()(folder)
        attack(folder)

    return both


def tensors(change: Callable[[dict[str, Any]], None]) -> Attack:
    """Other weights, in a sound file with the right sum."""

    def attack(folder: Path) -> None:
        state = load_file(folder / WEIGHTS)
        change(state)
        content(lambda _: save(state))(folder)

    return attack


def headed(header: Any, numbers: bytes = b"") -> Callable[[bytes], bytes]:
    """A safetensors file with this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return lambda _: struct.pack("<Q", len(text)) + text + numbers


def replaced(name: str, make: Callable[[Path], None]) -> Attack:
    """Something that is no regular file stands in a file's place."""

    def attack(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return attack


def sparse(path: Path) -> None:
    """A file of 20 GB that takes no room."""
    with path.open("wb") as file:
        file.truncate(20_000_000_000)


def spoiled(value: float) -> Callable[[dict[str, Any]], None]:
    """One weight of the first tensor of floats is something else."""

    def change(state: dict[str, Any]) -> None:
        name = next(name for name, array in state.items() if array.dtype == np.float32)
        state[name] = state[name].copy()
        state[name].flat[0] = value

    return change


def head_shape(state: dict[str, Any]) -> None:
    """The head has an output more than the card has classes."""
    last = max(name for name in state if name.startswith("head.") and name.endswith("weight"))
    state[last] = np.concatenate([state[last], state[last][:1]])


def entry(dtype: str = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    """One tensor of a header."""
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


DEEP = "[" * 100_000 + "]" * 100_000
LOGISTIC = {"kind": "logistic", "num_features": 256, "num_classes": 2, "parts": [[0, 256]]}
MLP = {"num_features": 256, "num_classes": 2, "sizes": [16], "dropouts": [0.25, 0.5]}
RECIPE = {"size": 32, "interpolation": "bicubic", "pre_crop_scale": 1.14, "crop_type": "center"}

SETS: tuple[Any, ...] = (
    [], {"values": [0.5]}, {"values": [], "num_rows": 0}, {"values": [0.5], "num_rows": -1},
    {"values": [2], "num_rows": 1}, {"values": [0.5], "num_rows": 10**30},
    {"values": 1, "num_rows": 1}, {"values": [0.5, 0.4], "num_rows": 2},
    {"values": [0.5, 0.6], "num_rows": 3}, {"values": [1e999], "num_rows": 1},
    {"values": ["x"], "num_rows": 1}, {"values": [0.5], "num_rows": 1, "more": 1},
)  # fmt: skip
HEADS: tuple[dict[str, Any], ...] = (
    {"num_classes": 4_000_000}, {"num_classes": 10**9}, {"num_classes": 0},
    {"num_classes": -1}, {"num_classes": 3}, {"num_features": 10**12, "parts": [[0, 10**12]]},
    {"parts": []}, {"parts": [[0]]}, {"parts": [[5, 2]]}, {"parts": [[-5, 2]]},
    {"parts": [[0, 1000]]}, {"parts": [[0, 1]] * 100_000}, {"more": 1},
)  # fmt: skip

SPOILED: dict[str, dict[str, Any]] = {
    "no rows": {"rows": ...},
    "NaN": {"rows": np.full((4, 4), np.nan, np.float16)},
    "long rows": {"rows": np.full((4, 4), 9, np.float16)},
    "float32": {"rows": np.eye(4, dtype=np.float32)},
    "two rows": {"rows": np.eye(4, dtype=np.float16)[:2]},
    "a list": {"rows": np.zeros(4, np.float16)},
    "columns of other rows": {"columns": np.array([[0, 3]])},
    "columns that turn back": {"columns": np.array([[0, 8], [8, 4]])},
    "columns below 0": {"columns": np.array([[-4, 0]])},
    "columns past the end": {"columns": np.array([[10**9, 10**9 + 4]])},
    "no columns": {"columns": np.zeros((0, 2), np.int64)},
    "a scale that is none": {"scales": np.array([[np.inf, 1.0], [0.5, 0.1]])},
    "a scale below 0": {"scales": np.array([[3.0, -1.0], [0.5, 0.1]])},
    "one scale": {"scales": np.array([[3.0, 1.0]])},
}  # tensors of known features
ATTACKS: dict[str, Attack] = {
    # what stands in the card
    **{f"card {text[:20]!r}": written(text) for text in (
        "", "[]", "3", "null", "true", '"text"', "{", "{}", "NaN", "[1,2", '{"a":1}{"b":2}',
        '{"format": "warmstart-model-1"}', '{"format": "warmstart-model-9"}', '{"format": 1}',
        '{"format": {"a": 1}}',
    )},
    "deep lists": written(DEEP),
    "deep tables": written('{"a":' * 100_000 + "1" + "}" * 100_000),
    "no text": written(b"\xff\xfe\x00\x01"),
    "a pickle as card": written(pickle.dumps({"a": 1})),
    "long card": written("[" + "1," * 5_000_000 + "1]"),
    "long number": written('{"format": ' + "9" * 100_000 + "}"),
    "key twice": written('{"format": "warmstart-model-1", "format": "warmstart-model-1"}'),
    "zeros": written(b"\0" * 1000),
    # its fields
    **{f"no {name}": changed(**{name: ...}) for name in (
        "format", "weights_sha256", "arch", "classes", "is_multi_label", "recipe", "mean", "std",
        "head", "mode", "precision", "weights_from",
    )},
    **{f"{name} is {str(value)[:30]}": changed(**{name: value}) for name, value in (
        ("classes", 5), ("classes", "ab"), ("classes", []), ("classes", ["a"]),
        ("classes", ["a", "a"]), ("classes", ["a", 1]), ("classes", ["a", None]),
        ("classes", ["a", "b", "c"]), ("classes", ["", "b"]), ("classes", ["x" * 2000, "b"]),
        ("classes", {"a": 0}), ("mean", 1), ("mean", [1, 2]), ("mean", [1, 2, 3, 4]),
        ("mean", ["a", "b", "c"]), ("mean", None), ("std", [0, 0, 0]), ("std", [-1, 1, 1]),
        ("std", [1e999, 1, 1]), ("std", []), ("arch", 5), ("arch", ""), ("arch", "no_such_net"),
        ("arch", "../../etc/passwd"), ("arch", "hf_hub:somebody/model"), ("arch", "resnet50"),
        ("arch", "resnet34.no_such_tag"), ("arch", "torchvision.no_such_net"),
        ("arch", "torchvision.resnet50"), ("arch", "eva_giant_patch14_224"), ("arch", "a\x1b[2Jb"),
        ("is_multi_label", "no"), ("is_multi_label", 1), ("head", {}), ("head", []), ("head", 1),
        ("head", {"kind": "logistic"}), ("head", {"kind": "other"}), ("recipe", {}),
        ("recipe", []), ("recipe", {"size": 32, "other": 1}), ("mode", 1), ("precision", "f64"),
        ("precision", None), ("view_seed", "x"), ("metrics", []), ("metrics", {"a": "b"}),
        ("versions", {"torch": 1}), ("answering", []), ("weights_sha256", 5),
        ("weights_sha256", "0" * 64), ("weights_sha256", "../../x"), ("seen_pictures", []),
        ("seen_pictures", {"choices": []}), ("unknown", 1), ("augmentation", {"flip": "all"}),
        ("augmentation", {"policy": "x"}), ("augmentation", [1]),
    )},
    **{f"head {str(values)[:30]}": changed(head=LOGISTIC | values) for values in HEADS},
    **{f"MLP {str(values)[:30]}": changed(head=MLP | values) for values in (
        {"num_classes": 10**9}, {"sizes": [10**9]}, {"sizes": [0]}, {"sizes": ["x"]},
        {"dropouts": [0.5]}, {"dropouts": [1.0, 0.5]}, {"dropouts": [-1, 0.5]},
        {"sizes": [10] * 100_000},
    )},
    **{f"recipe {values}": changed(recipe=RECIPE | values) for values in (
        {"size": 0}, {"size": -1}, {"size": 10**9}, {"size": 1.5}, {"size": "32"},
        {"interpolation": "x"}, {"pre_crop_scale": 0}, {"pre_crop_scale": 1e9},
        {"crop_type": "x"}, {"border": "x"},
    )},
    **{f"answering {values}": within("answering", **values) for values in (
        {"temperature": 0}, {"temperature": -1}, {"temperature": "1"}, {"thresholds": [0.5]},
        {"thresholds": [2, 2]}, {"unknown_below": 7}, {"how": "text"}, {"other": 1},
    )},
    **{f"sets {values}": within("answering", sets=values) for values in SETS},
    # the weights
    **{f"weights: {name}": content(make) for name, make in {
        "none": lambda _: b"", "a pickle": lambda _: pickle.dumps({"a": np.zeros(3)}),
        "a zip": lambda _: b"PK\x03\x04" + b"\0" * 500, "junk": lambda _: b"\x11" * 5000,
        "cut": lambda old: old[:-10], "longer": lambda old: old + b"\0" * 8,
        "a header of 2**62": lambda old: struct.pack("<Q", 2**62) + old[8:],
        "a header of 90 MB": lambda old: struct.pack("<Q", 90_000_000) + old[8:],
        "no table": headed([]), "no JSON": headed(b"{" * 100),
        "a deep header": headed(b"[" * 50_000),
        "no tensor": headed({}), "an entry that is a number": headed({"x": 1}),
        "an unknown type": headed(entry("F31"), b"0000"),
        "a negative shape": headed(entry(shape=[-1]), b"0000"),
        "a huge shape": headed(entry(shape=[2**62, 2**62]), b"0000"),
        "a long shape": headed(entry(shape=[2**40] * 20_000), b"0000"),
        "offsets past the end": headed(entry(offsets=[0, 10**12]), b"0000"),
        "offsets that turn back": headed(entry(offsets=[4, 0]), b"0000"),
        "offsets of another size": headed(entry(shape=[2]), b"0000"),
        "other tensors": headed(entry(), b"0000"),
    }.items()},
    "weights: another sum": content(lambda old: old[:-1] + bytes([old[-1] ^ 1]), sums=False),
    "weights: NaN": tensors(spoiled(float("nan"))),
    "weights: infinity": tensors(spoiled(float("-inf"))),
    "weights: one is missing": tensors(lambda state: state.pop(next(iter(state)))),
    "weights: one more": tensors(lambda state: state.update(more=np.zeros(3, np.float32))),
    "weights: an output more": tensors(head_shape),
    "weights: gone": lambda folder: (folder / WEIGHTS).unlink(),
    "weights: a pipe": replaced(WEIGHTS, os.mkfifo),
    "weights: a device": replaced(WEIGHTS, lambda path: path.symlink_to("/dev/zero")),
    "weights: 20 GB": replaced(WEIGHTS, sparse),
    "weights: a folder": replaced(WEIGHTS, Path.mkdir),
    "weights: a link in a circle": replaced(WEIGHTS, lambda path: path.symlink_to(path)),
    "card: a pipe": replaced(CARD, os.mkfifo),
    "card: a device": replaced(CARD, lambda path: path.symlink_to("/dev/zero")),
    "card: 20 GB": replaced(CARD, sparse),
    "card: a folder": replaced(CARD, Path.mkdir),
    # the pictures that trained
    "seen: gone": lambda folder: (folder / SEEN).unlink(),
    "seen: a pipe": replaced(SEEN, os.mkfifo),
    "seen: 20 GB": replaced(SEEN, sparse),
    "seen: junk": content(lambda _: b"\x22" * 900, name=SEEN),
    "seen: a pickle": content(lambda _: pickle.dumps([1]), name=SEEN),
    "seen: other tensors": content(lambda _: save({"x": np.zeros(2)}), name=SEEN),
    "seen: a huge shape": content(headed(entry(shape=[2**62])), name=SEEN),
    "seen: choices that it has not": within("seen_pictures", choices=["a", "b"]),
    # what is known
    "known: gone": without_known,
    "known: a pipe": known_after(replaced(KNOWN, os.mkfifo)),
    "known: 20 GB": known_after(replaced(KNOWN, sparse)),
    "known: another sum": known(lambda old: old[:-1] + bytes([old[-1] ^ 1]), sums=False),
    "known: junk": known(lambda _: b"\x22" * 900),
    "known: a pickle": known(lambda _: pickle.dumps([1])),
    "known: a huge shape": known(headed(entry(shape=[2**62]))),
    "known: nothing of it in the card": known_after(changed(known_features=...)),
    "known: decides nothing": known_after(within("answering", unknown_by="probability")),
    "known: no threshold": known_after(within("answering", unknown_below=None)),
    "known: by something else": known_after(within("answering", unknown_by="x")),
    "known: an infinite threshold": known_after(within("answering", unknown_below=1e999)),
    **{f"known: {name}": known(**values) for name, values in SPOILED.items()},
}  # fmt: skip

"""A folder as model hubs have it: a card, a configuration, weights by timm's names.

timm opens it from disk, ``timm.create_model("local-dir:FOLDER", pretrained=True)``, with nothing of
ours. Where the head is one linear layer on what timm itself pools, timm's model is the whole
classifier. Any other head, such as that of logistic regression on features divided by their length,
timm has no classifier for: the folder then has the backbone, without a classifier, and the head in
a file of its own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from safetensors.torch import save
from torch import Tensor, nn

from warmstart.backbones.card import is_timm_name
from warmstart.backbones.network import ClassifierNetwork
from warmstart.errors import SettingError
from warmstart.export.sidecar import ExportedModel, about_export
from warmstart.export.writing_model import ExportResult
from warmstart.files.committing import sha256_of
from warmstart.files.writing import write_whole
from warmstart.images.view import ViewRecipe

CONFIG, HUB_WEIGHTS, HEAD = "config.json", "model.safetensors", "head.safetensors"
ABOUT, README = "warmstart.json", "README.md"


def write_hub(model: ExportedModel, folder: Path) -> ExportResult:
    """Write the folder; nothing is sent anywhere.

    Args:
        model: Of one network of timm's.
        folder: Where.
    """
    network, arch = one_network(model)
    backbone, head = network.backbone, network.head
    classifier = timm_classifier(network)
    tensors = dict(backbone.state_dict())
    parts: dict[str, bytes | str] = {}
    if classifier:
        tensors |= {f"{classifier}.{name}": tensor for name, tensor in head.state_dict().items()}
    else:
        parts[HEAD] = save(copied(head.state_dict()))
    parts[HUB_WEIGHTS] = save(copied(tensors), metadata={"format": "pt"})
    parts[CONFIG] = as_json(configuration(model, backbone, has_classifier=bool(classifier)))
    about = about_export(model, "hub", is_batch=False)
    del about["input"], about["outputs"]
    about["pool"] = "timm's own" if classifier else str(network.pool)
    about["sha256"] = {name: sha256_of(as_bytes(content)) for name, content in parts.items()}
    parts[ABOUT] = as_json(about)
    parts[README] = readme(model, arch, str(network.pool), has_classifier=bool(classifier))
    for name, content in parts.items():
        write_whole(folder / name, content)
    size = sum(len(as_bytes(content)) for content in parts.values())
    note = (
        "timm opens it as the whole classifier"
        if classifier
        else f"timm opens the backbone; the head, for which it has no classifier, is in {HEAD}"
    )
    return ExportResult((folder, *(folder / name for name in parts)), size, notes=(note,))


def one_network(model: ExportedModel) -> tuple[ClassifierNetwork, str]:
    """The network and the name of its architecture; refuses several, and what is not timm's."""
    if len(model.networks) > 1:
        refuse_hub(f"this model is {len(model.networks)} networks that answer together")
    arch = str(model.card["arch"])
    if not is_timm_name(arch):
        refuse_hub(f"{arch} is no architecture of timm's")
    return model.networks[0].network, arch


def refuse_hub(what: str) -> NoReturn:
    """Say why there is no such folder.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        f"{what}, and a hub's folder holds one network of timm's.",
        expected="a model of one timm network.",
        fix="export it with --to onnx, which takes any.",
        flags=("--to", "onnx"),
    )


def timm_classifier(network: ClassifierNetwork) -> str:
    """Where timm would have the head; "" where it has none such.

    Its classifiers are a linear layer on features that it pooled itself.
    """
    backbone: Any = network.backbone
    fits = isinstance(network.pool, nn.Identity) and isinstance(network.head, nn.Linear)
    name = (getattr(backbone, "pretrained_cfg", None) or {}).get("classifier")
    return name if fits and isinstance(name, str) else ""


def configuration(model: ExportedModel, backbone: Any, *, has_classifier: bool) -> dict[str, Any]:
    """What timm reads before it builds the network."""
    network = model.networks[0]
    recipe, known = network.recipe, dict(backbone.pretrained_cfg or {})
    num_classes = len(model.classes) if has_classifier else 0
    pretrained = {
        "input_size": [3, recipe.size, recipe.size],
        "mean": list(network.mean),
        "std": list(network.std),
        "interpolation": recipe.interpolation,
        "crop_pct": crop_share(recipe),
        "crop_mode": "squash" if recipe.crop_type == "squash" else "center",
        "num_classes": num_classes,
        "custom_load": False,
        **{
            name: known[name] for name in ("first_conv", "classifier", "license") if known.get(name)
        },
    }
    arguments: dict[str, Any] = {} if has_classifier else {"global_pool": pool_argument(backbone)}
    grid = getattr(getattr(backbone, "patch_embed", None), "img_size", None)
    if grid is not None:
        arguments["img_size"] = recipe.size
    return {
        "architecture": model.card["arch"],
        "num_classes": num_classes,
        "num_features": int(backbone.num_features),
        **({"label_names": list(model.classes)} if has_classifier else {}),
        "model_args": {name: value for name, value in arguments.items() if value is not None},
        "pretrained_cfg": pretrained,
    }


def pool_argument(backbone: Any) -> str | None:
    """What timm is told so that it builds the same backbone: "" where the pool was taken off."""
    shape = getattr(backbone, "global_pool", None)
    kind = getattr(shape, "pool_type", shape)
    return "" if kind in {"", None} or isinstance(kind, nn.Identity) else None


def crop_share(recipe: ViewRecipe) -> float:
    """Which share of the shorter side is cut out."""
    return 1 / recipe.pre_crop_scale if recipe.is_cropped else 1.0


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that share no memory, as the format wants them."""
    return {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}


def as_json(value: object) -> str:
    """A JSON file's text."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)


def as_bytes(content: bytes | str) -> bytes:
    """What is written."""
    return content if isinstance(content, bytes) else content.encode()


def readme(model: ExportedModel, arch: str, pool: str, *, has_classifier: bool) -> str:
    """The card that a hub shows."""
    metrics = model.card.get("metrics") or {}
    scores = "".join(f"| {name} | {value:.4f} |\n" for name, value in metrics.items())
    table = f"| score | value |\n|---|---|\n{scores}\n" if scores else ""
    rest = (
        "It is the whole classifier: `model(pixels)` gives logits."
        if has_classifier
        else f"That is the backbone; its output goes through `{pool}` and then through the head, "
        f"whose weights are in `{HEAD}` and whose structure is `card.head` in `{ABOUT}`."
    )
    return (
        "---\nlibrary_name: timm\npipeline_tag: image-classification\ntags: [warmstart, timm]\n"
        f"---\n\n# {arch}, {len(model.classes)} classes\n\n"
        f"Classes: {', '.join(model.classes[:50])}{' …' if len(model.classes) > 50 else ''}\n\n"
        f"{table}```python\nimport timm\n\n"
        f'model = timm.create_model("local-dir:.", pretrained=True).eval()\n```\n\n{rest}\n\n'
        f"Logits are divided by {model.answering.rule.temperature:.6g} before the "
        f"{'sigmoid' if model.answering.is_multi_label else 'softmax'}. Pictures are seen as "
        f"`{ABOUT}` says (`card.recipe`). Weights of the backbone came from: "
        f"{model.card['weights_from']}\n"
    )

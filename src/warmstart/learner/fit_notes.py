"""How the steps of a fit are computed: where that is remembered, and what is said of it."""

import json

import torch

from warmstart.activations.processor import instructions
from warmstart.learner.state import LearnerState
from warmstart.results.history import History
from warmstart.terminal.colour import notify
from warmstart.training.step_choices import StepChoices


def step_choices(learn: LearnerState, bn: str) -> StepChoices | None:
    """Where it is remembered how steps are computed; None where a head alone trains.

    Args:
        learn: The learner.
        bn: What BatchNorm uses, "stored" or "train".
    """
    if learn.layers.cut is None:
        return None
    device = learn.device
    chip = [device.type, *instructions(), torch.get_num_threads()]
    if device.type == "cuda":
        chip = [torch.cuda.get_device_name(device)]
    name = [learn.card.arch, learn.layers.cut_name(), len(learn.data.classes), bn, chip]
    return StepChoices(learn.parts.cache_dir / "activations", json.dumps(name))


def note_steps(learn: LearnerState, history: History) -> None:
    """Say, and remember for the report, what is particular about a fit's steps.

    That they were compiled, or why not; and that another run need not end with the same bits.
    """
    compiling = dict.fromkeys(record.compiling for record in history.records if record.compiling)
    texts = [f"training steps were {each}." for each in compiling]
    names = sorted({name for record in history.records for name in record.unrepeatable})
    if names:
        texts.append(
            "training again with the same seed may end with slightly other weights: "
            f"{learn.device} has no repeatable form of {', '.join(names)}."
        )
    for text in texts:
        learn.noticed = (*learn.noticed, text)
        notify(text, quiet=learn.quiet)

"""Checkpoints of earlier versions, written in the middle of an epoch: the fits go on to their ends.

The fit has to find that the checkpoint is its own: a setting that is new in ``FitSettings`` may not
change the identity of fits that do not use it.
"""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.past.networks import toy_module
from tests.unit.training.toy import ToyInputs, one_group

from warmstart.results.history import History
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit
from warmstart.training.objective import Targets
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

SETTINGS = {
    "plain": FitSettings((0.05,), Schedule(2, 1, 2), batch_size=8),
    "everything": FitSettings(
        (0.01,),
        Schedule(2, 1, 2),
        batch_size=8,
        opt="adamw",
        weight_decays=(0.1,),
        clip_norm=0.5,
        label_smoothing=0.1,
        mixup=0.3,
        ema_decay=0.9,
        has_snapshots=True,
        keeps_best=True,
    ),
}
STEPS_DONE, STEPS_PER_EPOCH, NUM_EPOCHS = 7, 5, 3
CLOSE = 1e-4  # of weights and losses: processors sum in different orders


@pytest.mark.parametrize("name", SETTINGS)
def test_a_fit_goes_on_from_the_middle_of_an_epoch(past: Path, name: str) -> None:
    folder = past / "fits" / name
    rows, module = load_file(folder / "rows.safetensors"), toy_module()
    module.load_state_dict(load_file(folder / "start.safetensors"))
    inputs, checkpoint = ToyInputs(rows["x"], rows["x_valid"]), folder / "fit-0.safetensors"
    history = fit(
        module,
        one_group(module),
        inputs,
        Targets(rows["y"], rows["y_valid"]),
        SETTINGS[name],
        checkpoint=Checkpoint(checkpoint),
    )
    assert len(inputs.seen) == STEPS_PER_EPOCH * NUM_EPOCHS - STEPS_DONE
    assert inputs.seen[0][0] == 1  # the second epoch
    recorded = History.from_jsonl((folder / "history.jsonl").read_text())
    assert history.records[0] == recorded.records[0]  # read, with its seconds, not trained again
    assert history.step_losses == pytest.approx(recorded.step_losses, abs=CLOSE)
    assert history.step_lrs == recorded.step_lrs
    assert [r.valid_loss for r in history.records] == pytest.approx(
        [r.valid_loss for r in recorded.records], abs=CLOSE
    )
    end = load_file(folder / "end.safetensors")
    for key, tensor in module.state_dict().items():
        assert torch.allclose(tensor, end[key], rtol=0, atol=CLOSE), key


def test_the_weights_of_a_cycle_that_ended_are_read(past: Path) -> None:
    place = past / "fits" / "everything" / "fit-0.safetensors"
    checkpoint = Checkpoint(place)
    checkpoint.load(identity_in(place))
    (snapshot,) = checkpoint.snapshots()
    assert snapshot.keys() == toy_module().state_dict().keys()


def identity_in(checkpoint: Path) -> str:
    """What a checkpoint says whose it is, read without warmstart."""
    content = checkpoint.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return str(json.loads(header["__metadata__"]["card"])["identity"])

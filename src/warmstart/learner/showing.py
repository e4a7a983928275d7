"""What a learner shows of itself, without tracing or reading anything; and some of its answers."""

from pathlib import Path
from typing import Any

import numpy as np

from warmstart.classifier_data.shown import label_of
from warmstart.data.table import SPLITS
from warmstart.display import Sheet, few
from warmstart.inference.model_card import head_words
from warmstart.learner.state import LearnerState
from warmstart.results.predictions import Predictions


def learner_sheet(learn: LearnerState) -> Sheet:
    """Backbone, what trains, head, data, what is kept, and how good it was last."""
    table = learn.data.table
    splits = [f"{len(rows)} {split}" for split in SPLITS if len(rows := table.rows(split))]
    classes = few(len(table.classes), "class", "classes")
    facts = [
        ("backbone", f"{learn.card.arch}, weights from {learn.card.weights_from}"),
        ("trains", trains_words(learn)),
        ("head", head_words(learn.card)),
        ("data", f"{classes}; {', '.join(splits)} images; {learn.data.tfms.in_words()}"),
        ("precompute", precompute_words(learn.precompute)),
        ("device", f"{learn.device.type}, optimiser {learn.opt}, seed {learn.seed}"),
        ("last scores", last_scores(learn)),
    ]
    if learn.holdout.share:
        facts.append(("held back", f"{learn.holdout.share:.0%} of the training rows"))
    fitted = learn.card.answering.how
    facts += [("answers by", "; ".join(fitted))] if fitted else []
    rise = learn.history.loss_rise
    return Sheet("ConvLearner", tuple(facts), notes=() if rise is None else (str(rise),))


def trains_words(learn: LearnerState) -> str:
    """What is frozen, and what trains."""
    cut = learn.layers.cut
    if cut is None:
        return "the head; the backbone is frozen"
    if cut == 0:
        return "everything"
    return f"from {learn.layers.stages[cut].name} on, and the head; what comes before is frozen"


def precompute_words(precompute: bool | int) -> str:
    """What is kept of the frozen part's outputs."""
    if precompute is False:
        return "False: the frozen part runs anew in each epoch"
    if precompute is True:
        return "True: its outputs for the plain view are kept"
    return f"{precompute}: its outputs for so many views of each training image are kept"


def last_scores(learn: LearnerState) -> str:
    """Of the validation rows, by the last fit."""
    history = learn.history
    records, heads = history.records[history.comparable_from :], history.head_fits
    if heads and heads[-1].fit >= max((record.fit for record in records), default=0):
        last = heads[-1]
        if last.valid_loss is not None:
            return f"accuracy {last.valid_accuracy:.4f}, validation loss {last.valid_loss:.4f}"
    if not records:
        return "none: it has not been trained on this data"
    scores = [f"{name} {value:.4f}" for name, value in records[-1].scores.items()]
    loss = records[-1].valid_loss
    scores += [] if loss is None else [f"validation loss {loss:.4f}"]
    return f"{', '.join(scores)} after epoch {records[-1].epoch}"


def draw_results(
    learn: LearnerState, predictions: Predictions, number: int, seed: int, path: str | Path | None
) -> Any:
    """Draw some validation rows with the truth and the answer.

    Args:
        learn: Whose data it is.
        predictions: Of all validation rows, in table order.
        number: At most so many.
        seed: What the draw depends on.
        path: Where the picture is written.
    """
    from warmstart.plots.pictures import plot_gallery  # here: matplotlib takes a second

    rows, answers = learn.data.table.rows("valid"), predictions.answers
    chosen = np.random.default_rng(seed).permutation(len(rows))[:number]
    captions = []
    for place in chosen:
        said, truth = "|".join(answers[place]) or "–", label_of(learn.data.table, int(rows[place]))
        sure = f"{predictions.probabilities[place].max():.3f}"
        captions.append(f"{said} {sure}\n" + ("right" if said == truth else f"is {truth}"))
    pictures = [learn.data.source.render(int(rows[place])) for place in chosen]
    return plot_gallery(pictures, captions, path, title=f"{len(chosen)} of {len(rows)} images")

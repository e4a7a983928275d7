"""How a predictor shows itself."""

from warmstart.data.seen_images import SeenImages
from warmstart.display import Sheet, few
from warmstart.inference.model_card import ModelCard, head_words

MOST_NAMED = 20  # classes


def predictor_sheet(card: ModelCard, seen: SeenImages | None) -> Sheet:
    """What a model says of itself, and of the images that trained it."""
    members = card.of_each
    names = ", ".join(card.classes[:MOST_NAMED])
    rest = len(card.classes) - MOST_NAMED
    facts = [
        ("classes", names + (f" and {rest} more" if rest > 0 else "")),
        *(("backbone", f"{each.arch} at {each.recipe['size']} pixels") for each in members),
        ("head", head_words(card)),
    ]
    if seen is not None and len(seen.trained):
        facts.append(("trained on", few(len(seen.trained), "image")))
    scores = [f"{name} {value:.4f}" for name, value in card.metrics.items()]
    facts += [("scores", ", ".join(scores))] if scores else []
    facts += [("answers by", "; ".join(card.answering.how))] if card.answering.how else []
    kind = "any number of" if card.is_multi_label else "one of"
    return Sheet(f"Predictor: {kind} {few(len(card.classes), 'class', 'classes')}", tuple(facts))

"""The whole way from pixels to an answer as one module, which other formats are made of."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.export.resampling import PlainView
from warmstart.images.view import ViewRecipe
from warmstart.metrics.known_features import (
    FEATURE_WEIGHT,
    NARROWEST,
    NUM_NEIGHBOURS,
    SHORTEST,
    KnownFeatures,
)
from warmstart.results.decision_rule import BY_FEATURES, DecisionRule

PROBABILITIES, UNKNOWN_OUTPUT, KNOWN_SCORE = "probabilities", "unknown", "known_score"


@dataclass(frozen=True, eq=False)
class ExportedNetwork:
    """One of the networks that answer together: what it is, and how it sees a picture."""

    network: ClassifierNetwork
    mean: tuple[float, ...]
    std: tuple[float, ...]
    recipe: ViewRecipe


@dataclass(frozen=True, eq=False)
class Answering:
    """How logits become an answer; ``known`` is there where features say what is "unknown"."""

    rule: DecisionRule
    is_multi_label: bool
    known: KnownFeatures | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the module gives."""
        if self.rule.unknown_below is None:
            return (PROBABILITIES,)
        by_features = self.rule.unknown_by == BY_FEATURES
        return (PROBABILITIES, UNKNOWN_OUTPUT, *([KNOWN_SCORE] if by_features else []))


class PictureClassifier(nn.Module):
    """Pictures (N, H, W, 3) uint8 of one size, any size → probabilities (N, K), in float32.

    Where the model says "unknown", a bool (N,) follows; where features decide that, their score
    (N,) too.
    """

    def __init__(
        self,
        networks: Sequence[ExportedNetwork],
        answering: Answering,
        *,
        has_branches: bool = True,
    ) -> None:
        """Copy the networks, on the CPU and in eval mode.

        Args:
            networks: They answer together.
            answering: How.
            has_branches: Whether the graph may have some.
        """
        super().__init__()
        self.recipes = tuple(each.recipe for each in networks)
        self.views = nn.ModuleList(
            PlainView(recipe, has_branches=has_branches) for recipe in self.recipes
        )
        self.normalise = nn.ModuleList(Normalise(each.mean, each.std) for each in networks)
        copies = [deepcopy(each.network).cpu().float() for each in networks]
        for network in copies:
            network.train().eval()  # some keep in eval mode what they made of older weights
        self.networks = nn.ModuleList(copies)
        self.answering = answering
        known = answering.known
        self.known = None if known is None else KnownScore(known)
        self.requires_grad_(requires_grad=False)
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Answer."""
        logits, pooled = [], []
        seen: dict[ViewRecipe, Tensor] = {}
        for number, recipe in enumerate(self.recipes):
            if recipe not in seen:  # one for all networks that see a picture alike
                seen[recipe] = self.views[number](images)
            normalise: Any = self.normalise[number]
            network: Any = self.networks[number]
            inputs = seen[recipe] * normalise.scale + normalise.shift
            pooled.append(network.pool(network.backbone(inputs)))
            logits.append(network.head(pooled[-1]))
        mean = torch.stack(logits).mean(dim=0) if len(logits) > 1 else logits[0]
        scaled = mean / self.answering.rule.temperature
        is_multi_label = self.answering.is_multi_label
        probabilities = torch.sigmoid(scaled) if is_multi_label else torch.softmax(scaled, dim=1)
        below = self.answering.rule.unknown_below
        if below is None:
            return (probabilities,)
        if self.known is None:
            return probabilities, probabilities.amax(dim=1) < below
        score = self.known(pooled[0], logits[0].amax(dim=1))
        return probabilities, score < below, score


class KnownScore(nn.Module):
    """``KnownFeatures.score`` as tensor operations, in single precision."""

    rows: Tensor

    def __init__(self, known: KnownFeatures) -> None:
        """Keep the rows of the training pictures, in the 16 bits that they have."""
        super().__init__()
        self.register_buffer("rows", torch.from_numpy(known.rows.copy()))
        self.columns, self.scales = known.columns, (known.logit, known.similarity)

    def forward(self, features: Tensor, highest: Tensor) -> Tensor:
        """Pooled rows (N, D) and highest logits (N,) → scores (N,)."""
        parts = []
        for first, last in self.columns:
            part = features[:, first:last]
            lengths = torch.sqrt((part * part).sum(dim=1, keepdim=True))
            parts.append(part / (torch.clamp(lengths, min=SHORTEST) * len(self.columns) ** 0.5))
        cosines = torch.cat(parts, dim=1) @ self.rows.float().transpose(0, 1)
        number = min(NUM_NEIGHBOURS, len(self.rows))
        near = torch.topk(cosines, number, dim=1).values.mean(dim=1)
        logit, similarity = (
            (values - mean) / width if width >= NARROWEST else torch.zeros_like(values)
            for values, (mean, width) in zip((highest, near), self.scales, strict=True)
        )
        return logit + FEATURE_WEIGHT * similarity


class OnePicture(nn.Module):
    """The same for one picture ``image`` (H, W, 3), without the axis of pictures."""

    def __init__(self, classifier: PictureClassifier) -> None:
        """Take what answers for several."""
        super().__init__()
        self.classifier = classifier

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Answer."""
        return tuple(found[0] for found in self.classifier(image[None]))

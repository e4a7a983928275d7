"""ConvLearner: the note's workflow in one object.

Its parts, each a class on top of the one before: ``LearnerState``, ``Predicts``, ``Trains``,
``Answers``.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from warmstart.arguments import reads
from warmstart.backbones.card import Architecture
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.labelled_images import refuse_own
from warmstart.data.output_paths import cache_folder
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.inference.frozen_part import chosen_device
from warmstart.inference.model_folder import write_model
from warmstart.learner.answers import Answers
from warmstart.learner.arguments import READERS
from warmstart.learner.checks import existing_rows, new_card
from warmstart.learner.matching import refuse_foreign_transforms
from warmstart.learner.reporting import report_learner
from warmstart.results.step_record import StepRecord


class ConvLearner(Answers):
    """A pretrained network, frozen up to its new head, and the data that it learns from."""

    @classmethod
    @reads(**READERS)
    def pretrained(
        cls,
        arch: Architecture,
        data: ImageClassifierData,
        precompute: bool | int = False,
        *,
        ps: float | Sequence[float] | None = None,
        xtra_fc: Sequence[int] = (512,),
        custom_head: nn.Module | None = None,
        opt: str = "sgd",
        weights: str | Path | None = None,
        pretrained: bool = True,
        seed: int = 0,
        device: str = "auto",
        precision: str = "auto",
        train_precision: str = "auto",
        cache_dir: str | Path | None = None,
        num_groups: int = 3,
        quiet: bool = False,
    ) -> "ConvLearner":
        """A network whose body is pretrained and frozen, and whose head is new.

        Args:
            arch: The backbone: a timm name, a torchvision factory, or a function that returns an
                ``nn.Module``.
            data: From ``ImageClassifierData``.
            precompute: Compute the frozen part once per image and keep its outputs on disk: True
                is the plain view, a number K is K augmented views of the training rows.
            ps: Dropout before the last layer; half of it before the others; or one per layer.
            xtra_fc: Sizes of the head's hidden layers.
            custom_head: A head of your own, (N, D) → (N, K), instead of the standard one.
            opt: "sgd" (momentum 0.9) or "adamw".
            weights: A file with the body's weights; None is the embedded default or timm's hub.
            pretrained: False begins with random weights, on purpose.
            seed: What the head, the order of rows and dropout depend on.
            device: "auto", "cpu", "cuda" or "mps".
            precision: Of the frozen part: "auto", "f32" or "bf16".
            train_precision: Of steps that train some of the body: "auto" takes the faster one,
                found by trying; or "f32" or "bf16".
            cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
            num_groups: Layer groups, the head being one of them.
            quiet: Print nothing.

        Returns:
            The learner. With ``precompute``, everything has been computed.
        """
        refuse_foreign_transforms(arch, data.tfms)
        store = cache_folder(cache_dir)
        refuse_own(data, cache_dir=store)
        place = chosen_device(device)
        plan = NetworkPlan(
            arch,
            num_classes=len(data.classes),
            size=data.tfms.recipe.size,
            sizes=tuple(xtra_fc),
            ps=ps,
            custom_head=custom_head,
            weights=None if weights is None else Path(weights),
            is_pretrained=pretrained,
            seed=seed,
        )
        network, head, source = new_network(plan)
        learn = cls(
            network,
            data,
            new_card(data, arch, head, precision, source),
            device=place,
            opt=opt,
            seed=seed,
            cache_dir=store,
            precompute=precompute,
            num_groups=num_groups,
            train_precision=train_precision,
            quiet=quiet,
        )
        if precompute:
            learn.feeding_for(("train", "valid"))
        return learn

    @reads(**READERS)
    def report(
        self,
        path: str | Path = "report.html",
        what: str = "valid",
        *,
        steps: Sequence[StepRecord] = (),
        pictures: str | Path | None = None,
    ) -> Path:
        """Write one HTML page that can be sent to a colleague: scores, mistakes, pictures.

        Args:
            path: The file; it needs no network.
            what: The split that is judged; its rows need labels.
            steps: Of a recipe, if one was followed.
            pictures: A folder for PNG files, if they are wanted.
        """
        existing_rows(self.data.table, what)
        refuse_own(self.data, path=path, pictures=pictures)
        return report_learner(self, path, what, steps=steps, pictures=pictures)

    @reads(**READERS)
    def save(self, folder: str | Path, *, metrics: dict[str, float] | None = None) -> Path:
        """Write the model as plain files: safetensors and JSON.

        Args:
            folder: Where.
            metrics: Scores that the card shall show.

        Returns:
            The folder.
        """
        refuse_own(self.data, folder=folder)
        card = replace(self.card, mode=self.numeric_mode, metrics=metrics or {})
        write_model(Path(folder), card, self.model.state_dict(), self.seen)
        return Path(folder)

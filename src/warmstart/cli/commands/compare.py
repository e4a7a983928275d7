"""`warmstart compare`: which backbone to take."""

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_places
from warmstart.cli.run.settings import CompareSettings
from warmstart.errors import DataError, SettingError, WarmstartError
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.classifier_data.image_data import ImageClassifierData
    from warmstart.comparison.backbones import BackboneTrial

DEFAULT_EPOCHS = 4  # of an MLP whose rate is given


@with_options(CompareSettings)
def compare_command(settings: CompareSettings) -> None:
    """Rank backbones by cross-validation, and say which one to take."""
    archs = resolve_archs(settings)
    check_places(settings)
    from warmstart.cli.text.tables import table_text, verdict_text
    from warmstart.comparison.backbones import ranked, to_take

    trials, failures = try_archs(settings, archs)
    ranking = ranked(trials)
    show_lines(table_text(ranking, failures))
    chosen, equals = to_take(ranking)
    show_lines(verdict_text(ranking, chosen, equals))
    words = ["warmstart", "train", settings.source, "--arch", chosen.arch]
    show_lines(f"next: {shlex.join(words)}")


def resolve_archs(settings: CompareSettings) -> list[str]:
    """The names, each once.

    Raises:
        SettingError: there are not at least two, or one file of weights is given for all.
    """
    archs = list(dict.fromkeys(name.strip() for name in settings.arch.split(",") if name.strip()))
    if len(archs) < 2:
        raise SettingError(
            f"--arch {settings.arch} names {len(archs)} backbone(s).",
            expected="two or more timm names, with commas between.",
            fix="give --arch tf_efficientnet_lite0,resnet18.",
            flags=("--arch", "tf_efficientnet_lite0,resnet18"),
        )
    if settings.weights is not None:
        raise SettingError(
            f"--weights {settings.weights} is one file, and there are {len(archs)} backbones.",
            expected="a folder of files named after backbones, such as resnet18.safetensors.",
            fix="leave --weights away, and set WARMSTART_WEIGHTS to that folder.",
        )
    return archs


def try_archs(
    settings: CompareSettings, archs: list[str]
) -> tuple[list["BackboneTrial"], list[tuple[str, str]]]:
    """Try one backbone after the other; one that cannot be had does not stop the others.

    Args:
        settings: What was asked for.
        archs: Names of backbones.

    Returns:
        The trials; and names and reasons of those that could not be tried. Where none could, what
        was wrong with the last is raised.

    Raises:
        DataError: the images are at fault.
    """
    from warmstart.backbones.card import check_arch
    from warmstart.cli.run.loading import load_data
    from warmstart.recipe.contenders import data_for_each

    errors: dict[str, WarmstartError] = {}
    for arch in archs:
        try:
            check_arch(arch)
        except SettingError as error:
            errors[arch] = error
    known = [arch for arch in archs if arch not in errors]
    trials: list[BackboneTrial] = []
    data = load_data(replace(settings, arch=known[0])) if known else None
    for arch, seen in zip(known, data_for_each(data, known) if data else (), strict=True):
        try:
            trials.append(try_arch(replace(settings, arch=arch), seen))
        except DataError:
            raise
        except WarmstartError as error:
            errors[arch] = error
    if not trials:
        raise errors[archs[-1]]
    return trials, [(arch, error.what) for arch, error in errors.items()]


def try_arch(settings: CompareSettings, data: "ImageClassifierData") -> "BackboneTrial":
    """Try one backbone."""
    from warmstart.cli.run.loading import build_learner
    from warmstart.learner.backbone_trial import try_backbone

    show_lines(f"{settings.arch}:", is_error=True)
    learn = build_learner(replace(settings, precompute=False), data)
    learn.precompute = settings.kept_views  # so that only training rows are computed
    cycle_len = settings.epochs
    if cycle_len is None and settings.lr is not None:
        cycle_len = DEFAULT_EPOCHS
    return try_backbone(learn, settings.k, settings.lr, cycle_len)

"""What a command was asked for, as one record; every field is also an option of the shell."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from warmstart.arguments import LARGEST_SEED
from warmstart.backbones.card import EMBEDDED_ARCH
from warmstart.cli.run.engine_settings import Address, EngineName, Shards, Workers

AUGMENTATIONS = "basic, side_on, top_down, rand_augment or trivial_augment"
SOURCE_HELP = (
    "A folder with train/ and valid/ or one folder per class; a CSV file; .tar or .parquet files, "
    "as 'shards/{000..099}.tar'; or the URL of any of these."
)
Folder = Annotated[str, typer.Option(help="CSV: where the images lie, beside it or anywhere.")]
Suffix = Annotated[str, typer.Option(help="CSV: what the names leave off, as .jpg.")]
Header = Annotated[bool, typer.Option(help="CSV: the first line names the columns.")]
Delimiter = Annotated[str, typer.Option(help="CSV: what stands between cells.")]
Encoding = Annotated[
    str | None, typer.Option(help="CSV: of its text, such as cp1252; default: UTF-8.")
]
NameColumn = Annotated[
    str | None, typer.Option(help="CSV: the column of file names; default: found.")
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        help="CSV, Parquet: the column of labels, or columns of 0 and 1; tar: cls, txt, json, or "
        "a key in it; default: found."
    ),
]
SplitColumn = Annotated[
    str | None,
    typer.Option(help="CSV, Parquet: column that says train or valid; tar: a key in the JSON."),
]
LabelSep = Annotated[
    str | None, typer.Option(help="CSV: between the labels of an image that may have many.")
]
ImageColumn = Annotated[
    str | None, typer.Option(help="Parquet: the column of pictures; default: found.")
]
PATHS = ("source", "weights", "cache_dir", "others", "fixes", "tensorboard")  # name a place


@dataclass(frozen=True)
class TableSettings:
    """How to read a table of images that are there to be judged."""

    folder: Folder = ""
    suffix: Suffix = ""
    header: Header = True
    delimiter: Delimiter = ","
    encoding: Encoding = None
    name_column: NameColumn = None
    label_column: LabelColumn = None
    split_column: SplitColumn = None
    label_sep: LabelSep = None
    image_column: ImageColumn = None


@dataclass(frozen=True)
class DataSettings:
    """Which images, and what the network sees of them."""

    source: Annotated[str, typer.Argument(metavar="FOLDER|CSV", help=SOURCE_HELP)]
    arch: Annotated[str, typer.Option(help="The backbone: a timm name.")] = EMBEDDED_ARCH
    size: Annotated[
        int | None, typer.Option(help="Side of the pictures; default: the backbone's.")
    ] = None
    augment: Annotated[str | None, typer.Option(help=f"How views differ: {AUGMENTATIONS}.")] = None
    max_zoom: Annotated[
        float | None, typer.Option(help="Views are enlarged up to so many times, such as 1.1.")
    ] = None
    crop_type: Annotated[
        str | None, typer.Option(help="center, random, or the whole image: pad, squash.")
    ] = None
    bs: Annotated[int, typer.Option("--bs", help="Rows per training batch.")] = 64
    valid_pct: Annotated[
        float, typer.Option(help="Share that validates, where there is no valid folder.")
    ] = 0.2
    split_by: Annotated[
        str,
        typer.Option(
            help="How it is drawn: class, a share of each; name or content: by the hash of each "
            "row's name (or group) or bytes, so that added rows move none."
        ),
    ] = "class"
    split_seed: Annotated[
        int,
        typer.Option(min=0, max=LARGEST_SEED, help="What the draw of that share depends on."),
    ] = 42
    on_unreadable: Annotated[
        str,
        typer.Option(
            help="Images that cannot be read: raise, drop; use: what is left of damaged JPEGs."
        ),
    ] = "raise"
    trn_name: Annotated[str, typer.Option(help="Name of the training folder.")] = "train"
    val_name: Annotated[str, typer.Option(help="Name of the validation folder.")] = "valid"
    test_name: Annotated[str, typer.Option(help="Name of the test folder.")] = "test"
    folder: Folder = ""
    suffix: Suffix = ""
    header: Header = True
    delimiter: Delimiter = ","
    encoding: Encoding = None
    name_column: NameColumn = None
    label_column: LabelColumn = None
    split_column: SplitColumn = None
    group: Annotated[
        str | None,
        typer.Option(help="CSV, Parquet: column whose equal values share a split; tar: a key."),
    ] = None
    label_sep: LabelSep = None
    image_column: ImageColumn = None
    fixes: Annotated[
        str | None, typer.Option(metavar="PATH", help="A CSV of fixes, from warmstart check.")
    ] = None

    @property
    def augmentation(self) -> str | None:
        """How views differ."""
        return self.augment


@dataclass(frozen=True)
class BackboneSettings(DataSettings):
    """And the pretrained network that looks at them."""

    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto"
    precision: Annotated[str, typer.Option(help="Of the frozen part: auto, f32 or bf16.")] = "auto"
    weights: Annotated[
        str | None, typer.Option(metavar="PATH", help="A file with the backbone's weights.")
    ] = None
    cache_dir: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where activations are kept.")
    ] = None


@dataclass(frozen=True)
class LearnSettings(BackboneSettings):
    """And how it learns from them."""

    precompute: Annotated[bool, typer.Option(help="Keep the frozen part's outputs on disk.")] = True
    views: Annotated[
        int, typer.Option(min=0, help="Augmented views to keep; 0 trains on the plain view.")
    ] = 0
    seed: Annotated[
        int,
        typer.Option(min=0, max=LARGEST_SEED, help="Of the head, the order of rows and dropout."),
    ] = 0
    pretrained: Annotated[bool, typer.Option(help="Begin with pretrained weights.")] = True

    @property
    def kept_views(self) -> bool | int:
        """What ``ConvLearner.precompute`` is to be."""
        return self.views if self.precompute and self.views else self.precompute


@dataclass(frozen=True)
class FillSettings(LearnSettings):
    """Arguments of ``cache fill``: which rows, and who computes them."""

    engine: EngineName = "local"
    workers: Workers = None
    address: Address = None
    shards: Shards = None

    @property
    def kept_views(self) -> bool | int:
        """Nothing is stored while the learner is made: workers are to do that."""
        return False


@dataclass(frozen=True)
class TrainSettings(LearnSettings):
    """Arguments of one training run; ``lr`` is None until it has been found."""

    head: Annotated[
        Literal["auto", "logistic", "mlp"],
        typer.Option(
            help="Logistic regression, the note's MLP, or auto: with many rows the better of both."
        ),
    ] = "auto"
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Epochs of the MLP, one cosine cycle; default: 4, or more for 200 steps.",
            show_default=False,
        ),
    ] = None
    lr: Annotated[float | None, typer.Option(help="Learning rate of the MLP; default: found.")] = (
        None
    )
    wd: Annotated[
        float | None,
        typer.Option(min=0.0, help="Weight decay of the MLP; default: 0.03.", show_default=False),
    ] = None
    balance: Annotated[
        Literal["auto", "weights", "sampler"] | None,
        typer.Option(help="How rare classes are heard: by weights in the loss, or more draws."),
    ] = None
    calibrate: Annotated[
        bool, typer.Option(help="Fit a temperature on out-of-fold training rows.")
    ] = False
    others: Annotated[
        str | None,
        typer.Option(metavar="PATH", help='Pictures of other things, to be called "unknown".'),
    ] = None
    false_accept: Annotated[
        float, typer.Option(help="Share of other things that may get an answer all the same.")
    ] = 0.05
    tensorboard: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where TensorBoard finds losses and rates.")
    ] = None
    full: Annotated[
        bool, typer.Option("--full", help="All eight steps: views, unfreezing, the best epoch.")
    ] = False
    minutes: Annotated[float | None, typer.Option(help="With --full: what all steps may take.")] = (
        None
    )
    steps: Annotated[str, typer.Option(help="With --full: which steps, such as 1-4.")] = "1-8"
    seconds: Annotated[
        float | None,
        typer.Option(
            help="Try backbones for so long, or those that --arch names, commas between; the best "
            "answer together."
        ),
    ] = None
    report: Annotated[bool, typer.Option(help="Write RUN/report.html in the end.")] = True

    @property
    def augmentation(self) -> str | None:
        """With --full there has to be some; "basic" is right for all pictures."""
        return self.augment or ("basic" if self.full else None)

    @property
    def raced_archs(self) -> tuple[str, ...] | None:
        """The backbones that were named for a race; None is all that are to be had."""
        if self.arch == EMBEDDED_ARCH:
            return None
        return tuple(name.strip() for name in self.arch.split(",") if name.strip())

    @property
    def kept_views(self) -> bool | int:
        """With --full the recipe says when what is kept."""
        return False if self.full else super().kept_views


@dataclass(frozen=True)
class CompareSettings(LearnSettings):
    """Arguments of a comparison of backbones, ``arch`` being their names."""

    arch: Annotated[
        str, typer.Option(show_default=False, help="Backbones: timm names, commas between.")
    ] = ""
    k: Annotated[int, typer.Option(min=2, help="Folds.")] = 5
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Judge by MLPs of so many epochs; default: logistic regression."),
    ] = None
    lr: Annotated[
        float | None,
        typer.Option(help="Learning rate of the MLPs; default: found for each backbone."),
    ] = None

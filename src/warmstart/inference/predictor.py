"""A network that names pictures, whether just trained or loaded from a folder."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import reads
from warmstart.data.columns import Columns
from warmstart.data.csv_table import Dialect, delimiter_of
from warmstart.data.labelled import Wanted, labelled_images
from warmstart.data.listing import left_out_lines
from warmstart.data.seen_images import SeenImages
from warmstart.data.table import Exclusion
from warmstart.display import Displayed, Sheet
from warmstart.errors import (
    UnreadableImageError,
    UnreadableImagesError,
)
from warmstart.files.remote_reading import as_place
from warmstart.images.augment import Augmentation
from warmstart.inference.arguments import EVALUATE_READERS, READERS
from warmstart.inference.averaging import mean_over_views
from warmstart.inference.evaluation import TRAINED, evaluate_labelled
from warmstart.inference.exportable import Exportable
from warmstart.inference.member import ModelMember, Render
from warmstart.inference.model_card import ModelCard
from warmstart.inference.picture_views import PictureViews, views_of
from warmstart.inference.pictures import Picture, Pictures
from warmstart.inference.showing import predictor_sheet
from warmstart.metrics.known_features import KnownFeatures
from warmstart.metrics.logits import mean_probabilities
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import print_styled
from warmstart.words import PREDICTOR, Guided

if TYPE_CHECKING:
    from torch import nn

    from warmstart.inference.export_source import ExportSource
    from warmstart.inference.network_member import NetworkMember

ROWS_AT_ONCE = 256  # of several members: what is rendered and waits for the next one


class Predictor(Displayed, Guided, Exportable):
    """One network, or several that answer together: pictures → the classes' probabilities.

    Example:
        >>> import numpy as np
        >>> from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
        >>> photos = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
        >>> rows = (photos, np.arange(24) % 2)
        >>> tfms = tfms_from_model("test_resnet", 32)
        >>> data = ImageClassifierData.from_arrays(
        ...     trn=rows, val=rows, tfms=tfms, classes=["cat", "dog"], quiet=True
        ... )
        >>> learn = ConvLearner.pretrained("test_resnet", data, pretrained=False, quiet=True)
        >>> predictor = learn.predictor()
        >>> predictor.predict(photos[0]).answers[0][0] in predictor.classes
        True
    """

    word_owner = PREDICTOR

    def __init__(
        self,
        members: "Sequence[ModelMember]",
        card: ModelCard,
        seen: SeenImages | None = None,
        known: KnownFeatures | None = None,
        load_networks: "Callable[[], Sequence[NetworkMember]] | None" = None,
    ) -> None:
        """Take the networks that answer together: the mean of their logits.

        Args:
            members: The first one alone says how well a picture is known.
            card: What the model says of itself.
            seen: Which pictures trained it, or chose; None where it cannot tell.
            known: What the training pictures look like to the first network; None where the
                probabilities decide what is "unknown", or nothing does.
            load_networks: Loads the same networks with torch, if the members do without it.
        """
        self.members, self.card, self.seen, self.known = tuple(members), card, seen, known
        self._load_networks = load_networks
        self._networks: Sequence[NetworkMember] = ()

    @property
    def networks(self) -> "Sequence[NetworkMember]":
        """The members as torch has them; loaded now, where they answer without it.

        Example:
            >>> len(predictor.networks)
            1
        """
        if not self._networks:
            load: Any = self._load_networks
            self._networks = self.members if load is None else load()  # type: ignore[assignment]
        return self._networks

    @property
    def model(self) -> "nn.Module":
        """The whole network as an ordinary module; of several, the first.

        Example:
            >>> predictor.model is learn.model
            True
        """
        return self.networks[0].model

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes.

        Example:
            >>> predictor.classes
            ('cat', 'dog')
        """
        return self.card.classes

    def _sheet(self) -> Sheet:
        return predictor_sheet(self.card, self.seen)

    def predict(
        self, pictures: Picture | Iterable[Picture], *, on_unreadable: str = "raise"
    ) -> Predictions:
        """Probabilities of each picture, in the order given.

        Args:
            pictures: Paths (a folder stands for the images in it), bytes, open files, PIL images,
                arrays or tensors: see ``Pictures``.
            on_unreadable: "raise", or "use" for what is left of damaged JPEGs, which ``notes`` of
                the result name.

        Returns:
            Predictions without labels; ``rows`` are the paths, or numbers where there is none.

        Example:
            >>> predictor.predict([photos[0], photos[1]]).rows
            ('image 0', 'image 1')
        """
        return self.TTA(pictures, 0, on_unreadable=on_unreadable)

    @reads(**READERS)
    def TTA(  # noqa: N802 - the note's name
        self,
        pictures: Picture | Iterable[Picture],
        n_aug: int = 4,
        *,
        plain_weight: float | None = None,
        aug_tfms: Augmentation | str | Sequence[Augmentation | str] | None = None,
        on_unreadable: str = "raise",
    ) -> Predictions:
        """Probabilities averaged over the plain view and some augmented ones.

        Args:
            pictures: As for ``predict``.
            n_aug: Augmented views of each picture, from view 1 on; 0 is ``predict``.
            plain_weight: Share of the plain view in [0, 1]; None weighs all views alike.
            aug_tfms: How views vary, as in ``tfms_from_model``; None is as in training, or "basic"
                after training on the plain view. They are the views that ``learn.TTA`` averages.
            on_unreadable: As for ``predict``.

        Returns:
            As from ``predict``.

        Example:
            >>> predictor.TTA(photos[0], 2).probabilities.shape
            (1, 2)
        """
        given = pictures if isinstance(pictures, Pictures) else Pictures(pictures)
        recipes = [member.recipe for member in self.members]
        views = views_of(self.card, recipes, aug_tfms) if n_aug > 0 else ()
        views_on = [member.views_on for member in self.members]
        seen = PictureViews(given, recipes, views, on_unreadable, views_on)

        scores: dict[int, NDArray[np.float64] | None] = {}  # those of the plain view are kept

        def probabilities(view: int) -> NDArray[np.float64]:
            renders = [partial(seen.render, number, view) for number in range(len(recipes))]
            found, scores[view] = self.rows_and_scores(renders, len(given))
            return found

        mean = mean_over_views(probabilities, n_aug, plain_weight)
        return Predictions(
            given.names,
            mean,
            np.full(mean.shape if self.card.is_multi_label else len(given), -1),
            self.classes,
            answering=self.card.answering,
            left_out=tuple((item.name, item.reason) for item in given.left_out),
            notes=seen.notes,
            known_scores=scores[0],
        )

    @reads(**EVALUATE_READERS)
    def evaluate(  # noqa: PLR0913 - a table can be read in as many ways as ``from_csv`` has
        self,
        source: str | Path,
        *,
        split: str | None = None,
        with_training_rows: bool = False,
        folder: str = "",
        suffix: str = "",
        header: bool = True,
        delimiter: str = ",",
        encoding: str | None = None,
        name_column: str | int | None = None,
        label_column: str | int | Sequence[str | int] | None = None,
        split_column: str | int | None = None,
        label_sep: str | None = None,
        image_column: str | None = None,
        on_unreadable: str = "raise",
        quiet: bool = False,
    ) -> Predictions:
        """Predict labelled pictures, to judge by: ``.scores()``, ``.confusion_matrix()``.

        One picture is enough. Those that the model was trained on are recognised by content and
        left out.

        Args:
            source: A folder with one folder per class, or with such folders for each part; or a CSV
                or TSV file.
            split: Which part, where there are parts; None is valid, or else test, or else train.
            with_training_rows: Judge pictures that trained the model too; the scores are marked.
            folder: Of a table: where the images lie, under its own folder or anywhere else.
            suffix: What its names leave off, such as ".jpg".
            header: Whether its first line names the columns.
            delimiter: What stands between its cells.
            encoding: Of its text; None is UTF-8, or what a byte order mark says.
            name_column: The column of names, by its header or its position from 0; None is found.
            label_column: The column of labels, or several of 0 and 1; None is found.
            split_column: The column that says the part of each row.
            label_sep: What stands between the labels of an image that may have many.
            image_column: Of Parquet: the column of the pictures' bytes; None is found.
            on_unreadable: As for ``predict``.
            quiet: Print nothing; ``notes`` and ``left_out`` of the result have it all.

        Returns:
            Labelled predictions; ``rows`` are the paths.

        Example:
            >>> found = predictor.evaluate(folder / "train", quiet=True)
            >>> len(found.rows)
            8
        """
        given = labelled_images(
            as_place(source),
            Wanted(self.classes, self.card.is_multi_label, split),
            Columns(
                name=name_column, label=label_column, split=split_column, label_sep=label_sep,
                folder=folder, suffix=suffix, image=image_column,
            ),
            Dialect(header, delimiter_of(as_place(source), delimiter), encoding),
        )  # fmt: skip
        found = evaluate_labelled(
            partial(self.predict, on_unreadable=on_unreadable),
            given,
            self.seen,
            with_training_rows=with_training_rows,
        )
        if not quiet:
            told = [Exclusion(*item) for item in found.left_out if item[1] != TRAINED]
            for line in (*found.notes, *left_out_lines(told)):
                print_styled((line, ""), is_error=True)
        return found

    def _export_source(self) -> "ExportSource":
        from warmstart.inference.export_source import ExportSource, exact_members  # torch loads

        exact = exact_members(self.networks, self.card)
        predict = Predictor(exact, self.card, None, self.known).predict
        return ExportSource(exact, self.card, self.known, predict)

    def rows(self, renders: Render | Sequence[Render], num_rows: int) -> NDArray[np.float64]:
        """Probabilities (N, K) of rendered rows.

        Args:
            renders: Position → (size, size, 3) uint8; of several members one each.
            num_rows: N.

        Example:
            >>> predictor.rows(data.source.render, 3).shape
            (3, 2)
        """
        return self.rows_and_scores(renders, num_rows)[0]

    def rows_and_scores(
        self, renders: Render | Sequence[Render], num_rows: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Likewise, and how well each row (N,) is known, if features decide that.

        Raises:
            UnreadableImagesError: some cannot be decoded; all of them are listed.

        Example:
            >>> predictor.rows_and_scores(data.source.render, 3)[1] is None
            True
        """
        each = [renders] if callable(renders) else renders
        step = num_rows if len(each) == 1 else ROWS_AT_ONCE
        failures: list[UnreadableImageError] = []
        parts, scores = [], []
        for start in range(0, num_rows, step):
            rows, failed = range(start, min(start + step, num_rows)), len(failures)
            blocks = [
                list(member.blocks(render, rows, failures))
                for member, render in zip(self.members, each, strict=True)
            ]
            if len(failures) == failed:
                parts.append(self.probabilities(blocks))
                if self.known is not None:
                    scores.append(self.members[0].known_scores(self.known, blocks[0]))
        if failures:
            raise UnreadableImagesError(list({error.name: error for error in failures}.values()))
        found = np.concatenate(parts) if parts else np.empty((0, len(self.classes)))
        if self.known is None:
            return found, None
        return found, np.concatenate(scores) if scores else np.empty(0)

    def probabilities(self, blocks: Sequence[Iterable[Any]]) -> NDArray[np.float64]:
        """Probabilities (N, K) of activations, in blocks as the members have them.

        Args:
            blocks: Of each member, the same rows.

        Example:
            >>> import torch
            >>> predictor.probabilities([[torch.zeros(3, learn.num_features)]]).shape
            (3, 2)
        """
        return mean_probabilities(
            [member.logits(each) for member, each in zip(self.members, blocks, strict=True)],
            is_multi_label=self.card.is_multi_label,
            temperature=self.card.answering.temperature,
        )

"""What a learner is: network, data, where the cut is, what is kept, what is held back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from warmstart.arguments import reads
from warmstart.backbones.network import ClassifierNetwork, Normalise, backbone_fingerprint
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.labelled_images import refuse_own
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImagesError
from warmstart.inference.model_card import ModelCard
from warmstart.inference.predictor import Predictor
from warmstart.inference.seen_pictures import BEST_EPOCH, SeenPictures
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.answering import forgotten
from warmstart.learner.arguments import A_HEAD, READERS, head_card
from warmstart.learner.checks import (
    existing_rows,
    seen_through,
    tell_plain_views,
    tell_precompute_off,
    tell_stored_views,
    using_damaged,
    without_unreadable,
)
from warmstart.learner.feeding import NOTHING, Feeding, checked_precompute
from warmstart.learner.frozen_parts import FrozenParts
from warmstart.learner.held_back import SHARE, HeldBack
from warmstart.learner.layers import Layers
from warmstart.learner.matching import (
    fit_to_other_size,
    refuse_other_data,
    refuse_other_weights,
)
from warmstart.learner.same_bytes import same_bytes_notes
from warmstart.learner.snapshots import Snapshots
from warmstart.results.history import History
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.terminal.notes import note
from warmstart.terminal.progress import no_progress, show_progress
from warmstart.training.head import AnyHeadCard, refuse_other_head


class LearnerState:
    """Network and data of a learner, and everything about them that may be set."""

    def __init__(
        self,
        network: ClassifierNetwork,
        data: ImageClassifierData,
        card: ModelCard,
        *,
        device: torch.device,
        opt: str = "sgd",
        seed: int = 0,
        cache_dir: Path,
        precompute: bool | int = False,
        num_groups: int = 3,
        train_precision: str = "auto",
        quiet: bool = False,
    ) -> None:
        """Use ``ConvLearner.pretrained``, which builds the network."""
        self.model, self.data, self.card = network.to(device).eval(), data, card
        self.device, self.opt, self.seed, self.quiet = device, opt, seed, quiet
        self.train_precision, self.held_back = train_precision, NOTHING
        self.chosen_on_valid: tuple[str, ...] = ()
        self.history = History()
        self.layers = Layers(network, data.tfms.recipe.size, num_groups)
        self.parts = FrozenParts(
            network, device, cache_dir, lambda: no_progress if self.quiet else show_progress
        )
        self.num_epochs, self.num_fits = 0, 0
        self._first_body: str | None = None  # its fingerprint, once a fit could have changed it
        self.seen = SeenPictures()
        self.noticed: tuple[str, ...] = ()  # of the pictures, when they were first trained on
        self._last_seen: tuple[ImageTable, HeldBack, str | None] | None = None
        self._snapshots = Snapshots(network.head, None)
        self.out_of_fold: OutOfFoldPredictions | None = None  # of the head, by ``fit_head``
        self._precompute: bool | int = False
        self.precompute = precompute

    @property
    def precompute(self) -> bool | int:
        """Whether, and how many views of, the frozen part's outputs are kept; may be set."""
        return self._precompute

    @precompute.setter
    def precompute(self, value: bool | int) -> None:
        self._precompute = checked_precompute(value)
        self._keeps_pixels = self._precompute is not False
        if self._precompute is True and self.data.source.varies:
            tell_plain_views(self.quiet)

    def freeze(self) -> None:
        """Train the head only."""
        self.freeze_to(-1)

    @reads(**READERS)
    def freeze_to(self, where: int | str) -> None:
        """Freeze everything before a layer group or stage, and train the rest.

        Args:
            where: A group's number, as -2 for the last group of the body and the head; or the name
                of a stage (``learn.summary()`` lists them).
        """
        self._cut_at(where)
        if self.layers.cut is not None and self.data.source.varies:
            tell_stored_views(self._precompute, self.quiet)

    def unfreeze(self) -> None:
        """Train everything. BatchNorm of the body keeps its statistics (see ``fit(bn=)``).

        As in fastai 0.7, ``precompute=True`` becomes False where the data has an augmentation, so
        that the body sees it; pixels of rows that judge stay stored.
        """
        self._cut_at(0)
        if self._precompute is True and self.data.source.varies:
            self._precompute = False
            tell_precompute_off(self.quiet)
        elif self.data.source.varies:
            tell_stored_views(self._precompute, self.quiet)

    def _cut_at(self, where: int | str) -> None:
        self.layers.cut = self.layers.cut_before(where)
        self.parts.forget(body_moved=False)

    def summary(self) -> str:
        """Stages, layer groups, parameters, what is frozen, and where the cut is."""
        return self.layers.summary()

    @reads(**READERS)
    def hold_back(self, share: float = SHARE) -> None:
        """Keep some training rows from training, to choose epochs and steps by (law 15).

        Args:
            share: Of each class, in [0, 1); 0 gives them back. Which rows it is depends on their
                names and the learner's seed.
        """
        self.held_back = HeldBack(share, self.seed)

    def prepare(self) -> None:
        """Compute now what the next fit needs: read every image, store what is to be stored."""
        self.feeding_for(("train", "valid"))

    @reads(head=A_HEAD, card=head_card)
    def put_head(self, head: nn.Module, card: AnyHeadCard | None) -> None:
        """Take another head.

        Args:
            head: (N, D) → (N, K) logits.
            card: What it is built from; None for one of the user's own.
        """
        refuse_other_head(head, self.num_features, len(self.data.classes))
        self.forget_answering("the head is another")
        self.model.head = head.to(self.device).eval()
        self.card = replace(self.card, head=None if card is None else asdict(card))
        self._snapshots = Snapshots(self.model.head, None)
        self.out_of_fold = None
        self.history.begin_anew()

    def put_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Take other weights.

        Args:
            tensors: By name, as ``learn.model.state_dict()`` gives them.
        """
        before = self.model.state_dict()
        refuse_other_weights(tensors, before)
        moved = any(
            not torch.equal(tensor, tensors[name].to(tensor.device))
            for name, tensor in before.items()
            if not name.startswith("head.")
        )
        self.model.load_state_dict(dict(tensors))
        if moved:
            self.parts.forget(body_moved=True)

    @reads(**READERS)
    def set_data(self, data: ImageClassifierData) -> None:
        """Go on with other images of the same classes: another size, another fold.

        Args:
            data: Whatever was stored for it before is found again, nothing else is used.
        """
        refuse_other_data(self.data, data)
        refuse_own(data, cache_dir=self.parts.cache_dir)
        size = data.tfms.recipe.size
        fit_to_other_size(self.model.backbone, self.layers.size, size)
        cut = self.layers.cut
        self.layers = Layers(self.model, size, self.layers.num_groups)
        self.layers.cut = cut
        self.data = data
        self.card = replace(self.card, **seen_through(data.tfms))
        self.parts.forget(body_moved=True)
        self._snapshots = Snapshots(self.model.head, None)
        self.forget_answering("the data is another")
        self.history.begin_anew()

    def forget_answering(self, why: str) -> None:
        """Answer plainly again, because the model or its data is another.

        Args:
            why: What changed.
        """
        answering = forgotten(self.card.answering, why, quiet=self.quiet)
        self.card = replace(self.card, answering=answering)

    @reads(**READERS)
    def content_hashes(self, split: str) -> list[bytes]:
        """The sha256 of each row's image, in table order."""
        rows = existing_rows(self.data.table, split)
        return self.data.source.content_hashes(rows, self.parts.pooled(self.card).hashes)

    @property
    def num_features(self) -> int:
        """D of the pooled row that enters the head."""
        return int(self.parts.pooled(self.card).frozen.card.shape[0])

    @property
    def numeric_mode(self) -> str:
        """Runner, version, number type and instruction set of the frozen part."""
        return self.parts.pooled(self.card).frozen.card.mode

    def predictor(self) -> Predictor:
        """What ``load_predictor`` would give, without saving."""
        return Predictor(
            self.model, self.parts.pooled(self.card).frozen, self.model.head, self.card, self.seen
        )

    @property
    def activations(self) -> TableActivations:
        """The frozen part up to the cut, and its store."""
        return self.parts.before_cut(self.card, self.layers)

    def _remember_body(self) -> None:
        """Note what the body is, before the first fit that can change it."""
        if self._first_body is None:
            self._first_body = backbone_fingerprint(self.model)

    @property
    def _has_moved_body(self) -> bool:
        """Whether the body is another than before it was first trained."""
        return self._first_body not in (None, backbone_fingerprint(self.model))

    def _normalise(self) -> Normalise:
        return Normalise(self.card.mean, self.card.std).to(self.device)

    def _group_names(self) -> tuple[str, ...]:
        if self.layers.cut is None:
            return ("head",)  # nothing need be traced
        return tuple(group.name for group in self.layers.trainable_groups())

    def feeding_for(self, splits: Sequence[str], precompute: bool | int | None = None) -> Feeding:
        """See that every row can be read, and with ``precompute`` (None: the learner's) is stored.

        Raises:
            UnreadableImagesError: some cannot be decoded, and are not to be dropped or used.
        """
        keeps = self._precompute if precompute is None else precompute
        failures = self._feeding(keeps).see(splits)
        if failures and self.data.on_unreadable == "drop":
            self.data = without_unreadable(self.data, failures)
        elif failures and self.data.on_unreadable == "use":
            self.data, before = using_damaged(self.data, failures), self.data
            failures = self._feeding(keeps).see(splits)
            if failures:  # there is nothing in them that could be used
                self.data = before
                raise UnreadableImagesError(failures)
            note(self.data.table.notes[-1], quiet=self.quiet)
        elif failures:
            raise UnreadableImagesError(failures)
        return self._feeding(keeps)

    def _feeding(self, keeps: bool | int) -> Feeding:
        trains_body = self.layers.cut is not None
        body = (
            self.parts.whole_body(self.card, self.layers, keeps_pixels=self._keeps_pixels)
            if trains_body
            else None
        )
        return Feeding(self.activations, self.data.source, keeps, self.held_back, body)

    def remember_pictures(self, feeding: Feeding, chooser: str | None = None) -> None:
        """Note which pictures a fit trains on: they do not judge its model unnoticed.

        Args:
            feeding: What it is fed.
            chooser: Which rows choose the best epoch, "held_back" or "valid"; None if none do.
        """
        source, held_back = feeding.source, feeding.held
        if self._last_seen == (source.table, held_back, chooser):
            return  # hashes of files are asked for once, however many fits there are
        train, held = held_back.parted(source.table)
        hashes = feeding.activations.hashes
        if self._last_seen is None or self._last_seen[0] is not source.table:
            self.noticed = same_bytes_notes(
                source.table, lambda rows: source.content_hashes(rows, hashes)
            )
            for text in self.noticed:
                note(text, quiet=self.quiet)
        self.seen = self.seen.joined(source.content_hashes(train, hashes))
        if chooser is not None:
            rows = source.table.rows("valid") if chooser == "valid" else held
            self.seen = self.seen.joined(source.content_hashes(rows, hashes), BEST_EPOCH)
        self._last_seen = (source.table, held_back, chooser)

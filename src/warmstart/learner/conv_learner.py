"""ConvLearner: the note's workflow in one object.

Every method is a few lines: what it does is a function of its state, in the file of that name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.arguments import one_of, reads
from warmstart.backbones.card import Architecture
from warmstart.backbones.network import ClassifierNetwork
from warmstart.callbacks.events import Callback
from warmstart.classifier_data.arguments import check_outside_data
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.data.output_paths import cache_folder
from warmstart.inference.assembly import NetworkPlan
from warmstart.inference.model_card import ModelCard
from warmstart.inference.pictures import Picture
from warmstart.inference.predictor import Predictor
from warmstart.learner.arguments import A_HEAD, READERS, checked_fit_places, head_card
from warmstart.learner.cross_validation import CrossValidation, check_frozen, cross_validate
from warmstart.learner.decision import calibrate, fit_class_thresholds, fit_sets, set_unknown
from warmstart.learner.exporting import ExportableLearner
from warmstart.learner.familiar import FamiliarWords
from warmstart.learner.fitting import FitPlan, fit_settings, fit_tail, sweep_rates
from warmstart.learner.freezing import freeze_to, set_precompute, unfreeze_backbone
from warmstart.learner.head_fit import fit_head
from warmstart.learner.holdout import SHARE, Holdout
from warmstart.learner.learning_curve import learning_curve
from warmstart.learner.matching import check_transforms
from warmstart.learner.predicting import (
    content_hashes,
    head_inputs,
    predict_rows,
    predict_snapshots,
    predict_views,
)
from warmstart.learner.pretrained import pretrained_state, remember_pretrained
from warmstart.learner.reading import read_inputs
from warmstart.learner.replacing import put_head, put_weights, set_data
from warmstart.learner.reporting import report_learner
from warmstart.learner.state import LearnerState, save_learner
from warmstart.metrics.temperature import Temperature
from warmstart.metrics.thresholds import Thresholds
from warmstart.metrics.unknown import UnknownThreshold
from warmstart.results.head_fit import HeadFit
from warmstart.results.history import History
from warmstart.results.learning_curve import LearningCurve
from warmstart.results.lr_curve import LRCurve
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord
from warmstart.training.head_card import AnyHeadCard
from warmstart.training.schedule import Schedule, schedule_of


class ConvLearner(FamiliarWords, ExportableLearner):
    """A pretrained network, frozen up to its new head, and the data that it learns from.

    The examples of its methods go on where this one ends; ``folder`` is a folder of images.

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
        >>> history = learn.fit(0.01, 2)
        >>> learn.predict().probabilities.shape
        (24, 2)
    """

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
        """A network whose backbone is pretrained and frozen, and whose head is new.

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
            weights: A file with the backbone's weights; None is the embedded default or timm's hub.
            pretrained: False begins with random weights, on purpose.
            seed: What the head, the order of rows and dropout depend on.
            device: "auto", "cpu", "cuda" or "mps".
            precision: Of the frozen part: "auto", "f32" or "bf16".
            train_precision: Of steps that train some of the backbone: "auto" takes the faster one,
                found by trying; or "f32" or "bf16".
            cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
            num_groups: Layer groups, the head being one of them.
            quiet: Print nothing.

        Returns:
            The learner. With ``precompute``, everything has been computed.

        Example:
            >>> learn = ConvLearner.pretrained("test_resnet", data, pretrained=False, quiet=True)
            >>> learn.precompute
            False
        """
        check_transforms(arch, data.tfms)
        store = cache_folder(cache_dir)
        check_outside_data(data, cache_dir=store)
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
        state = pretrained_state(
            plan,
            data,
            opt=opt,
            device=device,
            precision=precision,
            train_precision=train_precision,
            cache_dir=store,
            num_groups=num_groups,
            quiet=quiet,
        )
        learn = cls(state)
        learn.precompute = precompute
        if precompute:
            learn.prepare()
        remember_pretrained(state, plan)
        return learn

    def __init__(self, state: LearnerState) -> None:
        """Use ``ConvLearner.pretrained``, which builds the state."""
        self.state = state

    @property
    def model(self) -> ClassifierNetwork:
        """The whole network, an ordinary ``nn.Module``: ``backbone``, ``pool`` and ``head``.

        Example:
            >>> [name for name, _ in learn.model.named_children()]
            ['backbone', 'pool', 'head']
        """
        return self.state.model

    @property
    def data(self) -> ImageClassifierData:
        """What it learns from; ``set_data`` takes other data.

        Example:
            >>> len(learn.data.table.rows("train"))
            24
        """
        return self.state.data

    @property
    def card(self) -> ModelCard:
        """What a saved model would say of itself.

        Example:
            >>> learn.card.arch
            'test_resnet'
        """
        return self.state.card

    @property
    def history(self) -> History:
        """All fits since the network, its head or its data were last replaced.

        Example:
            >>> len(learn.history.records)
            2
        """
        return self.state.history

    @property
    def out_of_fold(self) -> OutOfFoldPredictions | None:
        """Predictions of the training rows by ``fit_head``; None where it had none, or after.

        Example:
            >>> record = learn.fit_head("logistic")
            >>> learn.out_of_fold is None or learn.out_of_fold.probabilities.shape[1]
            2
        """
        return self.state.out_of_fold

    @property
    def precompute(self) -> bool | int:
        """Whether, and how many views of, the frozen part's outputs are kept; may be set.

        Example:
            >>> learn.precompute = 4
            >>> learn.precompute
            4
        """
        return self.state.precompute

    @precompute.setter
    def precompute(self, value: bool | int) -> None:
        set_precompute(self.state, value)

    @property
    def quiet(self) -> bool:
        """Whether nothing is printed; may be set.

        Example:
            >>> learn.quiet
            True
        """
        return self.state.quiet

    @quiet.setter
    def quiet(self, value: bool) -> None:
        self.state.quiet = value

    @property
    def num_features(self) -> int:
        """D of the pooled row that enters the head.

        Example:
            >>> learn.num_features == learn.activations_of()[0].shape[1]
            True
        """
        return self.state.num_features

    @property
    def numeric_mode(self) -> str:
        """Runner, version, number type and instruction set of the frozen part.

        Example:
            >>> learn.numeric_mode.split("-")[0] in {"openvino", "torch"}
            True
        """
        return self.state.numeric_mode

    def freeze(self) -> None:
        """Train the head only.

        Example:
            >>> learn.unfreeze()
            >>> learn.freeze()
            >>> len(learn.fit(0.01, 1).last_lrs)
            1
        """
        self.freeze_to(-1)

    @reads(**READERS)
    def freeze_to(self, where: int | str) -> None:
        """Freeze everything before a layer group or stage, and train the rest.

        Args:
            where: A group's number, as -2 for the last group of the backbone and the head; or the
                name of a stage (``learn.summary()`` lists them).

        Example:
            >>> learn.freeze_to(-2)
            >>> len(learn.fit((0.001, 0.01), 1).last_lrs)
            2
        """
        freeze_to(self.state, where)

    def unfreeze(self) -> None:
        """Train everything. BatchNorm of the backbone keeps its statistics (see ``fit(bn=)``).

        As in fastai 0.7, ``precompute=True`` becomes False where the data has an augmentation, so
        that the backbone sees it; pixels of rows that judge stay stored.

        Example:
            >>> learn.unfreeze()
            >>> len(learn.fit((1e-4, 1e-3, 1e-2), 1).last_lrs)
            3
        """
        unfreeze_backbone(self.state)

    def summary(self) -> str:
        """Stages, layer groups, parameters, what is frozen, and where the cut is.

        Example:
            >>> print(learn.summary().splitlines()[0])
            stage                             layer group                           parameters
        """
        return self.state.layers.summary()

    @reads(**READERS)
    def lr_find(
        self,
        lrs: Any = None,
        *,
        start_lr: float = 1e-5,
        end_lr: float = 10.0,
        num_steps: int = 100,
        bn: str = "stored",
        clip_norm: float | str | None = "auto",
        max_rows: int | None = None,
    ) -> LRCurve:
        """Try rates from small to large; weights and everything else stay as they are.

        Args:
            lrs: Rates per layer group, of which only the ratios count; the curve shows the last.
            start_lr: First rate.
            end_lr: Last rate.
            num_steps: Steps between them.
            bn: As in ``fit``.
            clip_norm: As in ``fit``.
            max_rows: How many rows may go through the network in all: fewer and smaller steps are
                taken, and where too few are left for a sweep the usual rate is suggested.

        Returns:
            The curve, with ``.suggestion`` and ``.plot()``.

        Example:
            >>> curve = learn.lr_find(num_steps=10)
            >>> curve.suggestion > 0
            True
        """
        learn = self.state
        settings = fit_settings(learn, 1.0 if lrs is None else lrs, Schedule(1), 0.0)
        return sweep_rates(
            learn,
            settings,
            FitPlan(bn, clip_norm),
            lr_range=(start_lr, end_lr),
            num_steps=num_steps,
            max_rows=max_rows,
        )

    @reads(**READERS)
    def fit(
        self,
        lrs: Any,
        n_cycle: int,
        cycle_len: int | None = None,
        cycle_mult: int = 1,
        *,
        wds: Any = 0.0,
        one_cycle: bool = False,
        bn: str = "stored",
        clip_norm: float | str | None = "auto",
        balance: str | None = None,
        choose_on: str = "held_back",
        checkpoint: str | Path | None = None,
        callbacks: Sequence[Callback] = (),
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        ema_decay: float | None = None,
        has_snapshots: bool = False,
        keeps_best: bool = False,
        best_by: str = "loss",
        patience: int | None = None,
    ) -> History:
        """Train what follows the cut.

        Args:
            lrs: Learning rate; or one per layer group that trains, the first layers' first; or as
                in fastai 2: slice(1e-5, 1e-3) from the first group's to the last's in equal ratios,
                slice(1e-3) for the last, a tenth of it for the others.
            n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
            cycle_len: Epochs of the first cycle; the rate falls along half a cosine in each.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay, likewise one or one per group.
            one_cycle: One rise and fall over all those epochs, instead of restarts.
            bn: What BatchNorm of thawed stages uses: its "stored" statistics, or those of each
                batch ("train").
            clip_norm: Longest gradient of a step, as a norm over all parameters; None is any,
                "auto" is 1 where BatchNorm keeps stored statistics while its stage trains.
            balance: "weights" (rare classes count more in the loss), "sampler" (they are drawn more
                often), "auto" (weights, where classes are uneven) or None.
            choose_on: Which rows choose the best epoch, if ``keeps_best`` or ``patience`` asks for
                one: training rows that are held back (a fifth, unless ``hold_back`` said how
                many), or "valid", whose scores are then marked as flattered.
            checkpoint: A folder; a fit that was stopped goes on where it was, and one that was
                finished is not done again.
            callbacks: Who is told of every step and epoch (``warmstart.callbacks``).
            label_smoothing: Share of the target that is spread over the classes, in [0, 1).
            mixup: α of Beta(α, α), by which rows are mixed; 0 for none.
            cutmix: Likewise, for pasting a part of one picture into another.
            ema_decay: Of a running average of the weights, which is judged and remains; or None.
            has_snapshots: Keep the weights at the end of each cycle, beside the checkpoint.
            keeps_best: End with the weights of the best epoch.
            best_by: What that is: "loss", or the highest "accuracy" or "macro_f1".
            patience: Stop after so many epochs without a better one, and end with the best.

        Returns:
            The history of this fit; ``learn.history`` has all of them.

        Example:
            >>> history = learn.fit(0.01, 2, cycle_len=1)
            >>> [record.epoch for record in history.records]
            [0, 1]
        """
        learn = self.state
        place = checked_fit_places(learn.data, checkpoint, callbacks)
        schedule = schedule_of(n_cycle, cycle_len, cycle_mult, one_cycle=one_cycle)
        settings = replace(
            fit_settings(learn, lrs, schedule, wds),
            label_smoothing=label_smoothing,
            mixup=mixup,
            cutmix=cutmix,
            ema_decay=ema_decay,
            has_snapshots=has_snapshots,
            keeps_best=keeps_best,
            best_by=best_by,
            patience=patience,
        )
        plan = FitPlan(bn, clip_norm, balance, choose_on, place, callbacks)
        return fit_tail(learn, settings, plan)

    @reads(**READERS | {"head": one_of("auto", "logistic")})
    def fit_head(
        self,
        head: str = "auto",
        *,
        balance: str | None = None,
        checkpoint: str | Path | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> HeadFit:
        """Give the frozen backbone the head that suits its rows, without epochs or a rate.

        The logistic head: features divided by their length, then logistic regression, solved to
        convergence; its penalty, and which part of the pooled row it uses, are chosen by training
        rows that did not train (out of fold). It is an ordinary module: unfreezing, saving, TTA and
        Grad-CAM work as with any. With K stored views each view is a row; otherwise the plain view
        is. The same rows give the same head: there is no seed but that of the folds.

        Args:
            head: "logistic"; or "auto", which from ``MLP_ROWS`` training rows on also trains the
                MLP, and keeps the head with the lower loss on a fifth that trained neither.
            balance: As in ``fit``; both ways are weights of rows here.
            checkpoint: A folder; a fit that was finished is not done again.
            callbacks: As in ``fit``; who is told of the MLP, if that is kept.

        Returns:
            What was tried and kept; also in ``learn.history.head_fits``. ``learn.out_of_fold`` has
            the training rows' out-of-fold predictions, None where rows were too few or too many.
            The backbone has to be frozen, and never trained on these rows.

        Example:
            >>> learn.fit_head("logistic").head
            'logistic'
        """
        learn = self.state
        place = checked_fit_places(learn.data, checkpoint, callbacks)
        check_frozen(learn.layers, has_moved=learn.has_moved_backbone, what="fit_head")
        return fit_head(learn, head, balance, place, callbacks)

    def predict(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities of a split's rows, or of any pictures.

        Args:
            what: "train", "valid", "test", "held_back" (training rows that do not train), or paths,
                bytes, PIL images, arrays.

        Returns:
            Predictions, in table order or in the order given: the bits that a predictor loaded
            from ``learn.save`` gives. What is left of damaged JPEGs is used where the data says so;
            ``notes`` name them.

        Example:
            >>> learn.predict("valid").probabilities.shape
            (24, 2)
            >>> learn.predict(photos[0]).answers[0][0] in data.classes
            True
        """
        return predict_rows(self.state, what)

    @reads(**READERS)
    def TTA(  # the note's name
        self, n_aug: int = 4, what: str = "valid", *, plain_weight: float | None = None
    ) -> Predictions:
        """Probabilities averaged over the plain view and some augmented ones.

        Args:
            n_aug: Augmented views of each row, from view 1 on; 0 is ``predict``.
            what: "train", "valid" or "test".
            plain_weight: Share of the plain view in [0, 1]; None weighs all views alike.

        Returns:
            Predictions, in table order. A temperature applies to each view, before the mean. Views
            differ as in training; by "basic" where the data has no augmentation, which is said.

        Example:
            >>> learn.TTA(n_aug=2).probabilities.shape
            (24, 2)
        """
        return predict_views(self.state, n_aug, what, plain_weight)

    def predict_snapshots(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities averaged over the weights at the end of each cycle of the last fit.

        Args:
            what: As for ``predict``.

        Returns:
            As from ``predict``. ``fit`` needs ``has_snapshots=True``; the weights stay as they are.

        Example:
            >>> run = folder / "run"
            >>> history = learn.fit(0.01, 2, cycle_len=1, checkpoint=run, has_snapshots=True)
            >>> learn.predict_snapshots().probabilities.shape
            (24, 2)
        """
        return predict_snapshots(self.state, what)

    @reads(**READERS)
    def cross_validate(
        self,
        k: int = 5,
        lrs: Any = None,
        n_cycle: int = 1,
        cycle_len: int | None = 4,
        cycle_mult: int = 1,
        *,
        wds: Any = 0.0,
        balance: str | None = None,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        ema_decay: float | None = None,
        seed: int | None = None,
    ) -> OutOfFoldPredictions:
        """Predict each training row by a fresh head that was trained without the row's fold.

        The learner stays as it is. Folds are drawn within the classes; rows of one group, or with
        the same content, share one. If the learner's head is the logistic one, so is each fold's,
        and its penalty is chosen inside the rows that train it: no rate and no epochs are used.

        Args:
            k: Number of folds.
            lrs: Rate; None finds it once, on the rows that train the first fold's head.
            n_cycle: Number of epochs, or of cycles.
            cycle_len: Epochs of the first cycle.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay.
            balance: As in ``fit``.
            clip_norm: As in ``fit``.
            label_smoothing: As in ``fit``.
            mixup: As in ``fit``.
            ema_decay: As in ``fit``.
            seed: Of folds, heads and batches; None is the learner's.

        Returns:
            Predictions in table order, with ``folds``, ``fold_accuracies`` and ``lr``.

        Example:
            >>> found = learn.cross_validate(2, 0.01)
            >>> np.bincount(found.folds).tolist()
            [12, 12]
        """
        plan = CrossValidation(
            k=k,
            lrs=lrs,
            schedule=Schedule(n_cycle, cycle_len, cycle_mult),
            wds=wds,
            balance=balance,
            clip_norm=clip_norm,
            label_smoothing=label_smoothing,
            mixup=mixup,
            ema_decay=ema_decay,
            seed=seed,
        )
        return cross_validate(self.state, plan)

    @reads(**READERS)
    def learning_curve(self, *, balance: str | None = None) -> LearningCurve:
        """Say what more images would buy, from the training rows alone.

        Logistic heads are solved on nested subsets of them (10, 20, 40 and 80 %), and judged by the
        rest; a power law with a floor goes on to twice as many. The backbone has to be frozen.

        Args:
            balance: As in ``fit``.

        Returns:
            Accuracies with 95 % intervals for new images, and the class to photograph next. Too
            few, or too many, rows are an error.

        Example:
            >>> curve = learn.learning_curve()
            >>> curve.num_rows, curve.twice.num_rows
            (24, 48)
        """
        return learning_curve(self.state, balance)

    @reads(**READERS)
    def calibrate(self, out_of_fold: Predictions | None = None) -> Temperature:
        """Make probabilities say how often they are right; no answer changes.

        Args:
            out_of_fold: Labelled rows that the model which predicted them did not learn from, and
                that will not judge (law 15); None is ``learn.cross_validate()``. Where the backbone
                was thawed: training rows that were held back from it.

        Returns:
            The temperature. It is 1, with a reason, where the rows cannot tell, and where one that
            was fitted on other folds does not help; ``predict``, ``TTA`` and the saved model apply
            it. ``predictions.sets`` rests on these rows, too.

        Example:
            >>> learn.calibrate(learn.predict()).num_rows
            24
        """
        return calibrate(self.state, out_of_fold or self.cross_validate())

    @reads(**READERS)
    def fit_thresholds(
        self, out_of_fold: Predictions | None = None, *, beta: float = 1.0
    ) -> Thresholds:
        """Find above which probability each class of images that may have many is called so.

        Args:
            out_of_fold: As for ``calibrate``, which comes before this.
            beta: Of the F-score that is to be highest; above 1 gives recall more weight.

        Returns:
            The thresholds; predictions and the saved model have them from now on.

        Example:
            >>> from warmstart import ConvLearner, ImageClassifierData
            >>> rows = (photos, np.eye(2, dtype=int)[data.table.labels[:24]])
            >>> many = ImageClassifierData.from_arrays(trn=rows, val=rows, tfms=tfms, quiet=True)
            >>> other = ConvLearner.pretrained("test_resnet", many, pretrained=False, quiet=True)
            >>> other.fit_thresholds(other.predict()).values.shape
            (2,)
        """
        return fit_class_thresholds(self.state, out_of_fold or self.cross_validate(), beta)

    @reads(**READERS)
    def fit_sets(self, out_of_fold: Predictions | None = None) -> None:
        """Keep what ``predictions.sets`` needs; ``fit_head`` and ``calibrate`` do so themselves.

        Args:
            out_of_fold: As for ``calibrate``, which comes before this.

        Example:
            >>> learn.fit_sets(learn.predict())
            >>> len(learn.predict().sets(0.9)[0]) in (1, 2)
            True
        """
        fit_sets(self.state, out_of_fold or self.cross_validate())

    @reads(**READERS)
    def set_unknown(
        self, others: Predictions | Picture | Iterable[Picture], *, false_accept: float = 0.05
    ) -> UnknownThreshold:
        """Answer "unknown" to pictures of things that no class stands for.

        Args:
            others: Pictures of such things; they may judge nothing afterwards (law 15). A picture's
                score is then how like the training pictures its features are, and how sure the head
                is. Or what this model predicts of them: predictions from before the first call have
                no such score, and the highest probability decides (``calibrate`` comes before).
            false_accept: The share of new ones that may get another answer, on average.

        Returns:
            The threshold; predictions and the saved model have it from now on.

        Example:
            >>> learn.set_unknown(learn.predict(), false_accept=0.2).num_others
            24
        """
        return set_unknown(self.state, others, false_accept)

    @reads(**READERS)
    def set_data(self, data: ImageClassifierData) -> None:
        """Go on with other images of the same classes: another size, another fold.

        Args:
            data: Whatever was stored for it before is found again, nothing else is used.

        Example:
            >>> learn.set_data(data)
            >>> learn.data is data
            True
        """
        set_data(self.state, data)

    @reads(**READERS)
    def hold_back(self, share: float = SHARE) -> None:
        """Keep some training rows from training, to choose epochs and steps by (law 15).

        Args:
            share: Of each class, in [0, 1); 0 gives them back. Which rows it is depends on their
                names and the learner's seed.

        Example:
            >>> learn.hold_back(0.25)
            >>> len(learn.predict("held_back").rows)
            6
        """
        self.state.holdout = Holdout(share, self.state.seed)

    def prepare(self) -> None:
        """Compute now what the next fit needs: read every image, store what is to be stored.

        Example:
            >>> learn.precompute = True
            >>> learn.prepare()
        """
        read_inputs(self.state, ("train", "valid"))

    @reads(**READERS)
    def activations_of(
        self, split: str = "train", view: int = 0
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What enters the head, and labels: for ``HeadClassifier`` or any tool of scikit-learn.

        Args:
            split: "train", "valid" or "test".
            view: 0 is the plain one. It is kept on disk, with ``precompute=False`` too.

        Returns:
            X (N, D) and y, (N,) positions in ``data.classes``, or (N, K) of 0 and 1.

        Example:
            >>> X, y = learn.activations_of("train")
            >>> X.shape[1] == learn.num_features, y.shape
            (True, (24,))
        """
        return head_inputs(self.state, split, view)

    @reads(**READERS)
    def content_hashes(self, split: str) -> list[bytes]:
        """The sha256 of each row's image, in table order.

        Example:
            >>> len(learn.content_hashes("valid"))
            24
        """
        return content_hashes(self.state, split)

    @reads(head=A_HEAD, card=head_card)
    def put_head(self, head: nn.Module, card: AnyHeadCard | None) -> None:
        """Take another head.

        Args:
            head: (N, D) → (N, K) logits.
            card: What it is built from; None for one of the user's own.

        Example:
            >>> from torch import nn
            >>> learn.put_head(nn.Linear(learn.num_features, 2), None)
            >>> learn.model.head
            Linear(in_features=96, out_features=2, bias=True)
        """
        put_head(self.state, head, card)

    def put_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Take other weights.

        Args:
            tensors: By name, as ``learn.model.state_dict()`` gives them.

        Example:
            >>> learn.put_weights(learn.model.state_dict())
        """
        put_weights(self.state, tensors)

    def predictor(self) -> Predictor:
        """What ``load_predictor`` would give, without saving.

        Example:
            >>> learn.predictor().classes == data.classes
            True
        """
        return self.state.predictor()

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

        Example:
            >>> learn.report(folder / "report.html").name
            'report.html'
        """
        check_outside_data(self.data, path=path, pictures=pictures)
        return report_learner(self.state, path, what, steps=steps, pictures=pictures)

    @reads(**READERS)
    def save(self, folder: str | Path, *, metrics: dict[str, float] | None = None) -> Path:
        """Write the model as plain files: safetensors and JSON.

        Args:
            folder: Where.
            metrics: Scores that the card shall show.

        Returns:
            The folder.

        Example:
            >>> sorted(file.name for file in learn.save(folder / "model").iterdir())
            ['model.json', 'seen_pictures.safetensors', 'weights.safetensors']
        """
        check_outside_data(self.data, folder=folder)
        return save_learner(self.state, Path(folder), metrics or {})

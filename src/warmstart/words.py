"""Words that users of other libraries type first: which one it is here, and what to type.

Words that mean the same are methods (``learner/familiar.py``). These mean something else, or
nothing, and are no attributes: whoever asks for one is told ours. The tables of
``docs/coming-from.md`` are compared with this one.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

FASTAI_07, FASTAI_2, KERAS = "fastai 0.7", "fastai 2", "Keras"
TIMM, ULTRALYTICS, TORCH, SKLEARN = "timm", "ultralytics", "PyTorch", "scikit-learn"


class Word(NamedTuple):
    """A word of other libraries: of which, what there is here, and what to type."""

    libraries: tuple[str, ...]
    expected: str
    fix: str


LEARNER, DATA, PREDICTOR, MODULE = "learner", "data", "predictor", "module"
CALLED = {LEARNER: "learn", DATA: "data", PREDICTOR: "predictor", MODULE: "warmstart"}

PROBABILITIES = "one object that has .probabilities (N, K), .labels and .classes."
PROBABILITIES_FIX = 'found = learn.predict("valid"); found.probabilities'
CALLBACKS = "what training does besides is an argument of fit."
CALLBACKS_FIX = 'learn.fit(0.01, 3, keeps_best=True, callbacks=[TensorBoard("board")])'
LOOP = "data is rows of a table; batches are made inside fit and predict."
MODULE_FIX = "learn.model.state_dict() and the like: learn.model is an ordinary nn.Module"
SAVED = "a model is a folder of plain files, which load_predictor reads; nothing is executed."
LOSS = "the loss follows from the labels: one class per image, or any number."
FREEZING = "stages are frozen and unfrozen by the learner, not one by one."
FREEZING_FIX = "learn.freeze(), learn.unfreeze() or learn.freeze_to(-2); learn.summary() shows them"
SCORES = "scores come with error bars, from labelled rows."
SCORES_FIX = 'learn.predict("test").scores(), or learn.validate() for the validation rows'
READING = "images are read from class folders, a CSV, a frame, file names or arrays."
FROM_PATHS_FIX = 'ImageClassifierData.from_paths("photos", tfms_from_model(arch, 224))'
FROM_NAMES_FIX = 'ImageClassifierData.from_names("photos", r"(.+)_\\d+.jpg", tfms)'
CLASSES = "the names of the classes, in the order of labels."
PRETRAINED = "one constructor for every backbone; the head is made from the data's classes."
PRETRAINED_FIX = "ConvLearner.pretrained(arch, data)"
TFMS = "how images become what a backbone expects, from the backbone's own card."
TFMS_FIX = 'tfms_from_model("resnet34", 224, aug_tfms="side_on")'
ONE_RATE = "one rise and fall of the rate, or restarts along half a cosine."

_LEARNER = {
    "bn_freeze": Word((FASTAI_07,), "BatchNorm keeps its statistics.", 'learn.fit(lr, 3, bn="train") lets them go on'),
    "crit": Word((FASTAI_07,), LOSS, "learn.fit(0.01, 3, label_smoothing=0.1)"),
    "predict_array": Word((FASTAI_07,), PROBABILITIES, "learn.predict(array).probabilities"),
    "predict_with_targs": Word((FASTAI_07,), PROBABILITIES, PROBABILITIES_FIX),
    "get_layer_groups": Word((FASTAI_07,), "stages and layer groups, in words.", "print(learn.summary())"),
    "get_preds": Word((FASTAI_2,), PROBABILITIES, PROBABILITIES_FIX),
    "tta": Word((FASTAI_2,), "fastai 0.7's and the note's spelling.", "learn.TTA()"),
    "fit_sgdr": Word((FASTAI_2,), ONE_RATE, "learn.fit(0.01, 3, cycle_len=1, cycle_mult=2)"),
    "fit_flat_cos": Word((FASTAI_2,), ONE_RATE, "learn.fit(0.01, 1, cycle_len=3)"),
    "dls": Word((FASTAI_2,), LOOP, "learn.data, and learn.set_data(data)"),
    "loss_func": Word((FASTAI_2,), LOSS, "learn.fit(0.01, 3, label_smoothing=0.1)"),
    "opt_func": Word((FASTAI_2,), "the optimiser is chosen when the learner is made.", 'ConvLearner.pretrained(arch, data, opt="adamw")'),
    "metrics": Word((FASTAI_07, FASTAI_2), SCORES, SCORES_FIX),
    "interpret": Word((FASTAI_2,), "predictions score and draw themselves; the report has all of it.", 'learn.report("report.html")'),
    "add_cb": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "add_cbs": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "remove_cb": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "cbs": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "callbacks": Word((KERAS,), CALLBACKS, CALLBACKS_FIX),
    "to_fp16": Word((FASTAI_2,), "the number type is chosen by measuring, or by you.", 'ConvLearner.pretrained(arch, data, train_precision="bf16")'),
    "no_bar": Word((FASTAI_2,), "a learner that prints nothing.", "learn.quiet = True"),
    "plot_top_losses": Word((FASTAI_2,), "the worst mistakes stand in the report, with their pictures.", 'learn.report("report.html")'),
    "plot_confusion_matrix": Word((FASTAI_07, FASTAI_2), "counts that draw themselves.", 'learn.predict("valid").confusion_matrix().plot()'),
    "compile": Word((KERAS,), "loss and optimiser follow from the data and opt=.", 'ConvLearner.pretrained(arch, data, opt="adamw"), then learn.fit(0.01, 3)'),
    "evaluate": Word((KERAS,), SCORES, SCORES_FIX),
    "trainable": Word((KERAS,), FREEZING, FREEZING_FIX),
    "layers": Word((KERAS,), FREEZING, FREEZING_FIX),
    "fit_generator": Word((KERAS,), LOOP, "learn.fit(0.01, 3)"),
    "train_on_batch": Word((KERAS,), LOOP, "learn.fit(0.01, 3)"),
    "predict_classes": Word((KERAS,), PROBABILITIES, 'learn.predict("valid").answers'),
    "predict_generator": Word((KERAS,), PROBABILITIES, PROBABILITIES_FIX),
    "get_weights": Word((KERAS,), "tensors by name.", "learn.model.state_dict()"),
    "set_weights": Word((KERAS,), "tensors by name.", "learn.put_weights(tensors)"),
    "save_weights": Word((KERAS,), SAVED, 'learn.save("model")'),
    "load_weights": Word((KERAS,), SAVED, 'learn.load("model")'),
    "optimizer": Word((KERAS,), "the optimiser is chosen when the learner is made.", 'ConvLearner.pretrained(arch, data, opt="adamw")'),
    "train": Word((ULTRALYTICS, TORCH), "rate, then epochs; nothing has to be put into a mode.", "learn.fit(0.01, 3), or learn.fit_head()"),
    "val": Word((ULTRALYTICS,), SCORES, SCORES_FIX),
    "names": Word((ULTRALYTICS,), CLASSES, "learn.data.classes"),
    "info": Word((ULTRALYTICS,), "stages, parameters and what is frozen.", "print(learn.summary())"),
    "tune": Word((ULTRALYTICS,), "rates are found, steps are judged; heads can be searched.", "Recipe().run(learn)"),
    "forward_features": Word((TIMM,), "what enters the head, as arrays.", 'X, y = learn.activations_of("train")'),
    "reset_classifier": Word((TIMM,), "the head belongs to the data's classes.", "learn.put_head(nn.Linear(learn.num_features, K), None)"),
    "default_cfg": Word((TIMM,), "what the weights expect of pixels.", "learn.data.tfms.card"),
    "pretrained_cfg": Word((TIMM,), "what the weights expect of pixels.", "learn.data.tfms.card"),
    "eval": Word((TORCH,), "nothing has to be put into a mode.", 'learn.predict("valid")'),
    "to": Word((TORCH,), "the device is chosen when the learner is made.", 'ConvLearner.pretrained(arch, data, device="cuda")'),
    "cuda": Word((TORCH,), "the device is chosen when the learner is made.", 'ConvLearner.pretrained(arch, data, device="cuda")'),
    "cpu": Word((TORCH,), "the device is chosen when the learner is made.", 'ConvLearner.pretrained(arch, data, device="cpu")'),
    "parameters": Word((TORCH,), "the network is an attribute.", MODULE_FIX),
    "state_dict": Word((TORCH,), "the network is an attribute.", MODULE_FIX),
    "load_state_dict": Word((TORCH,), "the network is an attribute.", "learn.put_weights(tensors)"),
    "forward": Word((TORCH,), "the network is an attribute.", "learn.model(pixels)"),
    "predict_proba": Word((SKLEARN,), PROBABILITIES, PROBABILITIES_FIX),
    "score": Word((SKLEARN,), SCORES, SCORES_FIX),
    "from_model_data": Word((FASTAI_07,), PRETRAINED, PRETRAINED_FIX),
}  # fmt: skip
_DATA = {
    "trn_dl": Word((FASTAI_07,), LOOP, 'data.table.rows("train"), data.source.render(row)'),
    "val_dl": Word((FASTAI_07,), LOOP, 'data.table.rows("valid"), data.source.render(row)'),
    "trn_ds": Word((FASTAI_07,), LOOP, "data.table"),
    "val_ds": Word((FASTAI_07,), LOOP, "data.table"),
    "trn_y": Word((FASTAI_07,), "labels of all rows, and which rows train.", 'data.table.labels[data.table.rows("train")]'),
    "val_y": Word((FASTAI_07,), "labels of all rows, and which rows validate.", 'data.table.labels[data.table.rows("valid")]'),
    "c": Word((FASTAI_07, FASTAI_2), CLASSES, "len(data.classes)"),
    "resize": Word((FASTAI_07,), "what was stored for a size is found again; nothing is resized ahead.", "learn.set_data(other), made with tfms_from_model(arch, sz)"),
    "from_folder": Word((FASTAI_2,), READING, FROM_PATHS_FIX),
    "from_name_re": Word((FASTAI_2,), READING, FROM_NAMES_FIX),
    "from_name_func": Word((FASTAI_2,), READING, FROM_NAMES_FIX),
    "from_path_re": Word((FASTAI_2,), READING, FROM_NAMES_FIX),
    "from_path_func": Word((FASTAI_2,), READING, FROM_NAMES_FIX),
    "from_lists": Word((FASTAI_2,), READING, "ImageClassifierData.from_df(PATH, None, frame, tfms)"),
    "vocab": Word((FASTAI_2,), CLASSES, "data.classes"),
    "dataloaders": Word((FASTAI_2,), LOOP, FROM_PATHS_FIX),
    "train_dl": Word((FASTAI_2,), LOOP, 'data.table.rows("train"), data.source.render(row)'),
    "valid_dl": Word((FASTAI_2,), LOOP, 'data.table.rows("valid"), data.source.render(row)'),
    "train_ds": Word((FASTAI_2,), LOOP, "data.table"),
    "valid_ds": Word((FASTAI_2,), LOOP, "data.table"),
    "test_dl": Word((FASTAI_2,), "any pictures can be predicted.", "learn.predict(paths)"),
    "one_batch": Word((FASTAI_2,), LOOP, "data.show_batch()"),
    "normalize": Word((FASTAI_2,), TFMS, TFMS_FIX),
    "class_names": Word((KERAS,), CLASSES, "data.classes"),
    "class_indices": Word((KERAS,), CLASSES, "data.classes"),
    "flow_from_directory": Word((KERAS,), READING, FROM_PATHS_FIX),
    "prefetch": Word((KERAS,), "images are rendered ahead by themselves.", "learn.fit(0.01, 3)"),
    "map": Word((KERAS,), TFMS, TFMS_FIX),
    "names": Word((ULTRALYTICS,), CLASSES, "data.classes"),
    "imgs": Word((TORCH,), "one row per image.", "data.table.names, data.table.labels"),
    "targets": Word((TORCH,), "one row per image.", "data.table.labels"),
    "class_to_idx": Word((TORCH,), CLASSES, "data.classes.index(name)"),
}  # fmt: skip
_PREDICTOR = {
    "get_preds": Word((FASTAI_2,), PROBABILITIES, "predictor.predict(paths).probabilities"),
    "tta": Word((FASTAI_2,), "fastai 0.7's and the note's spelling.", "predictor.TTA(paths)"),
    "dls": Word((FASTAI_2,), "a saved model holds no data.", "predictor.classes"),
    "predict_classes": Word((KERAS,), PROBABILITIES, "predictor.predict(paths).answers"),
    "summary": Word((KERAS,), "what a saved model says of itself.", "print(predictor)"),
    "fit": Word((KERAS, SKLEARN), "a saved model answers; a learner learns.", "learn = ConvLearner.pretrained(arch, data); learn.load(folder); learn.fit(0.01, 3)"),
    "val": Word((ULTRALYTICS,), SCORES, 'predictor.evaluate("labelled photos").scores()'),
    "train": Word((ULTRALYTICS,), "a saved model answers; a learner learns.", "learn = ConvLearner.pretrained(arch, data); learn.load(folder); learn.fit(0.01, 3)"),
    "names": Word((ULTRALYTICS,), CLASSES, "predictor.classes"),
    "eval": Word((TORCH,), "nothing has to be put into a mode.", "predictor.predict(paths)"),
    "to": Word((TORCH,), "the device is chosen when a model is loaded.", 'load_predictor(folder, device="cuda")'),
    "predict_proba": Word((SKLEARN,), PROBABILITIES, "predictor.predict(paths).probabilities"),
    "score": Word((SKLEARN,), SCORES, 'predictor.evaluate("labelled photos").scores()'),
}  # fmt: skip
_MODULE = {
    "ConvnetBuilder": Word((FASTAI_07,), PRETRAINED, PRETRAINED_FIX),
    "ImageModelResults": Word((FASTAI_07,), "the gallery of mistakes is part of the report.", 'learn.report("report.html")'),
    "tfms_from_stats": Word((FASTAI_07,), TFMS, "tfms_from_model(arch, 224, mean=mean, std=std)"),
    "accuracy": Word((FASTAI_07, FASTAI_2), SCORES, 'learn.predict("valid").scores()'),
    "accuracy_np": Word((FASTAI_07,), SCORES, 'learn.predict("valid").scores()'),
    "plot_confusion_matrix": Word((FASTAI_07,), "counts that draw themselves.", 'learn.predict("valid").confusion_matrix().plot()'),
    "ImageDataLoaders": Word((FASTAI_2,), READING, FROM_PATHS_FIX),
    "DataBlock": Word((FASTAI_2,), READING, FROM_PATHS_FIX),
    "Learner": Word((FASTAI_2,), PRETRAINED, PRETRAINED_FIX),
    "vision_learner": Word((FASTAI_2,), PRETRAINED, PRETRAINED_FIX),
    "cnn_learner": Word((FASTAI_2,), PRETRAINED, PRETRAINED_FIX),
    "load_learner": Word((FASTAI_2,), SAVED, 'load_predictor("model")'),
    "Resize": Word((FASTAI_2, TORCH), TFMS, TFMS_FIX),
    "aug_transforms": Word((FASTAI_2,), TFMS, TFMS_FIX),
    "error_rate": Word((FASTAI_2,), SCORES, 'learn.predict("valid").scores()'),
    "get_image_files": Word((FASTAI_2,), READING, FROM_PATHS_FIX),
    "verify_images": Word((FASTAI_2,), "a checkup of files, labels and duplicates.", "print(data.check())"),
    "ClassificationInterpretation": Word((FASTAI_2,), "predictions score and draw themselves.", 'learn.predict("valid").confusion_matrix().plot()'),
    "SaveModelCallback": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "EarlyStoppingCallback": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "TensorBoardCallback": Word((FASTAI_2,), CALLBACKS, CALLBACKS_FIX),
    "image_dataset_from_directory": Word((KERAS,), READING, FROM_PATHS_FIX),
    "ImageDataGenerator": Word((KERAS,), READING, FROM_PATHS_FIX),
    "preprocess_input": Word((KERAS,), TFMS, TFMS_FIX),
    "load_model": Word((KERAS,), SAVED, 'load_predictor("model")'),
    "Sequential": Word((KERAS,), PRETRAINED, PRETRAINED_FIX),
    "EarlyStopping": Word((KERAS,), CALLBACKS, CALLBACKS_FIX),
    "ModelCheckpoint": Word((KERAS,), CALLBACKS, CALLBACKS_FIX),
    "create_model": Word((TIMM,), PRETRAINED, PRETRAINED_FIX),
    "create_transform": Word((TIMM,), TFMS, TFMS_FIX),
    "list_models": Word((TIMM,), "every timm name is a backbone.", "timm.list_models(pretrained=True)"),
    "YOLO": Word((ULTRALYTICS,), PRETRAINED, PRETRAINED_FIX),
}  # fmt: skip
WORDS: Mapping[str, Mapping[str, Word]] = MappingProxyType(
    {LEARNER: _LEARNER, DATA: _DATA, PREDICTOR: _PREDICTOR, MODULE: _MODULE}
)
COMMANDS: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {  # of the shell: whose word it is, and ours
        "fit": ((FASTAI_2, KERAS), "train"),
        "finetune": ((FASTAI_2,), "train"),
        "fine-tune": ((FASTAI_2,), "train"),
        "learn": ((FASTAI_2,), "train"),
        "val": ((ULTRALYTICS,), "evaluate"),
        "validate": ((TIMM, FASTAI_2), "evaluate"),
        "test": ((KERAS,), "evaluate"),
        "eval": ((TORCH,), "evaluate"),
        "score": ((SKLEARN,), "evaluate"),
        "inference": ((TIMM,), "predict"),
        "infer": ((TIMM,), "predict"),
        "classify": ((ULTRALYTICS,), "predict"),
        "checks": ((ULTRALYTICS,), "check"),
        "benchmark": ((ULTRALYTICS,), "compare"),
        "tune": ((ULTRALYTICS,), "lr-find"),
        "info": ((ULTRALYTICS,), "show"),
        "summary": ((KERAS,), "show"),
    }
)
KEYWORDS: Mapping[str, str] = MappingProxyType(
    {  # arguments: theirs, and what to type
        "epochs": "fit(0.01, 3): the rate, then the number of epochs",
        "n_epoch": "fit(0.01, 3): the rate, then the number of epochs",
        "lr": "fit(0.01, 3): the rate, then the number of epochs",
        "lr_max": "fit(0.01, 3, one_cycle=True)",
        "learning_rate": "fit(0.01, 3): the rate, then the number of epochs",
        "wd": "fit(0.01, 3, wds=0.03)",
        "weight_decay": "fit(0.01, 3, wds=0.03)",
        "use_clr": "fit(0.01, 3, one_cycle=True)",
        "use_clr_beta": "fit(0.01, 3, one_cycle=True)",
        "best_save_name": "fit(0.01, 3, keeps_best=True)",
        "cbs": CALLBACKS_FIX,
        "validation_data": FROM_PATHS_FIX,
        "validation_split": 'ImageClassifierData.from_paths("photos", tfms, valid_pct=0.2)',
        "batch_size": 'ImageClassifierData.from_paths("photos", tfms, bs=64)',
        "metrics": 'learn.predict("valid").scores(), which has all of them',
        "item_tfms": TFMS_FIX,
        "batch_tfms": TFMS_FIX,
        "size": TFMS_FIX,
        "imgsz": TFMS_FIX,
        "img_size": TFMS_FIX,
        "num_classes": PRETRAINED_FIX,
        "include_top": PRETRAINED_FIX,
        "class_weight": 'fit(0.01, 3, balance="weights")',
        "verbose": "learn.quiet = True",
        "is_test": 'learn.predict("test")',
    }
)


def explain_attribute(owner: str, name: str) -> str | None:
    """What is said of a word of other libraries, in three lines; None if it is none of them.

    Args:
        owner: LEARNER, DATA, PREDICTOR or MODULE.
        name: The word.
    """
    word = WORDS[owner].get(name)
    if word is None:
        return None
    whose = " and ".join(word.libraries)
    return (
        f"{CALLED[owner]}.{name} is a word of {whose}; here nothing is called so.\n"
        f"Expected: {word.expected}\nFix: {word.fix}"
    )


def explain_keyword(function: str, error: str, unknown: Sequence[str]) -> str:
    """A TypeError's text; of an argument that other libraries have, what to type instead.

    Args:
        function: Its name.
        error: What Python says.
        unknown: Arguments that the function does not have.

    >>> print(explain_keyword("fit", "got an unexpected keyword argument 'wd'", ["wd"]))
    fit() got an unexpected keyword argument 'wd'
    Expected: the arguments that warmstart's fit has; wd is another library's.
    Fix: fit(0.01, 3, wds=0.03)
    """
    known = [name for name in unknown if name in KEYWORDS]
    if not known:
        return f"{function}() {error}"
    return (
        f"{function}() got an unexpected keyword argument {known[0]!r}\n"
        f"Expected: the arguments that warmstart's {function} has; {known[0]} is another "
        f"library's.\nFix: {KEYWORDS[known[0]]}"
    )


class Guide(type):
    """A class that knows which of our names stands for one of another library's.

    It changes nothing else: what is no word of the tables is missing as anywhere, ``hasattr`` says
    so of all of them, and ``dir`` does not list them.
    """

    word_owner: str

    if not TYPE_CHECKING:  # else a checker of types would believe that there is everything

        def __getattr__(cls, name: str) -> object:
            """Called for what the class does not have.

            Raises:
                AttributeError: always; with a hint, if it is a word of another library.
            """
            hint = None if name.startswith("_") else explain_attribute(cls.word_owner, name)
            raise AttributeError(hint or f"type object {cls.__name__!r} has no attribute {name!r}")


class Guided(metaclass=Guide):
    """What tells its own word to whoever asks for one of another library."""

    word_owner: ClassVar[str]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Called for what the object does not have, or what failed with an AttributeError.

            Raises:
                AttributeError: with a hint, if it is a word of another library.
            """
            hint = None if name.startswith("_") else explain_attribute(type(self).word_owner, name)
            if hint is not None:
                raise AttributeError(hint)
            return object.__getattribute__(self, name)  # which raises what it raised before

"""What to do next, in words; nothing that the numbers' intervals do not carry."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from warmstart.metrics.intervals import Interval, wilson
from warmstart.metrics.labelled_rows import labelled_rows
from warmstart.metrics.probability_scores import answers_of
from warmstart.metrics.scores import Scores, main_score
from warmstart.report.content import ReportContent
from warmstart.results.confusion import ConfusionMatrix
from warmstart.results.gallery import right_and_wrong
from warmstart.results.predictions import Predictions

FEW_EVALUATED = 200  # at 90 % right, five points either way
MOST_PAIRS_NAMED = 3
FEWEST_CONFUSED = 3  # once or twice is chance
LEAST_CONFUSED = 0.03  # of a class, at the lower end of the interval
FEW_PER_CLASS = 20
LITTLE = 0.01  # of accuracy: a point
CONTRADICTION = 3.0  # times as likely as the label, as ``warmstart check`` asks for
FEWEST_ANSWERS = 100  # that can say whether probabilities are too high


@dataclass(frozen=True)
class Advice:
    """A sentence that says what to do, and the numbers that it rests on."""

    text: str
    evidence: str


def advice_of(content: ReportContent, scores: Scores) -> list[Advice]:
    """All that the numbers allow to be said, the most useful first."""
    predictions = content.predictions
    found = [*of_size(scores), *of_history(content)]
    if not predictions.is_multi_label:
        found += of_confusion_matrix(predictions.confusion_matrix())
    found += of_leaks(content.data.notes)
    found += of_labels(content.out_of_fold)
    found += of_more_images(content)
    found += of_counts(content)
    return [*found, *of_probabilities(predictions)]


def of_size(scores: Scores) -> Iterator[Advice]:
    """Whether enough photos judge to say much."""
    _, main = main_score(scores)
    if scores.num_rows >= FEW_EVALUATED or main.low is None or main.high is None:
        return
    yield Advice(
        f"Only {scores.num_rows} photos judged this model: put more aside for judging before you "
        "compare it with another.",
        f"Of others like them, between {rough(main.low)} and {rough(main.high)} would be "
        "right; models that differ by less than that cannot be told apart here.",
    )


def of_history(content: ReportContent) -> Iterator[Advice]:
    """Whether training ended worse than it was."""
    rise = content.history.loss_rise
    if rise is not None:
        yield Advice("Train for fewer epochs, or keep the best one.", sentence(str(rise)))


def of_confusion_matrix(matrix: ConfusionMatrix) -> Iterator[Advice]:
    """Pairs of classes that are confused more often than chance explains."""
    counts, classes = matrix.counts, matrix.classes
    sums, total = counts.sum(axis=1), int(counts.sum())
    wrong = total - int(np.trace(counts))
    if not wrong and total < FEW_EVALUATED:
        return  # that they are few is said already
    if not wrong:
        yield Advice(
            "Nothing is wrong here: judge more photos to find out how good the model is.",
            f"All {total} are right, which fits a model that is wrong up to "
            f"{rough(1 - wilson(total, total).low)} of the time.",
        )
        return
    places = {name: k for k, name in enumerate(classes)}
    named: set[frozenset[int]] = set()
    for true, said, count in matrix.most_confused(at_least=FEWEST_CONFUSED):
        i, j = places[true], places[said]
        interval = wilson(count, int(sums[i]))
        if (
            frozenset((i, j)) in named
            or interval.low < LEAST_CONFUSED
            or len(named) == MOST_PAIRS_NAMED
        ):
            continue
        named.add(frozenset((i, j)))
        other = int(counts[j, i])
        back = f", and {said} for {true} {times(other)} in {sums[j]}" if other else ""
        yield Advice(
            f"{true} is taken for {said} {times(count)} in {sums[i]}: photograph more of both, or "
            "see whether these labels are right.",
            f"Of others like them it would be {in_words(interval)}{back}.",
        )
    if not named:
        yield Advice("Look at the wrong photos one by one.", no_pair_in_words(wrong, matrix))


def no_pair_in_words(wrong: int, matrix: ConfusionMatrix) -> str:
    """Why no pair of classes is named."""
    if wrong < FEWEST_CONFUSED:
        mistakes = "1 mistake is" if wrong == 1 else f"{wrong} mistakes are"
        return f"{mistakes} too few to say that one class is taken for another."
    most = matrix.most_confused()[0][2]
    return (
        f"The {wrong} mistakes are spread over {len(matrix.most_confused())} pairs of classes, at "
        f"most {most} in one: that may be chance."
    )


def of_leaks(notes: tuple[str, ...]) -> Iterator[Advice]:
    """Whether pictures that train also judge, as the reader of the images noticed."""
    for note in notes:
        if note.startswith("the same bytes are in two splits"):
            yield Advice(
                "Take the doubled photos out of one side, and train again: the scores flatter.",
                sentence(note),
            )


def of_labels(out_of_fold: Predictions | None) -> Iterator[Advice]:
    """Training photos whose label heads that did not see them contradict."""
    if out_of_fold is None or out_of_fold.is_multi_label:
        return
    rows = np.flatnonzero(right_and_wrong(out_of_fold)[1])
    probabilities = out_of_fold.probabilities[rows]
    own = probabilities[np.arange(len(rows)), out_of_fold.labels[rows]]
    number = int((probabilities.max(axis=1) > CONTRADICTION * own).sum())
    if number:
        photos = "1 training photo" if number == 1 else f"{number} training photos"
        yield Advice(
            f"Look at the labels of {photos}: warmstart check lists such ones.",
            f"For these, of {len(out_of_fold.rows)}, a model that did not see them finds another "
            f"class {CONTRADICTION:.0f} times as likely as the label. Some labels may be wrong; "
            "some photos are hard.",
        )


def of_more_images(content: ReportContent) -> Iterator[Advice]:
    """What the learning curve says of more photos."""
    curve = content.learning_curve
    if curve is None:
        return
    gain = f"{points(curve.gain_low)} to {points(curve.gain_high)} points"
    evidence = (
        f"With {curve.twice.num_rows} training photos instead of {curve.num_rows}, accuracy would "
        f"change by {points(curve.gain)} points (95 %: {gain})."
    )
    if curve.gain_low > LITTLE:
        which = "" if curve.next_class is None else f", {curve.next_class} first"
        yield Advice(f"More photos would help{which}.", evidence)
    elif curve.gain_high < LITTLE:
        is_wrong = right_and_wrong(content.predictions)[1].any()
        instead = ": mend labels, or photograph what is wrong here" if is_wrong else ""
        yield Advice(f"More photos of the same kind would hardly help{instead}.", evidence)
    elif curve.gain_low > 0:
        yield Advice("More photos would help a little.", evidence)
    else:
        yield Advice("Whether more photos would help cannot be told from these.", evidence)


def of_counts(content: ReportContent) -> Iterator[Advice]:
    """Classes with very few training photos."""
    train = content.data.counts.get("train", {})
    few = {name: train[name] for name in content.predictions.classes if name in train}
    few = {name: number for name, number in few.items() if number < FEW_PER_CLASS}
    if few and len(few) < len(content.predictions.classes):
        first = sorted(few, key=lambda name: few[name])[:MOST_PAIRS_NAMED]
        more = f", and {len(few) - len(first)} more" if len(few) > len(first) else ""
        yield Advice(
            f"Photograph more of {', '.join(first)}{more}.",
            f"Training had {', '.join(f'{few[name]} of {name}' for name in first)}.",
        )


def of_probabilities(predictions: Predictions) -> Iterator[Advice]:
    """Whether the model is too sure of itself."""
    if predictions.is_multi_label:
        return
    said, so = answers_of(
        labelled_rows(predictions.probabilities, predictions.labels, predictions.classes)
    )
    mean, interval = float(said.mean()), wilson(int(so.sum()), len(so))
    if len(so) < FEWEST_ANSWERS or interval.low <= mean <= interval.high:
        return
    word = "high" if mean > interval.high else "low"
    yield Advice(
        f"Do not take probabilities at their word, they are too {word}: train with --calibrate.",
        f"On average the model says {rough(mean)}; of others like these, {in_words(interval)} "
        "would be right.",
    )


def in_words(interval: Interval) -> str:
    """Both ends."""
    return f"between {rough(interval.low)} and {rough(interval.high)}"


def times(number: int) -> str:
    """How often."""
    return "once" if number == 1 else f"{number} times"


def sentence(text: str) -> str:
    """A text that begins and ends like one."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def rough(share: float) -> str:
    """Without digits that few photos cannot tell."""
    return f"{100 * share:.0f} %"


def points(share: float) -> str:
    """Of accuracy, with a sign."""
    return f"{100 * share:+.1f}"

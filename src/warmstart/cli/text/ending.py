"""The end of a run in few lines: what the result means, and what to do next."""

import shlex
import shutil
import sys
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from textwrap import fill

from warmstart.errors import printable
from warmstart.metrics.scores import Scores, main_score
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import DOUBTFUL, HINT, print_styled, show_lines

WIDE = 0.1  # of an interval, above which its rows are called few
MOST_NAMED = 3  # classes, and pairs of them
WIDEST = 100  # columns
LABEL = 10  # columns for what a next step is


def show_meaning(predictions: Predictions, scores: Scores, by_others: Predictions | None) -> None:
    """Print what a score means for new photos, how sure that is, and which classes are hard.

    Args:
        predictions: Of the photos that judged.
        scores: Theirs.
        by_others: The training photos, each by a head that had not seen it; None where nobody asked
            one.
    """
    show_wrapped(meaning(scores, is_multi_label=predictions.is_multi_label))
    few = few_judged(scores, by_others)
    if few is not None:
        note = wrapped(f"note: {few}", indent=6).removeprefix("note:")
        print_styled(("note:", DOUBTFUL), (note, ""))
    for line in (hardest(scores), confused(predictions)):
        if line is not None:
            show_wrapped(line)


def meaning(scores: Scores, *, is_multi_label: bool) -> str:
    """A sentence for the main score and its interval."""
    _, score = main_score(scores)
    done = "get exactly their labels" if is_multi_label else "are named right"
    if score.value is None:
        return "nothing was judged"
    text = f"of 100 photos like these, about {round(100 * score.value)} {done}"
    if score.low is None or score.high is None:
        return text
    low, high = floor(100 * score.low), ceil(100 * score.high)
    return f"{text}: between {low} and {high}, with 95 % confidence"


def few_judged(scores: Scores, by_others: Predictions | None) -> str | None:
    """That few photos judged, where the interval is wide, and what else is known.

    Args:
        scores: Of those that judged.
        by_others: As for ``show_meaning``.
    """
    _, score = main_score(scores)
    if score.low is None or score.high is None or score.high - score.low <= WIDE:
        return None
    text = f"only {scores.num_rows} photos judged, so that range is wide"
    if by_others is None or by_others.is_multi_label:
        return f"{text}: more photos make it narrower"
    low, high = by_others.accuracy_interval
    return (
        f"{text}. The {len(by_others.rows)} that trained, each named by a head that had not seen "
        f"it: {100 * by_others.accuracy:.0f} of 100, between {floor(100 * low)} and "
        f"{ceil(100 * high)}"
    )


def hardest(scores: Scores) -> str | None:
    """The classes of which most photos are missed; None where none is."""
    missed = [each for each in scores.per_class if each.num_rows and each.recall < 1]
    worst = sorted(missed, key=lambda each: each.recall)[:MOST_NAMED]
    if not worst:
        return None
    named = (
        f"{printable(each.name)} ({round(each.recall * each.num_rows)} of {each.num_rows} found)"
        for each in worst
    )
    return "hardest: " + ", ".join(named)


def confused(predictions: Predictions) -> str | None:
    """The most confused pairs; None where there is none."""
    if predictions.is_multi_label:
        return None
    pairs = predictions.confusion_matrix().most_confused()[:MOST_NAMED]
    named = (f"{number} × {printable(true)} for {printable(said)}" for true, said, number in pairs)
    return "taken for another: " + ", ".join(named) if pairs else None


@dataclass(frozen=True)
class NextSteps:
    """What a run leaves to go on with.

    ``photo`` is one to try, the class it was taken for being ``said`` where that was wrong;
    ``source`` is what it judged by, None where naming it takes options.
    """

    run: Path
    model: Path
    report: Path | None
    photo: Path | None = None
    said: str | None = None
    source: Path | None = None

    def rows(self) -> list[tuple[str, str, str]]:
        """(What for, what to type or open, what comes) of each step."""
        found = []
        if self.report is None:
            found.append(("report", typed_line("report", self.run), "the mistakes as pictures"))
        else:
            found.append(
                ("open", printable(str(self.report)), "in a browser: the mistakes as pictures")
            )
        photo = Path("PHOTO.jpg") if self.photo is None else self.photo
        why = "or any other photo" if self.said is None else f"it was taken for {self.said}"
        found.append(("predict", typed_line("predict", self.model, photo), why))
        if self.source is not None:
            found.append(
                (
                    "evaluate",
                    typed_line("evaluate", self.model, self.source),
                    "every score and class",
                )
            )
        return found


def show_next(steps: NextSteps) -> None:
    """Print what to do next, in lines that can be pasted."""
    print_styled(("next", HINT))
    for what, line, why in steps.rows():
        show_lines(f"  {what.ljust(LABEL)}{line}")
        show_lines(f"  {' ' * LABEL}{printable(why)}")


def typed_line(verb: str, *words: Path) -> str:
    """A line that can be pasted."""
    return printable(" ".join(["warmstart", verb, *(shlex.quote(str(word)) for word in words)]))


def show_wrapped(text: str) -> None:
    """Print a line, broken between words where the terminal is narrow."""
    show_lines(wrapped(text, indent=2))


def wrapped(text: str, *, indent: int) -> str:
    """A text in lines as wide as the terminal, all but the first indented."""
    return fill(text, num_columns_shown(), subsequent_indent=" " * indent, break_long_words=False)


def num_columns_shown() -> int:
    """How wide lines may be; where nobody looks they are not broken at all."""
    if not sys.stdout.isatty():
        return 10_000
    return min(WIDEST, shutil.get_terminal_size((80, 24)).columns)

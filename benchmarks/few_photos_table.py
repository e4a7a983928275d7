"""The table of few_photos.py: means over draws, paired intervals, and the goals."""

from collections.abc import Iterator
from typing import Any

import measure
import numpy as np

COLUMNS = ("before", "mlp", "now", "by_hand")
PAIRS = (("now", "before"), ("now", "by_hand"), ("mlp", "before"))
GAINS = {"flowers-5": 8, "flowers-10": 8, "flowers-25": 5, "flowers-100": 2}  # goals: points
LOSSES = {"flowers-5": 35, "flowers-10": 35, "flowers-25": 35, "flowers-100": 25}  # goals: % lower
BEHIND_POINTS, BEHIND_LOSS = 0.5, 5  # points and %: more than that behind is a loss


def student(num_draws: int) -> float:
    """The factor of a 95 % interval of a mean."""
    from scipy.stats import t

    return float(t.ppf(0.975, num_draws - 1))


def interval(differences: np.ndarray) -> dict[str, Any]:
    """Mean and 95 % interval over draws."""
    num_draws = len(differences)
    half = student(num_draws) * differences.std(ddof=1) / np.sqrt(num_draws)
    mean = float(differences.mean())
    return {"n": num_draws, "mean": mean, "low": float(mean - half), "high": float(mean + half)}


def compared(mine: list[dict[str, Any]], other: list[dict[str, Any]]) -> dict[str, Any]:
    """Paired over draws: points of accuracy, log loss, and the ratio of mean log losses."""
    accuracy, loss, other_accuracy, other_loss = (
        np.array([entry[name] for entry in column])
        for column in (mine, other)
        for name in ("accuracy", "log_loss")
    )
    ratio = loss.mean() / other_loss.mean()
    rest = interval((loss - ratio * other_loss) / other_loss.mean())  # the delta method
    return {
        "points": interval(100 * (accuracy - other_accuracy)),
        "log_loss": interval(loss - other_loss),
        "log_loss_ratio": {
            "n": len(loss), "mean": float(ratio),
            "low": float(ratio + rest["low"]), "high": float(ratio + rest["high"]),
        },
    }  # fmt: skip


def summary(there: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Each column over its draws, and the pairs of those that are there."""
    row: dict[str, Any] = {"columns": {}}
    for column, entries in there.items():
        row["num_judged"] = entries[0]["num_judged"]
        row["columns"][column] = {
            name: measure.spread([entry[name] for entry in entries])
            for name in ("accuracy", "log_loss", "seconds")
        } | {"code": sorted({entry["code"] for entry in entries})}
        if column == "by_hand":
            row["columns"][column]["C"] = [entry["C"] for entry in entries]
    row["pairs"] = {
        f"{mine} - {other}": compared(there[mine][:number], there[other][:number])
        for mine, other in PAIRS
        if (number := min(len(there.get(mine, [])), len(there.get(other, [])))) > 1
    }
    return row


def goals(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What should hold of means over draws, and whether it does."""
    for row in rows:
        cell = row["cell"]
        for other in ("before", "by_hand"):
            if f"now - {other}" not in row["pairs"]:
                continue
            pair = row["pairs"][f"now - {other}"]
            points, lower = pair["points"]["mean"], 100 * (1 - pair["log_loss_ratio"]["mean"])
            wanted = [("points", points, -BEHIND_POINTS), ("% of log loss", lower, -BEHIND_LOSS)]
            if other == "before" and cell in GAINS:
                wanted += [("points", points, GAINS[cell]), ("% of log loss", lower, LOSSES[cell])]
            for what, figure, least in wanted:
                goal = f"{cell}: now at least {least:+} {what} better than {other}"
                yield {"goal": goal, "figure": figure, "is_met": bool(figure >= least)}


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table: accuracy in % / log loss, means over draws, and paired differences."""
    pairs = [f"{mine} - {other}" for mine, other in PAIRS]
    titles = ["per class", "rows train, judge", *COLUMNS, *(p.replace("-", "−") for p in pairs)]
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for row in rows:
        cells = [row["cell"].replace("-", " "), f"{row['num_train']}, {row.get('num_judged', '–')}"]
        for column in COLUMNS:
            found = row["columns"].get(column)
            cells.append(
                f"{100 * found['accuracy']['mean']:.1f} / {found['log_loss']['mean']:.3f}"
                if found
                else "–"
            )
        for pair in pairs:
            found = row["pairs"].get(pair)
            cells.append(
                "{mean:+.1f} ({low:+.1f} to {high:+.1f})".format(**found["points"])
                + " / × {mean:.2f} ({low:.2f} to {high:.2f})".format(**found["log_loss_ratio"])
                if found
                else "–"
            )
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)

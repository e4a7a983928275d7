"""Two tables of docs/measured.md, from benchmarks/results/unknown.json: run this to print them."""

import json
from typing import Any

import measure

NAMES = {
    "probability": "probability (before)",
    "max_logit": "highest logit",
    "energy": "energy",
    "mahalanobis": "Mahalanobis++",
    "relative": "relative Mahalanobis",
    "class_mean": "class mean",
    "nearest": "nearest row",
    "fifth": "fifth nearest row",
    "mean_of_five": "mean of five nearest",
    "sum": "logit + mean of five",
    "known": "logit + 2 × mean of five (now)",
}


def rules(figures: dict[str, Any]) -> list[str]:
    """A line per rule: means over pairs."""
    columns = [
        (size, part, kind)
        for size in figures
        for part, kind in (
            ("chosen_on", "mean"),
            ("judged_on", "far"),
            ("judged_on", "near"),
            ("judged_on", "mean"),
        )
    ]
    heads = [
        f"{size.split()[0]}: {'CIFAR-10' if part == 'chosen_on' else kind}"
        for size, part, kind in columns
    ]
    lines = ["| rule | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for rule, name in NAMES.items():
        cells = [f"{figures[size][part][kind][rule]:.3f}" for size, part, kind in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def pairs(figures: dict[str, Any]) -> list[str]:
    """A line per pair that judges."""
    lines = [
        "| known, others | "
        + " | ".join(f"{size.split()[0]}: before → now, gain | known refused" for size in figures)
        + " |",
        "|---" * (2 * len(figures) + 1) + "|",
    ]
    for name in next(iter(figures.values()))["judged_on"]["pairs"]:
        cells = [name.replace("near: ", "near: flowers without one, ")]
        for size in figures.values():
            pair = size["judged_on"]["pairs"][name]
            before, now = pair["auroc"]["probability"], pair["auroc"]["known"]
            low, high = pair["gain_interval"]
            refused = [
                pair["at_5_percent"][rule]["false_reject"] for rule in ("probability", "known")
            ]
            cells.append(
                f"{before:.3f} → {now:.3f}, {now - before:+.3f} ({low:+.3f} to {high:+.3f})"
            )
            cells.append(f"{refused[0]:.1%} → {refused[1]:.1%}")
        lines.append("| " + " | ".join(cells).replace("-0", "−0") + " |")
    return lines


def main() -> None:
    """Print both tables."""
    figures = json.loads((measure.RESULTS / "unknown.json").read_text())["figures"]
    print("\n".join((*rules(figures), "", *pairs(figures))))


if __name__ == "__main__":
    main()

"""How long the logistic head takes, and how near its mini-batches come to its solution.

With words, some parts only: logistic_head.py choice large batches. `choice`: 1,000 rows × 1,280, 5
classes, the whole choice of the penalty, 5 folds; the first run in a process of its own. `large`:
one penalty without folds, from 1,000 rows to 100,000 × 1,000 classes. `batches`: what replaces the
solver beyond its bound, against the solver, on rows both can take.
"""

import os
import subprocess
import sys
import time

import measure
import numpy as np

WIDTH, NUM_RUNS = 1280, 5
LARGE = ((1_000, 5), (10_000, 10), (10_000, 100), (50_000, 100), (100_000, 100), (100_000, 1_000))
PENALTY = 10.0
OVERLAP = 0.15  # distance of the classes, in deviations along each direction
PARTS = ((0, WIDTH),)
OPTIMISERS = (("sgd", 3.84 / WIDTH), ("adamw", 1e-3), ("adamw", 3e-3))


def clusters(num_rows: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows as a network gives them: positive, classes that overlap, directions of uneven size."""
    random = np.random.default_rng(seed)
    labels = np.arange(num_rows) % num_classes
    sizes = np.geomspace(1, 0.03, WIDTH)  # of the directions
    mixing = random.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5
    centres = random.normal(size=(num_classes, WIDTH)) * OVERLAP
    rows = np.empty((num_rows, WIDTH), np.float32)
    for begin in range(0, num_rows, 10_000):
        part = labels[begin : begin + 10_000]
        noise = random.normal(size=(len(part), WIDTH))
        rows[begin : begin + 10_000] = np.maximum((centres[part] + noise) * sizes @ mixing, 0)
    return rows, labels


def choice_once() -> dict[str, object]:
    """One whole choice, and one more in the same process."""
    from warmstart.data.folds import draw_folds
    from warmstart.training.head_choice import choose_logistic

    rows, labels = clusters(1_000, 5)
    folds = draw_folds([str(row) for row in range(1_000)], labels, 5)
    seconds, cpu = [], []
    for _ in range(2):
        began, began_cpu = time.perf_counter(), time.process_time()
        found = choose_logistic(rows, labels, 5, {"all": PARTS}, folds)
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return {"first": seconds[0], "again": seconds[1], "cpu_seconds": cpu, "penalty": found.penalty,
            "loss": found.trials[0].loss, "accuracy": found.trials[0].accuracy}  # fmt: skip


def choice() -> dict[str, object]:
    """Fresh processes."""
    import json

    from warmstart.training.logistic import NUM_RISES, PENALTIES

    code = "import json, logistic_head; print(json.dumps(logistic_head.choice_once()))"
    runs = []
    for _ in range(NUM_RUNS):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              check=True, cwd=measure.REPO / "benchmarks")  # fmt: skip
        runs.append(json.loads(done.stdout))
    return {
        "rows": 1_000, "columns": WIDTH, "classes": 5, "folds": 5, "penalties": list(PENALTIES),
        "path_ends_after_rises": NUM_RISES, "runs": runs,
        "seconds_first": measure.spread([run["first"] for run in runs]),
        "seconds_again": measure.spread([run["again"] for run in runs]),
    }  # fmt: skip


def large(sizes: tuple[tuple[int, int], ...]) -> list[dict[str, object]]:
    """One penalty, no folds."""
    from warmstart.metrics.temperature import mean_loss
    from warmstart.training.head_choice import is_solved
    from warmstart.training.logistic import LogisticProblem
    from warmstart.training.logistic_head import unit_parts

    found = []
    for num_rows, num_classes in sizes:
        rows, labels = clusters(num_rows, num_classes)
        units = unit_parts(rows, PARTS)
        began = time.perf_counter()
        problem = LogisticProblem(units, labels, num_classes)
        basis = time.perf_counter() - began
        solved = problem.fit(PENALTY)
        seconds = time.perf_counter() - began
        logits = units[:2_000] @ solved.weight.T + solved.bias
        found.append({
            "rows": num_rows, "classes": num_classes, "penalty": PENALTY, "seconds": seconds,
            "of_which_basis": basis, "loss_of_training_rows": mean_loss(logits, labels[:2_000]),
            "is_within_the_bound": is_solved(num_rows, WIDTH * num_classes),
        })  # fmt: skip
        print(found[-1], flush=True)
    return found


def batches(num_rows: int = 20_000, num_classes: int = 20) -> dict[str, object]:
    """Objective, and loss of other rows: solved, and trained by each optimiser."""
    from dataclasses import replace

    import torch

    from warmstart.heads.arrays import ArrayInputs
    from warmstart.training.head_card import LogisticHeadCard
    from warmstart.training.logistic import LogisticProblem
    from warmstart.training.logistic_head import batch_settings, build_logistic_head, unit_parts
    from warmstart.training.loop import fit
    from warmstart.training.objective import Targets

    every, labels = clusters(num_rows + 5_000, num_classes)
    order = np.random.default_rng(1).permutation(len(labels))
    every, labels = every[order], labels[order]
    rows, wanted = every[:num_rows], torch.from_numpy(labels)
    card = LogisticHeadCard(WIDTH, num_classes, PARTS)

    def told(head: torch.nn.Sequential, seconds: float) -> dict[str, float]:
        with torch.inference_mode():
            logits = torch.cat([head(part) for part in torch.from_numpy(every).split(4096)])
            losses = torch.nn.functional.cross_entropy(logits.double(), wanted, reduction="none")
            weights = head[1].weight.double().square().sum() * WIDTH / (2 * PENALTY * num_rows)
        return {"seconds": seconds, "training_loss": float(losses[:num_rows].mean()),
                "objective": float(losses[:num_rows].mean() + weights),
                "loss_of_other_rows": float(losses[num_rows:].mean())}  # fmt: skip

    began = time.perf_counter()
    solved = LogisticProblem(unit_parts(rows, PARTS), labels[:num_rows], num_classes).fit(PENALTY)
    found = {"solved": told(build_logistic_head(card, solved), time.perf_counter() - began)}
    usual = batch_settings(card, PENALTY, num_rows, is_multi_label=False, seed=0)
    for opt, rate in OPTIMISERS:
        head = build_logistic_head(card)
        began = time.perf_counter()
        fit(head, [list(head.parameters())], ArrayInputs(rows, torch.device("cpu")),
            Targets(wanted[:num_rows], wanted[:0]),
            replace(usual, opt=opt, lrs=(rate,)))  # fmt: skip
        found[f"{opt} {rate:g}"] = told(head, time.perf_counter() - began)
    return {"rows": num_rows, "classes": num_classes, "penalty": PENALTY,
            "epochs": usual.schedule.num_epochs, "trained": found}  # fmt: skip


def main() -> None:
    """What was asked for."""
    asked = sys.argv[1:] or ["choice", "large", "batches"]
    entry: dict[str, object] = {"load_average_before": os.getloadavg()}
    if "choice" in asked:
        entry["choice"] = choice()
    if "large" in asked:
        entry["large"] = large(LARGE)
    if "batches" in asked:
        entry["batches"] = batches()
    measure.write("logistic_head", entry | {"load_average_after": os.getloadavg()})


if __name__ == "__main__":
    main()

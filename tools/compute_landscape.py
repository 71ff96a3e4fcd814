"""Compute the tables of "Norms and basins" from the stored runs of ``circuits``: paths, pruning and tickets.

    make landscape

writes them into results/landscape. It bends paths and trains networks again, which takes minutes;
``python -m tools.compute_landscape pruning`` computes one table.
"""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from grokmodels import measures, studies
from grokmodels.engine.run import Run
from grokmodels.measures import landscape, paths
from grokmodels.measures.paths import memorizer_and_rule
from grokmodels.recipes.experiment import Experiment

# Entries dropped from each of a ticket's matrices; fixed before any ticket was trained. A first attempt ranked all
# matrices together: it dropped the whole embedding of a rule and could not be trained.
TICKET_SHARE = 0.5


def of_smallest(runs: Sequence[Run]) -> list[Run]:
    """The runs of the smallest p: those with curved paths and tickets."""
    smallest = min(run.experiment.task.n_classes for run in runs)
    return [run for run in runs if run.experiment.task.n_classes == smallest]


def compute_paths(runs: Sequence[Run], steps: int = 120) -> pd.DataFrame:
    """What paths pass: from memorizer to rule, straight in every run and curved at the smallest p; between two seeds.

    Curves stay in the ball of their longer end. Between two seeds only the pairs that both networks trained on count as
    "train".
    """
    parts = []

    def add(
        experiment: Experiment,
        kind: str,
        other: int,
        ends: Sequence[landscape.Parameters],
        curved: bool,
        rows: ArrayLike | None = None,
    ) -> None:
        points: dict[str, Sequence[landscape.Parameters]] = {"straight": ends}
        if curved:
            longer = max(map(landscape.norm, ends))
            start, end = ends
            points["curved"] = landscape.bend(experiment, start, end, rows, steps=steps, rate=0.03, within=longer)
        for name, through in points.items():
            passed = landscape.along(experiment, paths.curved_path(*through), rows=rows)
            about = {"p": experiment.task.n_classes, "seed": experiment.seed, "other": other}
            parts.append(passed.assign(**about, kind=kind, path=name))

    few = of_smallest(runs)
    chosen = {id(run): [run.checkpoints[step] for step in memorizer_and_rule(run)] for run in runs}
    for run in runs:
        add(run.experiment, "memorizer to rule", run.experiment.seed, chosen[id(run)], run in few)
    one, two = few[:2]
    both = np.intersect1d(one.experiment.split.train, two.experiment.split.train)
    for kind, which in (("memorizer to memorizer", 0), ("rule to rule", 1)):
        ends = [chosen[id(run)][which] for run in (one, two)]
        add(one.experiment, kind, two.experiment.seed, ends, True, both)
    return pd.concat(parts, ignore_index=True)


def compute_pruning(runs: Sequence[Run]) -> pd.DataFrame:
    """Memorizer and rule of every run under magnitude and Fourier pruning: train loss, train and test accuracy."""
    rows = []
    for run in runs:
        task, split, network = run.experiment.task, run.experiment.split, landscape.Network(run.experiment)
        for kind, step in zip(("memorizer", "rule"), memorizer_and_rule(run), strict=True):
            full = run.checkpoints[step]
            pruned = [
                (method, share, landscape.masked(full, landscape.magnitude_masks(full, share, together=together)))
                for method, together in (("magnitude", False), ("magnitude, together", True))
                for share in np.arange(20) / 20
            ] + [
                ("Fourier", count, landscape.keep_frequencies(full, count))
                for count in range((task.n_classes - 1) // 2 + 1)
            ]
            for method, amount, weights in pruned:
                logits = network.logits(weights)
                rows.append(
                    {
                        "p": task.n_classes,
                        "seed": run.experiment.seed,
                        "network": kind,
                        "method": method,
                        "amount": float(amount),
                        "train_loss": measures.cross_entropy(logits[split.train], task.labels[split.train]),
                        "train_accuracy": measures.accuracy(logits[split.train], task.labels[split.train]),
                        "test_accuracy": measures.accuracy(logits[split.test], task.labels[split.test]),
                    }
                )
    return pd.DataFrame(rows)


def compute_tickets(runs: Sequence[Run], steps: int = 2000) -> pd.DataFrame:
    """Runs of the smallest p again from their initial weights, under four masks each; when they memorize, generalize.

    Masks: none; of the rule; of the memorizer; and the rule's, shuffled within each matrix.
    """
    tickets = []
    for run in of_smallest(runs):
        memorizer, rule = (
            landscape.magnitude_masks(run.checkpoints[step], TICKET_SHARE) for step in memorizer_and_rule(run)
        )
        seed = run.experiment.seed
        masks = {"none": {}, "rule": rule, "memorizer": memorizer, "random": landscape.shuffled(rule, seed)}
        recipe = run.experiment.but(steps=steps, stop_when_generalized=True)
        tickets += [landscape.ticket(f"{seed}/{name}", recipe, mask) for name, mask in masks.items()]
    rows = []
    for label, run in landscape.retrain(tickets).items():
        t_mem, t_gen = run.milestones
        rows.append(
            {"p": run.experiment.task.n_classes, "seed": run.experiment.seed, "mask": label.split("/")[1]}
            | {"t_mem": t_mem.step, "t_mem_censored": t_mem.censored}
            | {"t_gen": t_gen.step, "t_gen_censored": t_gen.censored}
        )
    return pd.DataFrame(rows).sort_values(["seed", "mask"], ignore_index=True)


TABLES = {"pruning": compute_pruning, "tickets": compute_tickets, "paths": compute_paths}


def main(names: Sequence[str] = tuple(TABLES)) -> None:
    """Compute the named tables and write them."""
    runs = [run for _, run in studies.with_weights("circuits")]
    folder = studies.find_root() / "results" / "landscape"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        TABLES[name](runs).to_csv(folder / f"{name}.csv", index=False, float_format="%.5g")
        print(f"wrote {folder / name}.csv", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or tuple(TABLES))

"""Whether stored runs can be made again: their first steps, trained once more and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grokmodels.studies import store
from grokmodels.studies.study import Point, Study, stored

if TYPE_CHECKING:
    from grokmodels.recipes.experiment import Experiment

# Two machines round differently, as do a stack and a run alone, and training amplifies it: the fastest recipes part by
# a few per cent within 100 steps, and stay far below this over the first 50.
REPLAY_TOLERANCE = 1e-2
# Before the first step nothing is amplified. Over all studies, made on CPUs and GPUs, up to 1.5e-5 were measured, half
# of the last bit that is stored; another seed or split differs by some 1e-3.
START_TOLERANCE = 1e-4
# Why so many, and that factor: see _parted.
TWINS, TWIN_SIZE, TWIN_FACTOR = 4, 1e-6, 3
COMPARED = ("train_loss", "weight_norm")


def sample(study: Study, folder: Path | str, runs: int) -> list[Point]:
    """Stored points of a study to look at again, drawn with a fixed seed."""
    points = stored(study, folder)
    chosen = np.random.default_rng(0).permutation(len(points))[:runs]
    return [points[i] for i in sorted(chosen)]


def replay(point: Point, folder: Path | str, steps: int = 50) -> float:
    """Train the first steps of a stored run again; the largest relative difference in train loss and weight norm.

    Where the first evaluation comes later than ``steps``, the norm alone counts there: two runs that round differently
    may have parted in their loss by then. Where it differs too, only what is beyond three times what twins of the run
    differ by counts. NaN, which is within no tolerance, where a run begins otherwise (:data:`START_TOLERANCE`), and
    where an evaluation of the stored run is not made again, as after a divergence.
    """
    from grokmodels.engine.training import train

    first = store.load(folder, point.experiment.key, checkpoints=False).history
    # Only evaluations that the stored run made too can be compared: of one that diverged at once, none.
    every = point.experiment.evaluate_every
    last = int(first["step"].iloc[-1]) if len(first) else 0
    asked, steps = steps, min(max(steps // every, 1) * every, last)
    shortened = point.experiment.but(steps=max(steps, 1))
    again = train(shortened, progress=False).history
    if first.empty:
        return 0.0 if again.empty else float("nan")
    both = first[first["step"] <= steps].merge(again, how="left", on="step", suffixes=("", "_again"))
    loss, norm = ((both[f"{column}_again"] / both[column] - 1).abs().to_numpy() for column in COMPARED)
    if not max(loss[0], norm[0]) <= START_TOLERANCE:
        return float("nan")
    late = steps > asked and norm[-1] > REPLAY_TOLERANCE
    parted = _parted(shortened, both["weight_norm_again"].iloc[-1]) if late else 0.0
    # Numpy's largest of numbers is NaN where one of them is; Python's and pandas's need not be.
    return float(np.concatenate([loss[both["step"] <= asked], norm[:-1], np.maximum(norm[-1:] - parted, 0)]).max())


def _parted(experiment: Experiment, norm: float) -> float:
    """How far from the last weight norm of a run, relative to it, another may end that differs by roundings only.

    Training is chaotic: runs that begin within a millionth of each other may soon have only their statistics in common.
    The stored run is one of these, and four twins show how far they part. It is farther away than three times the
    farthest twin with a chance of 1 in 100 if norms are normally distributed (1 in 20 with two twins), and, as
    :data:`REPLAY_TOLERANCE` comes on top, less often. NaN where a twin does not get there.
    """
    from grokmodels.engine.training import train

    twins = [
        train(experiment.but(perturbation=experiment.perturbation + twin * TWIN_SIZE), progress=False).history
        for twin in range(1, TWINS + 1)
    ]
    ends = [twin.set_index("step")["weight_norm"].get(experiment.steps, np.nan) for twin in twins]
    return float(TWIN_FACTOR * np.abs(np.divide(ends, norm) - 1).max())

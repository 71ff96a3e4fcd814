"""Whether stored runs can be made again: their first steps, trained once more and compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grokmodels.studies import files
from grokmodels.studies.study import Point, Study, stored

# Two machines round differently, as do a stack and a run alone, and training amplifies it: the fastest recipes part by
# a few per cent within 100 steps, and stay far below this over the first 50.
REPLAY_TOLERANCE = 1e-2


def sample(study: Study, folder: Path | str, runs: int) -> list[Point]:
    """Stored points of a study to look at again, drawn with a fixed seed."""
    points = stored(study, folder)
    chosen = np.random.default_rng(0).permutation(len(points))[:runs]
    return [points[i] for i in sorted(chosen)]


def replay(point: Point, folder: Path | str, steps: int = 50) -> float:
    """Train the first steps of a stored run again; the largest relative difference in train loss and weight norm.

    NaN, which is within no tolerance, where an evaluation of the stored run is not made again, as after a divergence.
    """
    from grokmodels.engine.training import train

    first = files.load(point.path(folder), checkpoints=False)
    # Only evaluations that the stored run made too can be compared.
    every = point.experiment.evaluate_every
    steps = min(max(steps // every, 1) * every, int(first.history["step"].iloc[-1]))
    again = train(point.experiment.but(steps=steps), progress=False)
    stored = first.history[first.history["step"] <= steps]
    both = stored.merge(again.history, how="left", on="step", suffixes=("", "_again"))
    ratios = [both[f"{c}_again"] / both[c] for c in ("train_loss", "weight_norm")]
    # Numpy's largest of numbers is NaN where one of them is; Python's and pandas's need not be.
    return float(np.abs(np.array(ratios) - 1).max())

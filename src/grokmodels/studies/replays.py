"""Whether stored runs can be made again: their first steps, trained once more and compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grokmodels.studies import store
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

    Where the first evaluation comes later than ``steps``, the norm alone counts there: two runs that round differently
    may have parted in their loss by then, as two that differ by one part in a million do, and not in their norm.
    NaN, which is within no tolerance, where an evaluation of the stored run is not made again, as after a divergence.
    """
    from grokmodels.engine.training import train

    first = store.load(folder, point.experiment.key, checkpoints=False).history
    # Only evaluations that the stored run made too can be compared: of one that diverged at once, none.
    every = point.experiment.evaluate_every
    last = int(first["step"].iloc[-1]) if len(first) else 0
    asked, steps = steps, min(max(steps // every, 1) * every, last)
    again = train(point.experiment.but(steps=max(steps, 1)), progress=False).history
    if first.empty:
        return 0.0 if again.empty else float("nan")
    both = first[first["step"] <= steps].merge(again, how="left", on="step", suffixes=("", "_again"))
    apart = {c: (both[f"{c}_again"] / both[c] - 1).abs().to_numpy() for c in ("train_loss", "weight_norm")}
    compared = [apart["train_loss"][both["step"] <= asked], apart["weight_norm"]]
    # Numpy's largest of numbers is NaN where one of them is; Python's and pandas's need not be.
    return float(np.concatenate(compared).max())

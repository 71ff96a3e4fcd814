"""Where a share passes one half along a control parameter, as the dose at which half of the patients respond."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels.statistics.intervals import Interval, percentiles

FloatArray = NDArray[np.floating[Any]]


class Crossing(NamedTuple):
    """Where half is passed, and where in each of the ``draws`` (n,) of seeds."""

    estimate: float
    draws: FloatArray

    @property
    def interval(self) -> Interval:
        """The estimate with the middle 95 % of the draws that pass one half among the points."""
        return percentiles(self.estimate, self.draws)


def half_crossing(table: pd.DataFrame, x: str, outcome: str, by: str = "seed", draws: int = 500) -> Crossing:
    """Of a table with a row per run: where along column ``x`` half of the runs have the yes or no ``outcome``.

    Whole seeds are drawn with replacement, so 20 of them or more make an interval.

    >>> rows = [{"f": f, "seed": s, "done": f > 0.3 + 0.01 * s} for f in (0.2, 0.3, 0.4, 0.5) for s in range(20)]
    >>> print(half_crossing(pd.DataFrame(rows), "f", "done").interval)
    0.40 [0.37, 0.43]
    """
    wide = table.astype({outcome: float}).pivot(index=by, columns=x, values=outcome)
    points, values = wide.columns.to_numpy(float), wide.to_numpy(float)
    rng = np.random.default_rng(0)
    drawn = [half_point(points, values[rng.integers(len(values), size=len(values))]) for _ in range(draws)]
    return Crossing(half_point(points, values), np.array(drawn))


def half_point(x: FloatArray, outcomes: FloatArray) -> float:
    """The point along ascending ``x`` (points,) where the mean of ``outcomes`` (seeds, points) passes one half.

    NaN: not run. Means are made to rise (isotonic regression, by number of runs) and joined by straight lines. −∞ where
    the first is one half or more, ∞ where none is: it lies beyond the points.
    """
    from scipy.optimize import isotonic_regression

    runs = np.isfinite(outcomes).sum(axis=0)
    there = runs > 0
    mean = isotonic_regression(np.nansum(outcomes[:, there], axis=0) / runs[there], weights=runs[there]).x
    # A mean that has risen to a half is one, rounded or not.
    after = np.flatnonzero(mean >= 0.5 - 1e-12)
    if not len(after) or after[0] == 0:
        return -np.inf if len(after) else np.inf
    (x0, x1), (y0, y1) = x[there][after[0] - 1 : after[0] + 1], mean[after[0] - 1 : after[0] + 1]
    return float(x0 + (0.5 - y0) / (y1 - y0) * (x1 - x0))

"""An estimate and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


class Interval(NamedTuple):
    """An estimate and its interval (95 % unless said otherwise)."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}]"


def bootstrap(
    table: pd.DataFrame,
    statistic: Callable[[pd.DataFrame], float],
    by: str = "seed",
    draws: int = 1000,
    level: float = 0.95,
) -> Interval:
    """A statistic of a table of runs with its percentile interval over seeds.

    Whole seeds are drawn with replacement, not rows: runs of one seed share split and initial weights, so they are not
    independent. Efron 1979 (doi:10.1214/aos/1176344552). ValueError for fewer than two seeds.
    """
    groups = [rows for _, rows in sorted(table.groupby(by).indices.items())]
    if len(groups) < 2:
        raise ValueError(f"table: got {len(groups)} value of {by!r}; an interval needs at least 2")
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(groups), size=(draws, len(groups)))
    rows = (np.concatenate([groups[i] for i in draw]) for draw in drawn)
    values = [statistic(table.iloc[chosen].reset_index(drop=True)) for chosen in rows]
    return percentiles(statistic(table), values, level)


def percentiles(estimate: float, draws: ArrayLike, level: float = 0.95) -> Interval:
    """An estimate with the middle ``level`` of its ``draws`` (n,); of those that are finite, NaN ends where none is."""
    values = np.asarray(draws, dtype=float)
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]) if len(values) else (np.nan, np.nan)
    return Interval(float(estimate), float(low), float(high))

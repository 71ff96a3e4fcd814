"""Do values have more than one peak? The dip test (Hartigan and Hartigan 1985, doi:10.1214/aos/1176346577)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating[Any]]


def dip(values: ArrayLike) -> float:
    """Hartigan's dip test: how often values drawn from a single flat peak have as large a dip as these (p-value)."""
    kept = np.asarray(values, dtype=float)
    kept = kept[np.isfinite(kept)]
    flat = _dips_of_flat(len(kept))
    return float((1 + (flat >= dip_statistic(kept) - 1e-12).sum()) / (1 + len(flat)))


@cache
def _dips_of_flat(n: int, draws: int = 5000) -> FloatArray:
    """The dips of many samples of n values from the uniform distribution, of all with one peak the nearest to two."""
    rng = np.random.default_rng(0)
    return np.array([dip_statistic(rng.random(n)) for _ in range(draws)])


def dip_statistic(values: ArrayLike) -> float:
    """How far the distribution function of values is, at its farthest, from the nearest one with a single peak.

    One with a single peak is convex up to its mode and concave beyond. The paper closes in on it: between two ends
    around the mode stand the greatest convex function below and the least concave one above. Where these are farthest
    apart lie the next ends. It is done when that is no farther than what was left outside them.
    """
    x, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    # The distribution function times n just after each value, and just before it.
    after = np.cumsum(counts)
    before = after - counts
    low, high, twice = 0, len(x) - 1, 0.0
    while low < high:
        inside = slice(low, high + 1)
        at, under, over = x[inside], before[inside], after[inside]
        below, above = _lower_hull(at, under), _lower_hull(at, -over)
        convex, concave = np.interp(at, at[below], under[below]), np.interp(at, at[above], over[above])
        gap = concave - convex
        if gap.max() <= twice:
            break
        if gap[below].max() > gap[above].max():
            first = below[gap[below].argmax()]
            last = above[np.searchsorted(above, first)]
        else:
            last = above[gap[above].argmax()]
            first = below[np.searchsorted(below, last, side="right") - 1]
        left, right = (over - convex)[:first], (concave - under)[last + 1 :]
        twice = max(twice, left.max(initial=0), right.max(initial=0))
        low, high = low + first, low + last
    return float(twice / 2 / after[-1])


def _lower_hull(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.intp]:
    """Which points the greatest convex function below all of them touches."""
    kept: list[int] = []
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    for i, (xi, yi) in enumerate(points):
        while len(kept) > 1:
            (xa, ya), (xb, yb) = points[kept[-2]], points[kept[-1]]
            if (yb - ya) * (xi - xb) <= (yi - yb) * (xb - xa):
                break
            kept.pop()
        kept.append(i)
    return np.array(kept)

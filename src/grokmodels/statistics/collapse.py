"""Data collapse: exponents with which the curves of all sizes fall together (Bhattacharjee and Seno 2001).

The residual of a collapse is theirs (arXiv:cond-mat/0102515), with errors; curves are those of ``scaling``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from grokmodels.statistics.intervals import Interval, percentiles
from grokmodels.statistics.scaling import FloatArray, OrderCurve, moments, resample


class Collapse(NamedTuple):
    """A data collapse: (x + shift · ln(size / mid) − critical) · size^stretch against mean · size^height.

    ``mid`` is the geometric mean of the sizes; ``residual`` that of :func:`collapse_residual`.
    """

    critical: Interval
    stretch: Interval
    shift: Interval
    height: Interval
    residual: float


def collapse_residual(
    points: pd.DataFrame, critical: float, stretch: float, shift: float = 0.0, height: float = 0.0
) -> float:
    """How far the rescaled curves are from one another, in squares of their errors; about 1 where they fall together.

    ``points``: columns ``size``, ``x``, ``mean``, ``error``. Each point is held against the straight lines through the
    points of every other size that encloses it, weighted by their errors. Infinite where fewer than half of the
    points are enclosed: curves that do not meet have not fallen together.
    """
    size, x, mean, error = (points[name].to_numpy(float) for name in ("size", "x", "mean", "error"))
    log_size = np.log(size)
    across = (x + shift * (log_size - np.log(np.unique(size)).mean()) - critical) * size**stretch
    up, width = mean * size**height, error * size**height
    squares, met = 0.0, 0
    for this in np.unique(size):
        mine = size == this
        weights, sums = np.zeros(mine.sum()), np.zeros(mine.sum())
        for other in np.unique(size[~mine]):
            theirs = size == other
            order = np.argsort(across[theirs])
            at, value, spread = (column[theirs][order] for column in (across, up, width))
            inside = (across[mine] >= at[0]) & (across[mine] <= at[-1])
            line = np.interp(across[mine], at, value)
            certain = np.where(inside, np.interp(across[mine], at, spread) ** -2.0, 0.0)
            weights, sums = weights + certain, sums + certain * line
        hit = weights > 0
        gap = up[mine][hit] - sums[hit] / weights[hit]
        squares += float((gap**2 / (width[mine][hit] ** 2 + 1 / weights[hit])).sum())
        met += int(hit.sum())
    return squares / met if met >= len(points) / 2 else float("inf")


def fit_collapse(
    curves: Sequence[OrderCurve],
    start: dict[str, float],
    free: Sequence[str] = ("critical", "stretch"),
    draws: int = 60,
) -> Collapse:
    """The exponents that make the curves fall together best, from ``start``; those not in ``free`` stay.

    Intervals come from drawing seeds anew. ValueError for names that are none of the four of :class:`Collapse`.
    """
    from scipy.optimize import minimize

    names = ("critical", "stretch", "shift", "height")
    if unknown := (set(start) | set(free)) - set(names):
        raise ValueError(f"start, free: got {sorted(unknown)}; must be of {list(names)}")
    fixed = {"shift": 0.0, "height": 0.0} | start

    def best(drawn: Sequence[OrderCurve], first: dict[str, float]) -> dict[str, float]:
        points = moments(drawn)
        begin = np.array([first[name] for name in free])
        simplex = np.vstack(
            [begin, *(begin + 0.15 * np.eye(len(free))[i] * max(1, abs(begin[i])) for i in range(len(free)))]
        )

        def residual(values: FloatArray) -> float:
            return collapse_residual(points, **(fixed | dict(zip(free, values, strict=True))))

        options = {"initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-3, "maxiter": 200}
        found = minimize(residual, begin, method="Nelder-Mead", options=options)
        return fixed | dict(zip(free, map(float, found.x), strict=True)) | {"residual": float(found.fun)}

    whole = best(curves, fixed)
    rng = np.random.default_rng(0)
    again = [best(resample(curves, rng), {name: whole[name] for name in names}) for _ in range(draws)]
    spans = {name: percentiles(whole[name], [fit[name] for fit in again]) for name in names}
    return Collapse(**spans, residual=whole["residual"])

"""Finite-size scaling: does a change sharpen as the system grows, as a transition does, or stay as wide as it was?

An :class:`OrderCurve` holds an order parameter of many runs of one size along a control parameter; the functions take
several of different sizes. Runs of one seed stay together wherever seeds are drawn anew. The estimators are those of
textbooks (Binder 1981, doi:10.1007/BF01293604).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels.statistics.intervals import Interval, percentiles

FloatArray = NDArray[np.floating[Any]]


class OrderCurve(NamedTuple):
    """``values`` (seeds, points) of the order parameter in systems of one ``size``, along ``x`` (points,), ascending.

    NaN where a run is missing.
    """

    size: float
    x: FloatArray
    values: FloatArray


def curves(table: pd.DataFrame, value: str, size: str = "size", x: str = "x", seed: str = "seed") -> list[OrderCurve]:
    """One curve per size, smallest first, from a table with a row per run. ValueError for fewer than two seeds."""
    made = []
    for this, runs in table.groupby(size):
        wide = runs.pivot(index=seed, columns=x, values=value)
        if len(wide) < 2:
            raise ValueError(f"table: got {len(wide)} seed of {size} {this}; fluctuations need at least 2")
        made.append(OrderCurve(float(this), wide.columns.to_numpy(float), wide.to_numpy(float)))  # type: ignore[arg-type]
    return made


def moments(curves: Sequence[OrderCurve]) -> pd.DataFrame:
    """One row per size and point: ``n`` runs, ``mean`` and its ``error``, ``susceptibility``, ``binder``.

    Susceptibility: size × variance over seeds. Binder ratio: 1 − ⟨q⁴⟩ / 3⟨q²⟩², which is 0 for Gaussian noise about 0
    and 2/3 for a sharp value. The error is at least 1/(4n): that all of a few runs agree does not make it zero.
    """
    rows = []
    for curve in curves:
        n = np.isfinite(curve.values).sum(axis=0)
        mean, variance = np.nanmean(curve.values, axis=0), np.nanvar(curve.values, axis=0, ddof=1)
        squares = np.nanmean(curve.values**2, axis=0)
        with np.errstate(invalid="ignore"):
            binder = 1 - np.nanmean(curve.values**4, axis=0) / (3 * squares**2)
        rows.append(
            pd.DataFrame(
                {
                    "size": curve.size,
                    "x": curve.x,
                    "n": n,
                    "mean": mean,
                    "error": np.maximum(np.sqrt(variance / n), 0.25 / n),
                    "susceptibility": curve.size * variance,
                    "binder": binder,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def bootstrap(
    curves: Sequence[OrderCurve],
    statistic: Callable[[Sequence[OrderCurve]], float],
    draws: int = 200,
    level: float = 0.95,
) -> Interval:
    """A statistic of several curves with its percentile interval, whole seeds drawn with replacement at each size."""
    rng = np.random.default_rng(0)
    return percentiles(statistic(curves), [statistic(resample(curves, rng)) for _ in range(draws)], level)


def resample(curves: Sequence[OrderCurve], rng: np.random.Generator) -> list[OrderCurve]:
    """The same curves with as many seeds, drawn with replacement."""
    return [c._replace(values=c.values[rng.integers(len(c.values), size=len(c.values))]) for c in curves]


class LogisticSteps(NamedTuple):
    """A fit of :func:`fit_steps`.

    For each size its ``critical`` point and the ``slope`` there; ``stretch``; the levels below and above, ``floor`` and
    ``ceiling``; ``deviance``, −2 × the quasi log likelihood.
    """

    critical: FloatArray
    slope: FloatArray
    stretch: float
    floor: float
    ceiling: float
    deviance: float

    def mean(self, size: int, x: FloatArray) -> FloatArray:
        """The mean order parameter along x in the ``size``-th system."""
        z = self.slope[size] * (x - self.critical[size])
        return self.floor + (self.ceiling - self.floor) / (1 + np.exp(-np.clip(z, -700, 700)))


def fit_steps(
    curves: Sequence[OrderCurve], stretch: float | None = None, near: LogisticSteps | None = None
) -> LogisticSteps:
    """Fit mean order parameters by logistic steps at a place x_c of each size, of slope k · size^stretch.

    ``stretch`` 0 is a crossover: every size as steep as the others. None leaves it free. Floor and ceiling are shared
    by all sizes. The order parameter counts within 0 and 1, by the quasi-likelihood of a binomial. No step is called
    steeper than the spacing of the points can tell: slope × spacing at most 8. ``near`` is a fit of similar data to
    start from.
    """
    from scipy.optimize import minimize

    sizes = np.log([curve.size for curve in curves])
    sizes = sizes - sizes.mean()
    x, n, mean = _cells(curves)
    # In units of the curves' own span and middle, so that the minimizer meets numbers of order one.
    unit = float(np.mean([np.ptp(curve.x) for curve in curves]))
    middle = np.array([(curve.x[0] + curve.x[-1]) / 2 for curve in curves])
    x = (x - middle[:, None]) / unit
    steepest = np.log(8 * unit / min(np.diff(curve.x).min() for curve in curves))
    if near is None:
        places = [
            _halfway(row[: len(curve.x)], m[: len(curve.x)]) for curve, row, m in zip(curves, x, mean, strict=True)
        ]
        start = [np.log(8), 0.0, 0.05, 0.95, *places]
    else:
        log_slope = float(np.log(near.slope * unit).mean())
        start = [log_slope, near.stretch, near.floor, near.ceiling, *((near.critical - middle) / unit)]
    # Places stay near the points: outside them slope and place cannot be told apart.
    within = [(-0.75 * np.ptp(curve.x) / unit, 0.75 * np.ptp(curve.x) / unit) for curve in curves]
    bounds = [(steepest - 8, steepest), (-3.0, 3.0), (1e-4, 0.45), (0.55, 1 - 1e-4), *within]
    start = [min(max(value, low), high) for value, (low, high) in zip(start, bounds, strict=True)]
    options = {"ftol": 1e-7, "maxiter": 200}

    def objective(free: FloatArray) -> tuple[float, FloatArray]:
        return _misfit(free, x, n, mean, sizes, steepest, stretch)

    free = minimize(objective, np.array(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    a = float(free[1]) if stretch is None else stretch
    slope = np.exp(np.minimum(free[0] + a * sizes, steepest)) / unit
    critical = middle + unit * free[4:]
    return LogisticSteps(critical, slope, a, float(free[2]), float(free[3]), 2 * objective(free)[0])


def _cells(curves: Sequence[OrderCurve]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points x, number of runs n and mean order parameter there, each (curves, points).

    Sizes with fewer points than others are padded by points without runs.
    """
    x, n, mean = np.zeros((3, len(curves), max(len(curve.x) for curve in curves)))
    for i, curve in enumerate(curves):
        values = np.clip(curve.values, 0, 1)
        points = len(curve.x)
        x[i, :points], n[i, :points] = curve.x, np.isfinite(values).sum(axis=0)
        mean[i, :points] = np.nansum(values, axis=0) / np.maximum(n[i, :points], 1)
    return x, n, mean


def _misfit(
    free: FloatArray,
    x: FloatArray,
    n: FloatArray,
    mean: FloatArray,
    sizes: FloatArray,
    steepest: float,
    stretch: float | None,
) -> tuple[float, FloatArray]:
    """Minus the quasi log likelihood of cells (:func:`_cells`), and its gradient along the free parameters.

    ``free``: ln of the slope at the mean size, stretch (unused where it is given), floor, ceiling, and a place for each
    curve. ``sizes`` (curves,): ln of the size less their mean. ``steepest``: the largest ln slope.
    """
    (log_slope, a, low, high), places = free[:4], free[4:]
    raw = log_slope + (a if stretch is None else stretch) * sizes
    slope = np.exp(np.minimum(raw, steepest))
    z = np.clip(slope[:, None] * (x - places[:, None]), -30, 30)
    up = 1 / (1 + np.exp(-z))
    mu = low + (high - low) * up
    pull = n * (mu - mean) / (mu * (1 - mu))
    through = pull * (high - low) * up * (1 - up)
    along = np.where(raw < steepest, (through * z).sum(axis=1), 0.0)
    of_stretch = (along * sizes).sum() if stretch is None else 0.0
    shared = [along.sum(), of_stretch, (pull * (1 - up)).sum(), (pull * up).sum()]
    total = -(n * (mean * np.log(mu) + (1 - mean) * np.log1p(-mu))).sum()
    return float(total), np.append(shared, -slope * through.sum(axis=1))


def _halfway(x: FloatArray, mean: FloatArray) -> float:
    """Where a curve first passes one half, or its end nearest to that."""
    after = np.flatnonzero(mean >= 0.5)
    if not len(after) or after[0] == 0:
        return float(x[-1] if not len(after) else x[0])
    i = after[0]
    return float(np.interp(0.5, mean[i - 1 : i + 1], x[i - 1 : i + 1]))


def stretch(curves: Sequence[OrderCurve], draws: int = 200) -> Interval:
    """The exponent with which the step in the mean order parameter steepens with size; 0 for a crossover."""
    whole = fit_steps(curves)
    return bootstrap(curves, lambda drawn: fit_steps(drawn, near=whole).stretch, draws)


def sharpening(curves: Sequence[OrderCurve], draws: int = 200) -> Interval:
    """AIC of the crossover minus AIC of steps that steepen with size: positive speaks for a transition.

    The quasi-likelihood is scaled by the dispersion of runs within their cells.
    """

    def difference(drawn: Sequence[OrderCurve]) -> float:
        gain = fit_steps(drawn, 0.0, level).deviance - fit_steps(drawn, near=steep).deviance
        return gain / scale - 2

    scale, steep, level = dispersion(curves), fit_steps(curves), fit_steps(curves, 0.0)
    return bootstrap(curves, difference, draws)


def dispersion(curves: Sequence[OrderCurve]) -> float:
    """Variance within cells over what a coin of the same mean has: 1 for outcomes that are yes or no, else smaller."""
    seen, coin = 0.0, 0.0
    for curve in curves:
        values = np.clip(curve.values, 0, 1)
        mean = np.nanmean(values, axis=0)
        n = np.isfinite(values).sum(axis=0)
        # About the mean that was seen, as the coin's: only so is a yes or no exactly the coin.
        seen += float((n * np.nanvar(values, axis=0)).sum())
        coin += float((n * mean * (1 - mean)).sum())
    return max(seen / max(coin, 1e-12), 1e-6)


def held_out(looked: Sequence[OrderCurve], unseen: Sequence[OrderCurve], draws: int = 200) -> Interval:
    """How much better steepening steps, fitted to ``looked``, foretell ``unseen`` than a crossover does.

    Difference of quasi log likelihoods over all unseen runs; the interval is over their seeds.
    """
    scale = dispersion(looked)
    steep, level = fit_steps(looked), fit_steps(looked, 0.0)

    def gain(drawn: Sequence[OrderCurve]) -> float:
        return (_log_likelihood(steep, drawn) - _log_likelihood(level, drawn)) / scale

    return bootstrap(unseen, gain, draws)


def _log_likelihood(steps: LogisticSteps, curves: Sequence[OrderCurve]) -> float:
    total = 0.0
    for i, curve in enumerate(curves):
        mean, values = steps.mean(i, curve.x), np.clip(curve.values, 0, 1)
        total += float(np.nansum(values * np.log(mean) + (1 - values) * np.log1p(-mean)))
    return total


def growth(curves: Sequence[OrderCurve], draws: int = 200) -> Interval:
    """The exponent g of the largest susceptibility along each curve, ∝ size^g.

    0: fluctuations average out, as in a crossover. 1: they never do, as between two phases, or with any yes or no.
    In between: a continuous transition.
    """

    def exponent(drawn: Sequence[OrderCurve]) -> float:
        with np.errstate(divide="ignore"):
            peaks = [np.log(curve.size * np.nanvar(curve.values, axis=0, ddof=1).max()) for curve in drawn]
        return float(np.polyfit(np.log([curve.size for curve in drawn]), peaks, 1)[0])

    return bootstrap(curves, exponent, draws)


def crossing(curves: Sequence[OrderCurve], draws: int = 200) -> Interval:
    """Where the Binder ratios of the smallest and the largest size cross, as they do at a continuous transition.

    NaN, ends and all, where they do not cross. ValueError unless both have the same x.
    """

    def place(drawn: Sequence[OrderCurve]) -> float:
        small, large = (moments([drawn[i]])["binder"].to_numpy() for i in (0, -1))
        gap, x = large - small, drawn[0].x
        # Far from the critical point noise makes the ratios cross: split where the two sides differ most.
        i = int(np.abs(gap.sum() - 2 * np.cumsum(gap))[:-1].argmax())
        if gap[i] * gap[i + 1] > 0 or gap[i] == gap[i + 1]:
            return float("nan")
        return float(x[i] - gap[i] * (x[i + 1] - x[i]) / (gap[i + 1] - gap[i]))

    if not np.array_equal(curves[0].x, curves[-1].x):
        points = [curves[i].x.tolist() for i in (0, -1)]
        raise ValueError(f"curves: got points {points[0]} and {points[1]}; a crossing needs the same")
    # Draws may cross though the curves do not.
    found = bootstrap(curves, place, draws)
    return found if np.isfinite(found.estimate) else Interval(*[float("nan")] * 3)


def widest(curve: OrderCurve) -> FloatArray:
    """The order parameters where they fluctuate most along a curve, (runs,)."""
    values = curve.values[:, int(np.nanvar(curve.values, axis=0, ddof=1).argmax())]
    return values[np.isfinite(values)]


def agreement(curve: OrderCurve) -> float:
    """Whether a seed that is lucky at one point is so at the next: the mean rank correlation of neighboring points.

    1: every seed keeps its rank along the curve. 0: whose luck it is is drawn anew at every point. Neighbors at one of
    which all values are equal, or that fewer than three seeds share, do not count.
    """
    from scipy.stats import spearmanr

    found = []
    for one, other in zip(curve.values.T[:-1], curve.values.T[1:], strict=True):
        both = np.isfinite(one) & np.isfinite(other)
        if both.sum() > 2 and np.ptp(one[both]) > 0 and np.ptp(other[both]) > 0:
            found.append(float(spearmanr(one[both], other[both]).statistic))
    return float(np.mean(found)) if found else float("nan")

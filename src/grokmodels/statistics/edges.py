"""Waits that diverge at an edge, ln t = ln A − γ ln(x/x_c − 1) + noise: one exponent γ for several systems.

By maximum likelihood, with normal noise of each system's own spread and censored waits as such. The spread may grow
toward the edge, as (x/x_c − 1)^−growth; the scale is then that at twice the edge. Intervals hold
everything whose −2 ln likelihood is within 3.84 of the best (profile likelihood, 95 %), all else fitted anew.

Shapes: n runs of a system; ``x``, ``times`` and ``censored`` (n,).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grokmodels.statistics.intervals import Interval
from grokmodels.statistics.waits import Normal, fit_normal

FloatArray = NDArray[np.floating[Any]]
NEAR = 3.84
# Of one system: exponent, edge, amplitude, scale.
NUMBERS = 4
# Tried exponents, and edges as parts of the least x at which a run ended.
EXPONENTS, PARTS = np.linspace(0.3, 4, 38), 1 - np.geomspace(0.8, 0.004, 45)


class Waits(NamedTuple):
    """The runs of one system: control parameter ``x``, ``times``, and which of them are ``censored``."""

    x: FloatArray
    times: FloatArray
    censored: NDArray[np.bool_]


class Edge(NamedTuple):
    """One system: its ``edge`` x_c, ``amplitude`` A (the wait at twice the edge) and the ``scale`` of ln t.

    ``alone``: the exponent that this system would have by itself, and Akaike's criterion of that fit.
    """

    edge: Interval
    amplitude: float
    scale: float
    alone: tuple[float, float]


class Edges(NamedTuple):
    """A fit: the ``exponent`` γ, each system's :class:`Edge`, and Akaike's criterion, smaller is better."""

    exponent: Interval
    systems: dict[Any, Edge]
    aic: float

    def median(self, system: Any, x: ArrayLike) -> FloatArray:
        """The median wait of a system at x; infinite at its edge and below."""
        one, at = self.systems[system], np.asarray(x, float)
        away = np.maximum(at / one.edge.estimate - 1, 0)
        with np.errstate(divide="ignore"):
            return np.asarray(one.amplitude * away**-self.exponent.estimate)


def fit_edges(systems: Mapping[Any, Waits], exponents: ArrayLike = EXPONENTS, growth: float = 0.0) -> Edges:
    """Fit all systems with one exponent. ValueError where waits of one ended at fewer than three places."""
    tried = np.asarray(exponents, float)
    profiles = {name: _profile(name, waits, tried, growth) for name, waits in systems.items()}
    deviance = {name: table.min(axis=1) for name, (_, table) in profiles.items()}
    total = np.sum(list(deviance.values()), axis=0)
    best = int(total.argmin())
    made = {}
    for name, (edges, table) in profiles.items():
        # The best exponent for this edge, given what the other systems say of it.
        shared = (table + (total - deviance[name])[:, None]).min(axis=0)
        edge = _interval(edges, shared, edges[table[best].argmin()])
        fit = _fit(systems[name], edge.estimate, tried[best], growth)
        own = deviance[name]
        alone = float(tried[own.argmin()]), float(own.min() + 2 * NUMBERS)
        made[name] = Edge(edge, float(np.exp(fit.slopes[0])), fit.scale, alone)
    aic = float(total[best] + 2 * (1 + (NUMBERS - 1) * len(systems)))
    return Edges(_interval(tried, total, tried[best]), made, aic)


def _profile(name: Any, waits: Waits, exponents: FloatArray, growth: float) -> tuple[FloatArray, FloatArray]:
    """Edges (k,), and −2 ln likelihood of the best amplitude and scale for each exponent and edge, (m, k)."""
    ended = np.unique(waits.x[~waits.censored])
    if len(ended) < 3:
        raise ValueError(f"systems: {name}: waits ended at {len(ended)} places; an edge needs at least 3")
    edges = ended[0] * PARTS
    table = [[-2 * _fit(waits, edge, exponent, growth).log_likelihood for edge in edges] for exponent in exponents]
    return edges, np.array(table)


def _fit(waits: Waits, edge: float, exponent: float, growth: float) -> Normal:
    """Of runs above the edge: those at it or below never end, as those that are there have not."""
    above = waits.x > edge
    away, censored = np.log(waits.x[above] / edge - 1), waits.censored[above]
    y = np.log(waits.times[above]) + exponent * away
    # In units in which all have one spread; a density in ln t is so much larger than one in these units.
    units = np.exp(growth * away)
    fit = fit_normal(units * y, censored, units[:, None])
    return fit._replace(log_likelihood=fit.log_likelihood + growth * away[~censored].sum())


def _interval(values: FloatArray, deviance: FloatArray, estimate: float) -> Interval:
    """Everything near the best, with its ends where lines between the tried values say."""
    over = deviance - deviance.min() - NEAR
    near = np.flatnonzero(over <= 0)

    def end(inside: int, outside: int) -> float:
        if not 0 <= outside < len(values):
            return float(values[inside])
        part = over[inside] / (over[inside] - over[outside])
        return float(values[inside] + (values[outside] - values[inside]) * part)

    low, high = sorted([end(near[0], near[0] - 1), end(near[-1], near[-1] + 1)])
    return Interval(float(estimate), low, high)

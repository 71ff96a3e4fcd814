"""Growth from a seed at D = 2 as a world that can be simulated, with the ratio of three mechanisms.

The share obeys m/(1 − m)^ρ = K e^(2(ρ−1)Λ); its log odds carry a small noise, as batches do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grokmodels.theory.evidence import At, Random, System

FloatArray = NDArray[np.floating[Any]]
HALF = np.log(2) / 2


class Runs(NamedTuple):
    """What no mechanism says of its runs.

    ``first``: the decay time of memorization, Λ₀; ``start``: −ln K; ``luck``: standard deviation of ln start;
    ``noise``: that of the log odds after a unit of Λ; ``scatter``: that of ln ρ over splits, times p.
    """

    first: float
    start: float
    luck: float
    noise: float
    scatter: float


def runs(random: Random) -> Runs:
    """Constants drawn for one study."""
    ranges = ((0.5, 1.5), (6, 10), (0.2, 0.6), (0.1, 0.4), (0.5, 1.5))
    return Runs(*(float(random.uniform(*ends)) for ends in ranges))


def log_odds_of(reading: FloatArray, rho: FloatArray) -> FloatArray:
    """The y = ln(m/(1 − m)) that solves y + (ρ − 1) ln(1 + e^y) = reading, by Newton's method; ρ > 0."""
    y = np.where(reading > 0, reading / np.maximum(rho, 1), reading)
    for _ in range(8):
        up = 1 / (1 + np.exp(-np.clip(y, -500, 500)))
        y = y - (y + (rho - 1) * np.logaddexp(0, y) - reading) / (1 + (rho - 1) * up)
    return np.asarray(y)


class Growth(NamedTuple):
    """The toy at D = 2 with any ρ; ``steep`` is d ln ρ / d ln f where the batch is small."""

    runs: Runs
    rho: Callable[[At], FloatArray]
    steep: float

    def turn(self, at: At, random: Random) -> FloatArray:
        rho = self._scattered(self.rho(at), at)
        grows = rho > 1 + 1e-6
        # A drifting Brownian motion first passes a level at times of the inverse Gaussian law.
        far = self._far(at)
        wait = random.wald(far / (2 * np.where(grows, rho - 1, 1)), (far / self.runs.noise) ** 2)
        return np.where(grows, self.runs.first + HALF + wait, np.inf)

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        edge = 1 + self.runs.start / (2 * (reach - self.runs.first - HALF))
        rho = self._scattered(edge * np.exp(self.steep * offset), at)
        passed = np.maximum(moments[:, None] - self.runs.first, 0)
        steps = np.sqrt(np.diff(passed, axis=0, prepend=0)) * random.standard_normal((len(moments), len(rho)))
        walk = self.runs.noise * steps.cumsum(axis=0)
        return log_odds_of(2 * (rho - 1) * passed - self._far(at) + walk, rho)

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        rho = self._scattered(self.rho(at), at)
        walk = self.runs.noise * np.sqrt(window) * random.standard_normal(len(start))
        return log_odds_of(start + (rho - 1) * (np.logaddexp(0, start) + 2 * window) + walk, rho)

    def _scattered(self, rho: FloatArray, at: At) -> FloatArray:
        return np.maximum(rho * (1 + self.runs.scatter * at.data / at.p), 0.05)

    def _far(self, at: At) -> FloatArray:
        return self.runs.start * np.exp(self.runs.luck * at.luck)


def saddle(random: Random) -> System:
    """ρ hangs on the data alone: (f/f_c)^g."""
    critical, power = random.uniform(0.35, 0.5), random.uniform(1, 2)
    return Growth(runs(random), lambda at: (at.fraction / critical) ** power, power)


def price_list(random: Random) -> System:
    """Adam gives the rule its price advantage back as the batch shrinks: ρ = (f/f₀)² √(N/b)."""
    critical = random.uniform(0.74, 0.82)
    # At a fixed b, N grows with f.
    return Growth(runs(random), lambda at: price_ratio(at.fraction, at.share, critical), 2.5)


def price_ratio(fraction: FloatArray, share: FloatArray, critical: float) -> FloatArray:
    """ρ(f, b/N) of the price list, one in the full batch at f = ``critical``."""
    return (fraction / critical) ** 2 / np.sqrt(share)


def saturation(random: Random) -> System:
    """An update saturates where the gradient's noise does not rule: ρ (1 − S²), with S² = 1/(N/b + q)."""
    at_60, power, quiet = random.uniform(1.25, 1.6), random.uniform(1, 2), random.uniform(0, 1.5)
    return Growth(runs(random), lambda at: saturated_ratio(at.fraction, at.share, at_60, power, quiet), power)


def saturated_ratio(fraction: FloatArray, share: FloatArray, at_60: float, power: float, quiet: float) -> FloatArray:
    """ρ(f, b/N) of saturation: at_60 (f/.6)^power without it, and a full batch that oscillates by itself (quiet)."""
    return at_60 * (fraction / 0.6) ** power * (1 - 1 / (1 / share + quiet))

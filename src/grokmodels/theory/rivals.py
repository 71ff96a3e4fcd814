"""Nine mechanisms of the turn as worlds that can be simulated: what a battery of tests must tell apart.

A mechanism is a family: each simulated study draws its constants from the ranges below, which are wide where the
mechanism is silent. Three are growth at D = 2 with a ratio of their own (:mod:`grokmodels.theory.growth`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grokmodels.theory import basins, rest
from grokmodels.theory.escape import TO_RULE
from grokmodels.theory.evidence import At, Random, System
from grokmodels.theory.growth import Runs, price_list, price_ratio, runs, saddle, saturation

FloatArray = NDArray[np.floating[Any]]


class Escape(NamedTuple):
    """The toy at D = 3: noise carries a memorizer over a barrier, at the rate of ``theory.escape``.

    ``decay`` is the toy's λ where the runs' is 2; temperatures are those of b/N = 1/16 at the rate .00125 and, whatever
    the batch, ``quiet``. ``attempts``: how many times faster than the toy the runs try in a unit of Λ.
    """

    runs: Runs
    critical: float
    power: float
    decay: float
    temperature: float
    quiet: float
    attempts: float

    def turn(self, at: At, random: Random) -> FloatArray:
        rho = (at.fraction / self.critical) ** self.power * (1 + self.runs.scatter * at.data / at.p)
        temperature = self.temperature * (1 / at.share - 1) / 15 * at.eta / 0.00125 + self.quiet
        return self._out(self.decay * at.decay / 2, rho, temperature, random)

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        decay = np.full(len(offset), self.decay)
        edge, rate_there = (float(x[0]) for x in heights(decay[:1], np.array([1.5])))
        temperature = edge / np.log(self.attempts * rate_there * (reach - self.runs.first) / np.log(2))
        rho = 1.5 * np.exp(self.power * offset) * (1 + self.runs.scatter * at.data / at.p)
        return _phases(self._out(decay, rho, temperature, random) <= moments[:, None], random)

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        # What stands near the ridge falls to either side.
        return _phases(random.random(len(start)) < 1 / (1 + np.exp(-2 * start)), random)

    def _out(self, decay: FloatArray, rho: FloatArray, temperature: float | FloatArray, random: Random) -> FloatArray:
        """Decay times of escape; beyond e^50 they are never, in all but name."""
        height, rate = heights(decay, rho)
        wait = np.exp(np.minimum(height / temperature, 50)) / (self.attempts * rate)
        return self.runs.first + random.exponential(wait)


def escape(random: Random) -> System:
    """Noise over a barrier: temperature ∝ η/b, and a barrier that grows with decay.

    A wait of 1 to 10 where the batch is smallest, at f = .6, is granted: how often a network tries, no toy knows.
    """
    critical, power, decay = random.uniform(0.35, 0.5), random.uniform(1, 2), random.uniform(0.08, 0.15)
    height, rate = (float(x[0]) for x in heights(np.array([decay]), np.array([(0.6 / critical) ** power])))
    over, wait = random.uniform(2, 5), np.exp(random.uniform(0, np.log(10)))
    temperature, attempts = height / over, np.exp(over) / (rate * wait)
    return Escape(runs(random), critical, power, decay, temperature, temperature * random.uniform(0.01, 0.1), attempts)


def heights(decay: FloatArray, rho: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Barrier from memorizer to rule at D = 3, c_m = 1, and the rate of escape per unit of Λ at infinite temperature.

    Interpolated in logarithms between points of rest that are found once; both (n,).
    """
    table = _heights()
    barrier, rate = table(np.log(np.column_stack([np.clip(decay, 0.01, 0.32), np.clip(rho, 0.5, 5)]))).T
    return np.exp(barrier), np.exp(rate)


@cache
def _heights() -> Any:
    from scipy.interpolate import RegularGridInterpolator

    axes = np.linspace(np.log(0.01), np.log(0.32), 40), np.linspace(np.log(0.5), np.log(5), 40)
    decay, rho = (np.exp(x) for x in np.meshgrid(*axes, indexing="ij"))
    well = rest.MARGIN(3, 1.0, decay)
    over = rest.MARGIN(3, basins.SADDLE_EFFICIENCY(3, 1.0, rho), decay)
    barrier = rest.ENERGY(over, 3) - rest.ENERGY(well, 3)
    # At an infinite temperature the law is its prefactor.
    rate = TO_RULE(3, decay, np.inf, well, over) / decay
    return RegularGridInterpolator(axes, np.log(np.stack([barrier, rate], axis=-1)))


def _phases(rule: NDArray[np.bool_], random: Random, odds: float = 5.0) -> FloatArray:
    """Log odds of runs that are in one of two phases."""
    return np.where(rule, odds, -odds) + random.normal(0, 0.5, rule.shape)


class Edge(NamedTuple):
    """Where the full batch kicks: at rates from ``rate`` · decay^−``power``, the edge of its stability."""

    rate: float
    power: float

    def kicks(self, at: At) -> NDArray[np.bool_]:
        return np.asarray(at.eta >= self.rate * at.decay**-self.power)


def edge_of_stability(random: Random) -> Edge:
    """Constants drawn; the quiet recipe of η = .00125 and decay 2 never kicks."""
    return Edge(float(np.exp(random.uniform(np.log(0.002), np.log(0.005)))), random.uniform(0, 0.6))


def standing(start: FloatArray, random: Random) -> FloatArray:
    """Log odds of runs in which nothing moves: where they were, as well as one can see."""
    return start + random.normal(0, 0.05, len(start))


class Kicks(NamedTuple):
    """Nothing moves but by kicks, one in a decay time ``every``, each of which the table pays for with ``size``."""

    runs: Runs
    edge: Edge
    every: float
    size: float
    power: float

    def turn(self, at: At, random: Random) -> FloatArray:
        size = self.size * (at.fraction / 0.6) ** self.power
        count = np.ceil(self.runs.start * np.exp(self.runs.luck * at.luck) / size)
        late = count - random.random(len(count)) + 0.3 * np.sqrt(count) * random.standard_normal(len(count))
        return np.where(self.edge.kicks(at), self.runs.first + self.every * np.maximum(late, 0), np.inf)

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        n = len(offset)
        size = self.runs.start * self.every / (reach - self.runs.first) * np.exp(self.power * offset)
        count = np.floor(np.maximum(moments[:, None] - self.runs.first, 0) / self.every + random.random(n))
        rough = 0.3 * np.sqrt(count) * random.standard_normal(n)
        return size * (count + rough) - self.runs.start * np.exp(self.runs.luck * at.luck)

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        return standing(start, random)


def kicks(random: Random) -> System:
    """Kicks alone, and only the full gradient's own: a noisy batch makes none."""
    every, size, power = random.uniform(0.3, 1), random.uniform(0.5, 3), random.uniform(0, 2)
    return Kicks(runs(random), edge_of_stability(random), every, size, power)


class Renewal(NamedTuple):
    """Everything is learned anew once in a unit of Λ: the rule is there at ``when``, at log odds ``level``."""

    runs: Runs
    edge: Edge
    when: float
    level: float
    spread: float

    def turn(self, at: At, random: Random) -> FloatArray:
        moves = (at.share < 1) | self.edge.kicks(at)
        # Luck is forgotten as everything is.
        return np.where(moves, self.when * np.exp(self.runs.luck * random.standard_normal(len(moves)) / 2), np.inf)

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        return self.level + self.spread * random.standard_normal((len(moments), len(offset)))

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        return standing(start, random)


def renewal(random: Random) -> System:
    """Motion of any kind sets the clock; how strong it is, and the data, do not matter."""
    when, level, spread = random.uniform(1, 3), random.uniform(1, 4), random.uniform(0.5, 1.5)
    return Renewal(runs(random), edge_of_stability(random), when, level, spread)


class Smooth(NamedTuple):
    """M relaxes to a smooth curve in ln f of slope ``slope``: log odds ``level`` at f = .6 in the full batch.

    ``noisy``: what a batch smaller by a factor e adds; ``spread``: standard deviation over runs, times p. ``forgets``:
    a null model, the odds of whose noise fall as e^(−2Λ). Else the log odds relax within a time ``relaxes``.
    """

    runs: Runs
    slope: float
    level: float
    noisy: float
    spread: float
    relaxes: float
    forgets: bool

    def turn(self, at: At, random: Random) -> FloatArray:
        final = self.level + self.slope * np.log(at.fraction / 0.6) - self.noisy * np.log(at.share) + self._own(at)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.forgets:
                wait = (self._noise(at) - np.log(-np.expm1(-final))) / 2
            else:
                wait = self.relaxes * np.log(1 + self.runs.start / final)
        return np.where(final > 0, self.runs.first + np.maximum(wait, 0), np.inf)

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        final = self.slope * offset + self._own(at)
        return self._after(final, moments[:, None] - self.runs.first, final - self.runs.start, self._noise(at))

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        final = self.level + self._own(at)
        # The odds of the noise that would make the start, if it is not above the final level.
        noise = np.log(np.maximum(np.exp(-start) - np.exp(-final), 1e-6))
        return self._after(final, np.array(window), start, noise)

    def _after(self, final: FloatArray, passed: FloatArray, start: FloatArray, noise: FloatArray) -> FloatArray:
        if self.forgets:
            return np.asarray(-np.logaddexp(noise - 2 * passed, -final))
        return np.asarray(final + (start - final) * np.exp(-passed / self.relaxes))

    def _own(self, at: At) -> FloatArray:
        return self.spread * at.luck / at.p

    def _noise(self, at: At) -> FloatArray:
        """Log odds of noise against signal at Λ₀: the data reach a share f of a ridge student's axes."""
        return self.runs.start - np.log(at.fraction / (1 - at.fraction)) + self._own(at)


def null(random: Random) -> System:
    """The ridge student of ``theory.ridge``: what the data do not reach is forgotten as e^(−Λ), and that is all."""
    slope, level, spread = random.uniform(1, 4), random.uniform(0.8, 4), random.uniform(2, 8)
    return Smooth(runs(random), slope, level, 0.0, spread, 1.0, forgets=True)


def crossover(random: Random) -> System:
    """Log odds of slope 4 to 12 in ln f, as steep at every size and Λ; noise moves the curve."""
    slope, middle, noisy = random.uniform(4, 12), random.uniform(0.45, 0.7), random.uniform(0.05, 0.4)
    level, spread, relaxes = slope * np.log(0.6 / middle), random.uniform(5, 30), random.uniform(0.5, 3)
    return Smooth(runs(random), slope, level, slope * noisy, spread, relaxes, forgets=False)


class FirstOrder(NamedTuple):
    """Two phases; both are stable where |ln ρ| < ``width``, chosen by luck within ``chosen`` and kept."""

    runs: Runs
    critical: float
    width: float
    narrows: float
    chosen: float

    def turn(self, at: At, random: Random) -> FloatArray:
        ratio = np.log(price_ratio(at.fraction, at.share, self.critical))
        rule = self._rule(ratio, np.full(len(ratio), self.width), at)
        wait = self.chosen * np.exp(self.runs.luck * random.standard_normal(len(rule)))
        return np.where(rule, self.runs.first + wait, np.inf)

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        rule = self._rule(2.5 * offset, self.width * (31 / at.p) ** self.narrows, at)
        return _phases(np.tile(rule, (len(moments), 1)), random)

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        ratio = np.log(price_ratio(at.fraction, at.share, self.critical))
        kept = random.random(len(start)) < 1 / (1 + np.exp(-2 * start))
        return _phases(np.where(np.abs(ratio) < self.width, kept, ratio > 0), random)

    def _rule(self, ratio: FloatArray, width: FloatArray, at: At) -> NDArray[np.bool_]:
        """Which runs are in the phase of the rule: by luck where both phases are stable, else by the data."""
        return np.where(np.abs(ratio) < width, ratio + width / 2 * at.luck > 0, ratio > 0)


def first_order(random: Random) -> System:
    """Coexistence along the line of the price list."""
    critical, width, narrows = random.uniform(0.74, 0.82), random.uniform(0.15, 0.6), random.uniform(0, 1)
    return FirstOrder(runs(random), critical, width, narrows, random.uniform(0.5, 2))


SYSTEMS: dict[str, Callable[[Random], System]] = {
    "saddle": saddle,
    "price list": price_list,
    "saturation": saturation,
    "escape": escape,
    "kicks": kicks,
    "renewal": renewal,
    "null": null,
    "first order": first_order,
    "crossover": crossover,
}

"""Degree above 2 under logistic loss: two true basins, the saddle between them, and the exact line that divides them.

On the ray v/u = ρ^(−1/(D−2)) both circuits grow at one rate, so that it is never left: whatever the decay schedule, the
sign of v^(2−D) − ρu^(2−D) is for ever. Along the ray the pair is a single circuit of efficiency c_m (1 + r²)^(1−D/2),
whose point of rest (module ``rest``) is the saddle. The origin is stable at any decay: a memorizer beyond its spinodal
falls there, not to the rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grokmodels.theory import rest
from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.kernels import Kernel, Root
from grokmodels.theory.symbols import D, c_m, lam, rho

# v/u on the dividing line.
SLOPE = Kernel("separatrixSlope", rho ** (-1 / (D - 2)), (D, rho))

SADDLE_EFFICIENCY = Kernel("saddleEfficiency", c_m * (1 + SLOPE.expression**2) ** (1 - D / 2), (D, c_m, rho))

# The growth rate of a departure from the line at the saddle, the exponent of the clock; a seed beside a circuit at rest
# decays at rate λ.
SADDLE_RATE = Kernel("saddleRate", (D - 2) * lam, (D, lam))


class Point(NamedTuple):
    """A point of rest: amplitudes, margin and energy. All NaN where there is none."""

    u: float
    v: float
    margin: float
    energy: float


def memorizer(circuits: Circuits) -> Point:
    """The memorizing circuit at rest, v = 0. ValueError, as below, unless D > 2, the loss is logistic and λ > 0."""
    return _along(circuits, circuits.memorizing_efficiency, 0.0, rest.MARGIN)


def generalizer(circuits: Circuits) -> Point:
    """The generalizing circuit at rest, u = 0."""
    return _along(circuits, circuits.generalizing_efficiency, np.inf, rest.MARGIN)


def saddle(circuits: Circuits) -> Point:
    """The mixed saddle between memorizer and generalizer."""
    slope = float(SLOPE(circuits.degree, circuits.ratio))
    return _along(circuits, _saddle_efficiency(circuits), slope, rest.MARGIN)


def threshold(circuits: Circuits) -> Point:
    """The saddle between memorizer and origin, v = 0."""
    return _along(circuits, circuits.memorizing_efficiency, 0.0, rest.THRESHOLD)


def spinodals(circuits: Circuits) -> dict[str, float]:
    """The weight decays at which the memorizer, the generalizer and the saddle between them cease to exist."""
    _check(circuits)
    efficiencies = {
        "memorizer": circuits.memorizing_efficiency,
        "generalizer": circuits.generalizing_efficiency,
        "saddle": _saddle_efficiency(circuits),
    }
    return {name: rest.spinodal(circuits.degree, c) for name, c in efficiencies.items()}


def barrier(circuits: Circuits) -> float:
    """ΔE from the memorizer to the saddle on the way to the rule. NaN where either is missing.

    dΔE/dλ is half the difference of their squared norms, so that ΔE grows with λ as long as the saddle is the larger:
    over most of the range, but not close to the saddle's spinodal.
    """
    return saddle(circuits).energy - memorizer(circuits).energy


def collapse_barrier(circuits: Circuits) -> float:
    """ΔE from the memorizer to its threshold on the way to the origin; falls with λ, to 0 at the spinodal."""
    return threshold(circuits).energy - memorizer(circuits).energy


def _along(circuits: Circuits, efficiency: float, slope: float, margin_at: Root) -> Point:
    """The point of rest on the ray v = slope · u, on which the circuits act as one of this efficiency."""
    _check(circuits)
    degree = circuits.degree
    f = float(margin_at(degree, efficiency, circuits.weight_decay))
    angle = np.arctan(slope)
    norm = float(rest.AMPLITUDE(f, degree, efficiency))
    # The cosine of a right angle is zero only up to rounding, and a power of what lies below zero is undefined.
    return Point(norm * max(np.cos(angle), 0.0), norm * np.sin(angle), f, float(rest.ENERGY(f, degree)))


def _saddle_efficiency(circuits: Circuits) -> float:
    return float(SADDLE_EFFICIENCY(circuits.degree, circuits.memorizing_efficiency, circuits.ratio))


def _check(circuits: Circuits) -> None:
    require(circuits.degree > 2, "degree", circuits.degree, "above 2 for true basins")
    require(circuits.loss == "logistic", "loss", circuits.loss, "logistic for this law")
    require_positive(weight_decay=circuits.weight_decay)

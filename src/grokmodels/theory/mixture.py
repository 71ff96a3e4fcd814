"""Many skills that turn one by one: when each does, and how wide the step of their mean accuracy is.

A skill with the fraction f of its pairs in training turns at Λ₀ + c / (f / f_c − 1), as two circuits of degree 2 do
whose ratio ρ is f / f_c (:mod:`grokmodels.theory.plateau`), and never at f_c or below. Its accuracy rises along a
logistic curve in ln Λ. Skills do not know of one another: the accuracy of all is the mean of theirs.

A step is as wide as ln Λ grows from 10 to 90 % of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.kernels import Kernel

Lam_0, c, f_c = sp.symbols("Lambda_0 c f_c", positive=True)
# The fraction of one skill's pairs in training, the mean of these over skills, the power of their law, and a skill's
# rank among them, 0 for the most frequent and 1 for the rarest.
f, F, a, x = sp.symbols("f F a x", positive=True)

WAIT = Kernel("skillWait", Lam_0 + c / (f / f_c - 1), (f, Lam_0, c, f_c))

# Of many skills whose shares go as rank^−a, a < 1: the mean over x from 0 to 1 is F.
FRACTION = Kernel("skillFraction", F * (1 - a) * x**-a, (x, F, a))

LOW, HIGH = sp.Rational(1, 10), sp.Rational(9, 10)


def _wait_of_rank(rank: sp.Expr) -> sp.Expr:
    return WAIT.expression.subs(f, FRACTION.expression.subs(x, rank))


# How wide the step of the mean is where those of the skills are sharp: from the turn of one skill in ten to that of
# nine. Infinite where the ninth does not turn.
_turns = FRACTION.expression.subs(x, HIGH) > f_c
SHARP_WIDTH = Kernel(
    "sharpWidth",
    sp.Piecewise((sp.log(_wait_of_rank(HIGH) / _wait_of_rank(LOW)), _turns), (sp.oo, True)),
    (F, a, Lam_0, c, f_c),
)

# A logistic step of width w has the variance (w / SPREAD)² in ln Λ.
SPREAD = 2 * float(np.log(9)) * np.sqrt(3) / np.pi
# Values of ln Λ, in which a width is found to a thousandth.
_POINTS = 20_001


def mean_accuracy(decay_time: ArrayLike, waits: ArrayLike, width: float) -> Any:
    """The mean accuracy of skills that pass one half at ``waits``, (k,), each in a step of this ``width``.

    Shape as ``decay_time``; an infinite wait is that of a skill that does not turn.
    """
    decay_time, waits = np.asarray(decay_time, float), np.asarray(waits, float)
    require_positive(width=width)
    require(waits > 0, "waits", waits, "greater than 0")
    require(decay_time >= 0, "decay_time", decay_time, "at least 0")
    with np.errstate(divide="ignore"):
        ahead = np.log(decay_time)[..., None] - np.log(waits)
    return (1 / (1 + np.exp(-2 * np.log(9) / width * ahead))).mean(axis=-1)


def mixture_width(waits: ArrayLike, width: float) -> float:
    """How wide the step of the mean of these skills is; infinite where more than one in ten does not turn."""
    waits = np.asarray(waits, float)
    if np.isinf(waits).mean() >= float(1 - HIGH):
        return np.inf
    turning = np.log(waits[np.isfinite(waits)])
    decay_time = np.exp(np.linspace(turning.min() - 4 * width, turning.max() + 4 * width, _POINTS))
    low, high = np.searchsorted(mean_accuracy(decay_time, waits, width), [float(LOW), float(HIGH)])
    return float(np.log(decay_time[high] / decay_time[low]))


def width_by_variance(waits: ArrayLike, width: float) -> float:
    """The same by the law of total variance: own width and spread of the turns add in squares.

    Exact for variances; for the width as exact as the mean of the steps is itself a logistic step.
    """
    return float(np.hypot(width, SPREAD * np.log(np.asarray(waits, float)).std()))

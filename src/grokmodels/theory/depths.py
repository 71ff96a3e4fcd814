"""Circuits of unequal degree: f = c_m u^(D_m) + c_g v^(D_g). What is left of the clock.

Without decay φ(v; D_g)/(D_g c_g) − φ(u; D_m)/(D_m c_m) is constant. With decay no such law holds: undoing it leaves two
different powers of e^Λ. The rule's degree alone decides what ends the plateau: below 2 its seed is pushed by a force,
at 2 it grows by a factor, above 2 it dies out.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import sympy as sp
from numpy.typing import ArrayLike
from pydantic import Field

from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.checks import require_positive
from grokmodels.theory.circuits import Positive, describe
from grokmodels.theory.clock import POTENTIAL
from grokmodels.theory.integrate import FloatArray, follow
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.losses import STEEPNESS_OF, Loss
from grokmodels.theory.symbols import c_g, c_m, u

Degree = Annotated[float, Field(ge=1)]
D_m = sp.Symbol("D_m", positive=True)

# A rule of degree 2 beside a memorizer that rests at u, where s = λ/(D_m c_m u^(D_m−2)): its seed grows at rate
# λ(ρ′ − 1). The clock still ticks in Λ, but at a rate that depends on λ through u.
EFFECTIVE_RATIO = Kernel("effectiveRatio", 2 * c_g / (D_m * c_m) * u ** (2 - D_m), (u, D_m, c_m, c_g))


class UnequalCircuits(Recipe):
    """As :class:`grokmodels.theory.circuits.Circuits`, with a degree for each circuit."""

    memorizing_degree: Degree = 3.0
    generalizing_degree: Degree = 2.0
    memorizing_efficiency: Positive = 1.0
    generalizing_efficiency: Positive = 2.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    loss: Loss = "logistic"


def simulate(
    circuits: UnequalCircuits, u: float, v: float, times: ArrayLike, schedule: Schedule | None = None
) -> pd.DataFrame:
    """Gradient flow from (u, v) at time 0; arguments and columns of :func:`grokmodels.theory.circuits.simulate`."""
    require_positive(u=u, v=v)
    degrees = np.array([circuits.memorizing_degree, circuits.generalizing_degree])
    efficiencies = np.array([circuits.memorizing_efficiency, circuits.generalizing_efficiency])
    steepness = STEEPNESS_OF[circuits.loss]

    def velocity(state: FloatArray, decay: float) -> FloatArray:
        push = steepness((efficiencies * state**degrees).sum())
        return np.asarray(push * degrees * efficiencies * state ** (degrees - 1) - decay * state)

    states, decay_time = follow(velocity, (u, v), times, circuits.weight_decay, schedule)
    memorized, generalized = efficiencies[:, None] * states ** degrees[:, None]
    return describe(times, decay_time, states, (memorized, generalized), circuits.loss)


def first_integral(circuits: UnequalCircuits, u: ArrayLike, v: ArrayLike) -> FloatArray:
    """φ(v; D_g)/(D_g c_g) − φ(u; D_m)/(D_m c_m): constant along the flow without decay."""
    rule = POTENTIAL(v, circuits.generalizing_degree) / circuits.generalizing_degree
    table = POTENTIAL(u, circuits.memorizing_degree) / circuits.memorizing_degree
    return np.asarray(rule / circuits.generalizing_efficiency - table / circuits.memorizing_efficiency)

"""The slot model: one memory slot for each example, and one rule for all.

Example i has margin f_i = a u_i^D + κ v^D; the objective is the mean loss and the decay,
(1/N) Σ ℓ(f_i) + (λ/2)(Σ u_i² + v²). With the sum of the losses instead of the mean, everything below holds with λ/N
for λ and N t for t.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits, Positive
from grokmodels.theory.clock import POTENTIAL
from grokmodels.theory.integrate import follow
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.losses import STEEPNESS_OF, Loss
from grokmodels.theory.symbols import D

FloatArray = NDArray[np.floating[Any]]

# Number of examples, efficiency of a slot, efficiency of the rule.
N, a, kappa = sp.symbols("N a kappa", positive=True)
# Number of parts that a rule is made of.
M = sp.symbols("M", positive=True)

# N equal slots are one circuit of norm u = √N u_i, which buys margin a (u/√N)^D.
MEMORIZING_EFFICIENCY = Kernel("slotsEfficiency", a * N ** (-D / 2), (N, a, D))
RATIO = Kernel("slotsRatio", kappa * N ** (D / 2) / a, (N, a, kappa, D))

# A rule of M parts, each serving N / M of the examples, is a circuit of M slots: what counts is examples a part.
PARTED_RATIO = Kernel("partedRatio", kappa * (N / M) ** (D / 2) / a, (N, M, a, kappa, D))

# The number of examples at which ρ = 1: with fewer memorizing is cheaper, with more the rule.
CRITICAL_SIZE = Kernel("criticalSize", (a / kappa) ** (2 / D), (a, kappa, D))


class Slots(Recipe):
    """N = ``examples`` slots of efficiency a, a rule of efficiency κ, degree D, weight decay λ, mean loss."""

    examples: Annotated[int, Field(ge=1)] = 30
    slot_efficiency: Positive = 10.0
    rule_efficiency: Positive = 1.0
    degree: Annotated[float, Field(ge=1)] = 2.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    loss: Loss = "logistic"

    @property
    def reduced(self) -> Circuits:
        """The two circuits that equal slots amount to: u = √N u_i."""
        return Circuits(
            degree=self.degree,
            memorizing_efficiency=MEMORIZING_EFFICIENCY(self.examples, self.slot_efficiency, self.degree),
            generalizing_efficiency=self.rule_efficiency,
            weight_decay=self.weight_decay,
            loss=self.loss,
        )


class History(NamedTuple):
    """Times (n,), decay times (n,), slots (n, N) and rule (n,) of a simulation."""

    t: FloatArray
    decay_time: FloatArray
    slots: FloatArray
    rule: FloatArray


def simulate(
    model: Slots, slots: ArrayLike, rule: float, times: ArrayLike, schedule: Schedule | None = None
) -> History:
    """Gradient flow of every slot, from amplitudes ``slots`` (N,) and ``rule`` at time 0, at ascending ``times``.

    As :func:`grokmodels.theory.circuits.simulate`, without the reduction. ValueError for a wrong number of slots or
    amplitudes that are not positive.
    """
    slots = np.asarray(slots, dtype=float)
    require(slots.shape == (model.examples,), "slots", slots.shape, f"of shape ({model.examples},)")
    require_positive(slots=slots, rule=rule)
    steepness, power = STEEPNESS_OF[model.loss], model.degree - 1

    def velocity(state: FloatArray, decay: float) -> FloatArray:
        memory, v = state[:-1], state[-1]
        margins = model.slot_efficiency * memory**model.degree + model.rule_efficiency * v**model.degree
        push = model.degree * steepness(margins)
        grown = model.slot_efficiency * push * memory**power / model.examples
        return np.append(grown, model.rule_efficiency * push.mean() * v**power) - decay * state

    states, decay_time = follow(velocity, np.append(slots, rule), times, model.weight_decay, schedule)
    return History(np.asarray(times, dtype=float), decay_time, states[:-1].T, states[-1])


def first_integral(model: Slots, history: History) -> FloatArray:
    """φ(v e^Λ) − (κ/a) Σ φ(u_i e^Λ) at every time, shape (n,): constant, however unequal the slots."""
    undone = np.exp(history.decay_time)
    slots = POTENTIAL(history.slots * undone[:, None], model.degree).sum(axis=1)
    rule = POTENTIAL(history.rule * undone, model.degree)
    return np.asarray(rule - model.rule_efficiency / model.slot_efficiency * slots)

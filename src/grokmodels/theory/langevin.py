"""The circuits with noise: dx = −∇E dt + √(2T) dW, amplitudes reflected at 0."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from grokmodels.theory import basins
from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits, flow, margins

FloatArray = NDArray[np.floating[Any]]


class Gaussians(Protocol):
    """numpy's Generator, or :class:`grokmodels.theory.noise.Noise`, which JavaScript shares."""

    def standard_normal(self, shape: tuple[int, ...], /) -> Any:
        """Independent standard Gaussians."""


class Escapes(NamedTuple):
    """Waiting times of the walkers that reached the rule; how many fell to the origin, and how many stayed."""

    times: FloatArray
    collapsed: int
    censored: int


def step(circuits: Circuits, state: FloatArray, temperature: float, dt: float, gaussians: FloatArray) -> FloatArray:
    """The states (2, …) one time step ``dt`` later, given standard Gaussians of the same shape.

    Euler–Maruyama with the drift averaged over the step (Heun): distributions are of order two in dt.
    """
    kick = np.sqrt(2 * temperature * dt) * gaussians
    drift = np.array(flow(circuits, state[0], state[1]))
    ahead = np.abs(state + dt * drift + kick)
    drift_ahead = np.array(flow(circuits, ahead[0], ahead[1]))
    return np.abs(state + dt / 2 * (drift + drift_ahead) + kick)


def path(
    circuits: Circuits, u: float, v: float, temperature: float, dt: float, steps: int, gaussians: Gaussians
) -> FloatArray:
    """One walk from (u, v): its states at the times 0, dt, …, steps · dt, shape (steps + 1, 2)."""
    _check(temperature, dt, steps)
    states = np.empty((steps + 1, 2))
    states[0] = u, v
    for i, kick in enumerate(gaussians.standard_normal((steps, 2))):
        states[i + 1] = step(circuits, states[i], temperature, dt, kick)
    return states


def escapes(
    circuits: Circuits, temperature: float, dt: float, steps: int, walkers: int, gaussians: Gaussians
) -> Escapes:
    """Let walkers start at the memorizer and wait, ``steps`` at most, until the rule has nine tenths of the margin.

    A walker whose margin falls below a tenth of the threshold's has collapsed. ValueError for parameters that are not
    positive, or circuits without a memorizer at rest in a basin of its own.
    """
    _check(temperature, dt, steps)
    require(walkers > 0, "walkers", walkers, "greater than 0")
    well, edge = basins.memorizer(circuits), basins.threshold(circuits)
    require(well.u > 0, "weight_decay", circuits.weight_decay, "below the memorizer's spinodal")
    state = np.tile([[well.u], [well.v]], walkers)
    times: list[FloatArray] = []
    collapsed = 0
    for i in range(1, steps + 1):
        state = step(circuits, state, temperature, dt, gaussians.standard_normal(state.shape))
        memorized, generalized = margins(circuits, *state)
        fell = memorized + generalized < edge.margin / 10
        escaped = (generalized > 9 * memorized) & ~fell
        if escaped.any() or fell.any():
            times.append(np.full(escaped.sum(), i * dt))
            collapsed += int(fell.sum())
            state = state[:, ~(escaped | fell)]
        if not state.size:
            break
    return Escapes(np.concatenate([np.empty(0), *times]), collapsed, state.shape[1])


def _check(temperature: float, dt: float, steps: int) -> None:
    require(temperature >= 0, "temperature", temperature, "at least 0")
    require_positive(dt=dt)
    require(steps > 0, "steps", steps, "greater than 0")

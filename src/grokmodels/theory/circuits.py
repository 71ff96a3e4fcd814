"""Two circuits, one dial: the model itself, its energy and its gradient flow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pydantic import Field

from grokmodels.recipe import Recipe
from grokmodels.schedules import Schedule
from grokmodels.theory.losses import STEEPNESS, VALUE, Loss

Positive = Annotated[float, Field(gt=0)]


class Circuits(Recipe):
    """A memorizing circuit of amplitude u and a generalizing one of amplitude v, trained with weight decay λ.

    Margin on a training example f = c_m u^D + c_g v^D; objective E = ℓ(f) + (λ/2)(u² + v²). ``degree`` is D,
    ``memorizing_efficiency`` c_m, ``generalizing_efficiency`` c_g (margin bought per unit of norm), ``weight_decay`` λ.
    """

    degree: Annotated[float, Field(ge=1)] = 2.0
    memorizing_efficiency: Positive = 1.0
    generalizing_efficiency: Positive = 2.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    loss: Loss = "logistic"

    @property
    def ratio(self) -> float:
        """ρ = c_g / c_m."""
        return self.generalizing_efficiency / self.memorizing_efficiency


def flow(circuits: Circuits, u: ArrayLike, v: ArrayLike, weight_decay: float | None = None) -> tuple[Any, Any]:
    """Velocities (u̇, v̇) of gradient flow, u̇ = D c_m s u^(D−1) − λu and the same for v, in the shape of u and v.

    ``weight_decay`` stands in for the recipe's where a schedule has changed it.
    """
    u, v = np.asarray(u, dtype=float), np.asarray(v, dtype=float)
    decay = circuits.weight_decay if weight_decay is None else weight_decay
    push = circuits.degree * STEEPNESS[circuits.loss](margin(circuits, u, v))
    power = circuits.degree - 1
    return (
        push * circuits.memorizing_efficiency * u**power - decay * u,
        push * circuits.generalizing_efficiency * v**power - decay * v,
    )


def margin(circuits: Circuits, u: ArrayLike, v: ArrayLike) -> Any:
    """Margin on a training example, f = c_m u^D + c_g v^D."""
    u, v = np.asarray(u, dtype=float), np.asarray(v, dtype=float)
    return circuits.memorizing_efficiency * u**circuits.degree + circuits.generalizing_efficiency * v**circuits.degree


def simulate(
    circuits: Circuits,
    u: float,
    v: float,
    times: ArrayLike,
    schedule: Schedule | None = None,
) -> pd.DataFrame:
    """Gradient flow from (u, v) at time 0, seen at ascending ``times`` ≥ 0; one row a time.

    Columns: ``t``; ``decay_time`` Λ = ∫ λ dt; ``u``; ``v``; ``margin`` f; ``share`` m = c_g v^D / f, the generalizing
    share of the margin; ``loss`` ℓ(f); ``norm`` √(u² + v²). ``schedule`` multiplies the weight decay; its steps are
    units of time. Relative accuracy about 1e-9. Raises ValueError for amplitudes that are not positive or bad times.
    """
    from scipy.integrate import solve_ivp

    times = np.asarray(times, dtype=float)
    if not (u > 0 and v > 0):
        raise ValueError(f"u, v: got {u}, {v}; must be greater than 0")
    if times.ndim != 1 or not len(times) or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError("times: must ascend from 0 or later")

    state = np.array([u, v, 0.0])
    seen = [state[:, None]] if times[0] == 0 else []
    for start, stop, first, last in _pieces(schedule or Schedule.constant(), times[-1]):

        def velocity(t: float, state: Any) -> Any:
            part = (t - start) / (stop - start)  # noqa: B023 - called within this turn only
            decay = circuits.weight_decay * (first + (last - first) * part)  # noqa: B023
            return np.array([*flow(circuits, state[0], state[1], decay), decay])

        inside = times[(times > start) & (times <= stop)]
        solution = solve_ivp(
            velocity,
            (start, stop),
            state,
            method="DOP853",
            t_eval=np.union1d(inside, [stop]),
            rtol=1e-11,
            # The amplitudes may fall by hundreds of orders of magnitude: only relative errors count.
            atol=[1e-300, 1e-300, 1e-12],
        )
        state = solution.y[:, -1]
        seen.append(solution.y[:, : len(inside)])
    return _table(circuits, times, *np.concatenate(seen, axis=1))


def _table(circuits: Circuits, times: Any, u: Any, v: Any, decay_time: Any) -> pd.DataFrame:
    f = margin(circuits, u, v)
    return pd.DataFrame(
        {
            "t": times,
            "decay_time": decay_time,
            "u": u,
            "v": v,
            "margin": f,
            "share": circuits.generalizing_efficiency * v**circuits.degree / f,
            "loss": VALUE[circuits.loss](f),
            "norm": np.hypot(u, v),
        }
    )


def _pieces(schedule: Schedule, until: float) -> Iterator[tuple[float, float, float, float]]:
    """The straight pieces (start, stop, first factor, last factor) of a schedule on [0, until].

    Integrating them one by one keeps an integrator from stepping over a jump or a short pulse.
    """
    length = schedule.period or max(until, schedule.knots[-1][0] + 1)
    one = [*schedule.knots, (length, schedule.knots[-1][1])]
    corners = [(turn * length + t, factor) for turn in range(math.ceil(until / length)) for t, factor in one]
    for (start, first), (stop, last) in pairwise(corners):
        if start < min(stop, until):
            end = min(stop, until)
            yield start, end, first, first + (last - first) * (end - start) / (stop - start)

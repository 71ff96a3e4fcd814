"""Flows in time: scipy's integrator along a decay schedule, and a plain Runge–Kutta scheme."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.checks import require

FloatArray = NDArray[np.floating[Any]]


def follow(
    velocity: Callable[[FloatArray, float], ArrayLike],
    start: ArrayLike,
    times: ArrayLike,
    weight_decay: float,
    schedule: Schedule | None = None,
) -> tuple[FloatArray, FloatArray]:
    """The solution of ẋ = velocity(x, λ(t)) from ``start`` (k,) at time 0, at ``times`` (n,): states (k, n) and Λ (n,).

    λ(t) is ``weight_decay`` times the schedule, whose steps are units of time; Λ = ∫ λ dt. Relative accuracy about
    1e-9. ValueError for times that do not ascend from 0 or later.
    """
    from scipy.integrate import solve_ivp

    times = np.asarray(times, dtype=float)
    ascending = times.ndim == 1 and len(times) and times[0] >= 0 and (np.diff(times) > 0).all()
    require(ascending, "times", times, "one-dimensional and ascending from 0 or later")
    state = np.append(np.asarray(start, dtype=float), 0.0)
    # Amplitudes may fall by hundreds of orders of magnitude: only their relative errors count.
    tolerance = np.append(np.full(len(state) - 1, 1e-300), 1e-12)
    seen = [state[:, None]] if times[0] == 0 else []
    for begin, end, first, last in pieces(schedule or Schedule.constant(), times[-1]):

        def extended(t: float, state: Any) -> Any:
            part = (t - begin) / (end - begin)  # noqa: B023 - only called before the next turn
            decay = weight_decay * (first + (last - first) * part)  # noqa: B023
            return np.append(velocity(state[:-1], decay), decay)

        inside = times[(times > begin) & (times <= end)]
        solution = solve_ivp(
            extended,
            (begin, end),
            state,
            method="DOP853",
            t_eval=np.union1d(inside, [end]),
            rtol=1e-11,
            atol=tolerance,
        )
        state = solution.y[:, -1]
        seen.append(solution.y[:, : len(inside)])
    states = np.concatenate(seen, axis=1)
    return states[:-1], states[-1]


def pieces(schedule: Schedule, until: float) -> Iterator[tuple[float, float, float, float]]:
    """The straight pieces (begin, end, first factor, last factor) of a schedule on [0, until].

    Integrating them one by one keeps an integrator from stepping over a jump or a short pulse.
    """
    length = schedule.period or max(until, schedule.knots[-1][0] + 1)
    one = [*schedule.knots, (length, schedule.knots[-1][1])]
    corners = [(turn * length + t, factor) for turn in range(math.ceil(until / length)) for t, factor in one]
    for (begin, first), (stop, last) in pairwise(corners):
        end = min(stop, until)
        if begin < end:
            yield begin, end, first, first + (last - first) * (end - begin) / (stop - begin)


def runge_kutta(
    velocity: Callable[[FloatArray], FloatArray], start: ArrayLike, times: ArrayLike, substeps: int
) -> FloatArray:
    """The classical fourth-order scheme from ``start`` (k,) at times[0], ``substeps`` steps between two times: (n, k).

    Charts take the same steps; :func:`follow` chooses its own.
    """
    state = np.asarray(start, dtype=float)
    seen = [state]
    for begin, end in pairwise(np.asarray(times, dtype=float)):
        h = (end - begin) / substeps
        for _ in range(substeps):
            k1 = velocity(state)
            k2 = velocity(state + h / 2 * k1)
            k3 = velocity(state + h / 2 * k2)
            k4 = velocity(state + h * k3)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        seen.append(state)
    return np.array(seen)

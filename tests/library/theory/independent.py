"""What the theory is held against: an integration that shares no code with it."""

import math
from collections.abc import Callable

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

deterministic = settings(derandomize=True, max_examples=20)

STEEPNESS: dict[str, Callable[[float], float]] = {
    "logistic": lambda f: 1 / (1 + math.exp(f)) if f < 700 else 0.0,
    "exponential": lambda f: math.exp(-f),
    "squared": lambda f: 1 - f,
}

# Decay as a function of time, in units of the recipe's: level, a ramp, a burst that fades, waves.
DECAYS: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "ramp": lambda t: t / 10,
    "burst": lambda t: 3 * math.exp(-t / 5),
    "waves": lambda t: 1 + math.sin(t),
}


def trajectory(
    degree: float,
    c_m: float,
    c_g: float,
    decay: float,
    loss: str,
    start: tuple[float, float],
    times: np.ndarray,
    shape: str = "constant",
) -> np.ndarray:
    """Rows u, v, Λ at the times, from u̇ = D c s u^(D−1) − λu written in logarithms."""

    def velocity(t: float, state: np.ndarray) -> list[float]:
        u, v = math.exp(state[0]), math.exp(state[1])
        push = degree * STEEPNESS[loss](c_m * u**degree + c_g * v**degree)
        now = decay * DECAYS[shape](t)
        return [push * c_m * u ** (degree - 2) - now, push * c_g * v ** (degree - 2) - now, now]

    begin = [math.log(start[0]), math.log(start[1]), 0.0]
    span = (0.0, times[-1])
    solution = solve_ivp(velocity, span, begin, "LSODA", times, rtol=1e-12, atol=1e-12)
    assert solution.success
    log_u, log_v, decay_time = solution.y
    return np.array([np.exp(log_u), np.exp(log_v), decay_time])


degrees = st.one_of(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]), st.floats(1.05, 5))
efficiencies = st.floats(0.3, 3)
decays = st.floats(0.01, 0.3)
losses = st.sampled_from(list(STEEPNESS))
shapes = st.sampled_from(list(DECAYS))
# Small enough for a margin below 1, where all three losses still fall.
amplitudes = st.floats(0.05, 0.35)

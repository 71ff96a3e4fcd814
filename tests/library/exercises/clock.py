"""Right and wrong answers to the exercises of the chapter "The weight-decay clock"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def clock(u, v, decay_time, rho, degree):
    if degree == 2:
        return np.log(v) - rho * np.log(u) - (rho - 1) * decay_time
    return (v ** (2 - degree) - rho * u ** (2 - degree)) * np.exp((2 - degree) * decay_time)


def late_decay(level, start=0.0):
    return lambda time: level if start <= time < start + 10 / level else 0.0


EXERCISES = [
    Exercise(
        exercises.check_clock_controls,
        {"growth": 15.7 / 7.25, "slope": ("degree", "ratio")},
        {
            "Λ of the turn at ρ = 1.5 over that at 2": {"growth": 2.0, "slope": ("degree", "ratio")},
            "that set the slope: expected degree, ratio": {"growth": 2.17, "slope": ["ratio", "weight_decay"]},
            "expected some of": {"growth": 2.17, "slope": ["ρ"]},
        },
    ),
    Exercise(
        exercises.check_early_turn,
        late_decay(0.95),
        {
            "the earliest possible, got 12": late_decay(0.5),
            "got 29": late_decay(1.0, start=290),
            "expected at most 10, got 20": lambda time: 2.0 if time < 10 else 0.0,
            "expected 0 or more": lambda time: 1.0 if time < 10 else -0.01,
        },
    ),
    Exercise(
        exercises.check_ruled_out,
        {"by_wait": {"trapping"}, "by_climb": ("trapping", "forgetting")},
        {
            "by_wait, ruled out": {"by_wait": ["growth"], "by_climb": ["forgetting", "trapping"]},
            "by_climb, ruled out": {"by_wait": ["trapping"], "by_climb": ["trapping"]},
            "expected some of": {"by_wait": ["D > 2"], "by_climb": []},
        },
    ),
    Exercise(
        exercises.check_clock,
        clock,
        {
            "two runs that differ": lambda u, v, decay_time, rho, degree: 1.0,
            "degree 2": lambda u, v, decay_time, rho, degree: np.log(v) - rho * np.log(u),
        },
    ),
]

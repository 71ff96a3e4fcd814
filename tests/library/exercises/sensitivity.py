"""Right and wrong answers to the exercises of the chapter "Sensitivity"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def shares(c):
    first, both = 1 / 3, c**2 / 9
    whole = first + both
    return [first / whole, 0, 0], [first / whole, both / whole, both / whole]


def clock_shares(rate, decay, rest):
    parts = [(decades * math.log(10)) ** 2 / 12 for decades in (rate, decay)]
    return [part / (sum(parts) + rest) for part in parts]


EXERCISES = [
    Exercise(
        exercises.check_shares,
        shares,
        {
            "c = 1, x2 alone": lambda c: (shares(c)[1], shares(c)[1]),
            "c = 1, x2 with others": lambda c: (shares(c)[0], shares(c)[0]),
            "c = 3, x1 alone": lambda c: shares(1),
        },
    ),
    Exercise(
        exercises.check_in_a_cell,
        lambda points, values, settings: points / values**settings,
        {"256 points, 2 settings": lambda points, values, settings: points / (values * settings)},
    ),
    Exercise(
        exercises.check_clock_shares,
        clock_shares,
        {
            "share of the rate": lambda rate, decay, rest: [rate / (rate + decay), decay / (rate + decay)],
            "rest 0.5": lambda rate, decay, rest: clock_shares(rate, decay, 0.0),
        },
    ),
    Exercise(
        exercises.check_brier,
        lambda chances, came: np.mean(np.subtract(chances, came, dtype=float) ** 2),
        {
            "chances": lambda chances, came: np.mean(np.abs(np.subtract(chances, came, dtype=float))),
            "came": lambda chances, came: np.sum(np.subtract(chances, came, dtype=float) ** 2),
        },
    ),
]

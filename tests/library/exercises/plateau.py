"""Right and wrong answers to the exercises of the chapter "Two layers: the plateau in closed form"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def grokking_delay(rho, share, growth):
    odds = math.log(0.5) - rho * math.log(0.5) - math.log(share) + rho * math.log(1 - share)
    return odds / (2 * (rho - 1)) - math.log(growth) / 2


def added_delay(factor, ratio, decay):
    # Growth at the rate 2 λ (ρ − 1), step by step of a factor e.
    return sum(np.full(1000, math.log(factor) / 1000)) / (2 * decay * (ratio - 1))


EXERCISES = [
    Exercise(
        exercises.check_added_delay,
        added_delay,
        {
            "ρ = 2.0": lambda factor, ratio, decay: math.log(factor) / (decay * (ratio - 1)),
            "ρ = 1.1": lambda factor, ratio, decay: math.log(factor) / (2 * decay),
        },
    ),
    Exercise(
        exercises.check_leading_times,
        {"ratios": (1.6, 1.3, 1.2), "times": (48, 129, 205)},
        {
            # A wait that is quite proportional to 1/(ρ − 1), and one that the picture does not show.
            "time at ρ = 1.2": {"ratios": (1.6, 1.3, 1.2), "times": (48, 120, 145)},
            "expected 1.2 to 1.6, got 1.05": {"ratios": (1.6, 1.3, 1.05), "times": (48, 129, 250)},
            "three or more": {"ratios": (1.6, 1.3), "times": (48, 129)},
            "one for each of 3": {"ratios": (1.6, 1.3, 1.2), "times": (48, 129)},
        },
    ),
    Exercise(
        exercises.check_squared_rest,
        lambda efficiency, decay: np.clip((2 * efficiency - decay) / (2 * efficiency), 0, None),
        {
            "efficiency 1, decay 3": lambda efficiency, decay: 1 - decay / 2 / efficiency,
            "efficiency 1, decay 1.5": lambda efficiency, decay: max(1 - decay / efficiency / 2, 0) * (decay < 1.2),
        },
    ),
    Exercise(
        exercises.check_grokking_delay, grokking_delay, {"from a share of 0.0001": lambda rho, share, growth: 1.0}
    ),
]

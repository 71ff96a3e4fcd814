"""Right and wrong answers to the exercises of the chapter "Two ways to fit the data"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def slots(examples, slot_efficiency, rule_efficiency, degree):
    ratio = rule_efficiency / slot_efficiency
    return ratio * examples ** (degree / 2), ratio ** (-2 / degree)


EXERCISES = [
    Exercise(
        exercises.check_prices,
        lambda n, margin, a, kappa: (sum(margin / a for _ in range(n)), np.sqrt(margin / kappa) ** 2),
        {
            "norm of the slots": lambda n, margin, a, kappa: (margin / a, margin / kappa),
            "norm of the rule, 4 examples": lambda n, margin, a, kappa: (n * margin / a, n * margin / kappa),
        },
    ),
    Exercise(exercises.check_stopped_ball, 16, {"14 examples": 14, "17 examples": 17, "1.5 examples": 1.5}),
    Exercise(
        exercises.check_exceptions,
        lambda ratio, exceptions: ratio * (1 - exceptions) - ratio * exceptions - 1,
        {
            "ε = 0.1": lambda ratio, exceptions: ratio * (1 - exceptions) - 1,
            "ρ = 0.8": lambda ratio, exceptions: (ratio * (1 - 2 * exceptions) - 1) * (ratio > 1),
        },
    ),
    Exercise(
        exercises.check_two_turns,
        {"first": (2.0, 1e-3), "second": (3.0, 1e-10)},
        {
            "got memorizer, first rule$": {"first": (3.0, 1e-3), "second": (2.0, 1e-3)},
            "got memorizer, second rule$": {"first": (1.5, 1e-3), "second": (3.0, 1e-3)},
            "got memorizer$": {"first": (0.8, 1e-3), "second": (0.9, 1e-3)},
        },
    ),
    Exercise(exercises.check_slots, slots, {"D = 3": lambda n, a, kappa, degree: (kappa * n / a, a / kappa)}),
]

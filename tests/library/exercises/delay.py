"""Right and wrong answers to the exercises of the chapter "Weight decay sets the clock"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def turning_step(factor, product, clock):
    total = 0.0
    for step in range(20_000):
        total += product * factor(step)
        if total >= clock:
            return step + 1
    return None


def design(rate, decay):
    return np.column_stack([np.ones(len(rate)), np.log(rate), np.log(decay)])


def separate_exponents(rate, decay, delay, looking=True):
    if looking and np.linalg.matrix_rank(design(rate, decay)) < 3:
        return None
    return list(np.linalg.lstsq(design(rate, decay), np.log(delay), rcond=None)[0][1:])


def exponents_of_the_product(rate, decay, delay):
    if np.linalg.matrix_rank(design(rate, decay)) < 3:
        return None
    return [np.polyfit(np.log(rate * decay), np.log(delay), 1)[0]] * 2


EXERCISES = [
    Exercise(
        exercises.check_turning_step,
        turning_step,
        {
            "constant": lambda factor, product, clock: round(clock / product),
            "late by 1,500 steps": lambda factor, product, clock: turning_step(lambda step: 1.0, product, clock),
            "so weak": lambda factor, product, clock: turning_step(factor, product, clock) or 20_000,
        },
    ),
    Exercise(
        exercises.check_separate_exponents,
        separate_exponents,
        {
            # What a fit returns where nothing tells the exponents apart.
            "one pair of one product": lambda *runs: separate_exponents(*runs, looking=False),
            "a grid": lambda *runs: None,
            "exponents 0.0 and -2.0, that of the rate": exponents_of_the_product,
            "a grid, exponents 0.0": lambda *runs: (separate_exponents(*runs) or [])[::-1] or None,
        },
    ),
    Exercise(
        exercises.check_schedule_readings,
        (1850, 0.76),
        # The step at which the pause ends, and a decay from Λ without the triangle's half.
        {"steps of the pause": (2850, 0.76), "decay at the turn": (1850, 0.54)},
    ),
    Exercise(
        exercises.check_wrong_exponents,
        [-0.898, -0.851, -0.77, -1],
        {"exponent, all runs": [-1, -1, -1, -1], "the budget in their place": [-0.9, -0.85, -0.85, -1]},
    ),
    Exercise(
        exercises.check_accounts,
        (0.23, 0.13),
        {"error of contraction": (0.13, 0.23), "error of the same Λ": (0.23, 0.0)},
    ),
]

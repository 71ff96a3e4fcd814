"""Right and wrong answers to the exercises of the chapter "How much data"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def half(fractions, done, runs):
    share = np.asarray(done) / np.asarray(runs)
    above = np.flatnonzero(share >= 0.5)
    if len(above) == 0 or above[0] == 0:
        return None
    i = above[0]
    return fractions[i - 1] + (0.5 - share[i - 1]) / (share[i] - share[i - 1]) * (fractions[i] - fractions[i - 1])


def pairs_seen(p, train):
    a, b = np.divmod(np.asarray(train), p)
    different = a != b
    low, high = np.minimum(a, b)[different], np.maximum(a, b)[different]
    return len(np.unique(low * p + high)) / (p * (p - 1) / 2)


def with_the_diagonal(p, train):
    return len({frozenset(divmod(int(i), p)) for i in train}) / (p * (p - 1) / 2)


def scaled_wait(wait, size, factor):
    return wait * (size - 1) / (size * factor - 1) if size * factor > 1 else np.inf


def two_laws(budgets, fractions, later):
    edge, slope = np.linalg.solve([[1, 1 / budget] for budget in budgets], fractions)
    power = np.diff(np.log(fractions))[0] / np.diff(np.log(budgets))[0]
    return edge + slope / later, fractions[0] * (budgets[0] / later) ** -power


EXERCISES = [
    Exercise(
        exercises.check_half,
        half,
        {
            "expected 0.4": lambda fractions, done, runs: fractions[np.argmax(np.divide(done, runs) >= 0.5)],
            "expected None": lambda fractions, done, runs: half(fractions, done, runs) or 0.0,
        },
    ),
    Exercise(
        exercises.check_pairs_seen,
        pairs_seen,
        {
            "p = 7, 40%": lambda p, train: len(train) / p**2,
            "p = 7, 40% of the pairs: ": with_the_diagonal,
            "p = 7": lambda p, train: 1 - (1 - len(train) / p**2) ** 2,
        },
    ),
    Exercise(
        exercises.check_scaled_wait,
        scaled_wait,
        {
            "2 times the examples": lambda wait, size, factor: wait / factor,
            "0.8 times the examples: expected inf": lambda wait, size, factor: wait * (size - 1) / (size * factor - 1),
        },
    ),
    Exercise(
        exercises.check_border_cell,
        (0.5, 4.0),
        {
            "got 3 of 3": (0.8, 1.2),
            "got 0 of 3": (0.3, 1.2),
            "expected a cell of the map": (0.6, 1.2),
        },
    ),
    Exercise(
        exercises.check_two_laws,
        two_laws,
        {
            "edge": lambda *case: two_laws(*case)[::-1],
            "power": lambda *case: (two_laws(*case)[0], two_laws(*case)[0]),
        },
    ),
]

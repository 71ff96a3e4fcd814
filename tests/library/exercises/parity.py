"""Right and wrong answers to the exercises of the chapter "Parity of ten bits"."""

import numpy as np

from grokmodels import Parity, exercises
from tests.library.exercises.exercise import Exercise


def walsh_coefficient(table, bits, base=-1.0):
    strings = Parity(bits=len(table).bit_length() - 1).inputs
    return np.mean(table * base ** strings[:, bits].sum(axis=1))


def from_the_other_end(table, bits):
    return walsh_coefficient(table, [len(table).bit_length() - 2 - bit for bit in bits])


def sparse_vote(relevant, blur, counted=None):
    shown, hidden = (Parity(bits=10).split(0.3, seed=0)[k] for k in (0, 1))
    strings = Parity(bits=10).inputs.astype(float)
    # The distance of strings of ±1 from their product.
    distance = (10 - (1 - 2 * strings[hidden]) @ (1 - 2 * strings[shown]).T) / 2
    signs = np.prod(1 - 2 * strings[:, : counted or relevant], axis=1)
    return np.mean((np.power(blur, distance) @ signs[shown]) * signs[hidden] > 0)


EXERCISES = [
    Exercise(
        exercises.check_two_stops,
        {"memorized": (10, 10), "generalized": (1, 9)},
        {
            "generalized at decay 0: expected 1, got 9": {"memorized": [10, 10], "generalized": [9, 1]},
            "a number for each of 2 stops": {"memorized": [10], "generalized": [1, 9]},
        },
    ),
    Exercise(
        exercises.check_sparse_vote,
        sparse_vote,
        {
            "3 of ten bits count, blur 0.02": lambda relevant, blur: sparse_vote(relevant, blur, counted=10),
            "1 of ten bits count": lambda relevant, blur: sparse_vote(max(relevant, 2), blur),
        },
    ),
    Exercise(exercises.check_walsh_coefficient, walsh_coefficient, {"over 3 bits": from_the_other_end}),
]

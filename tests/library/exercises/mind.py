"""Right and wrong answers to the exercises of the chapter "A network that changes its mind"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def lasting_step(steps, accuracy):
    good = accuracy >= 0.99
    for i in range(len(good) - 4):
        if good[i] and good[i : i + 5].sum() >= 3:
            return int(steps[i])
    return None


EXERCISES = [
    Exercise(exercises.check_guessing_loss, math.log(97), {"expected 4.57": 1 / 97}),
    Exercise(
        exercises.check_lasting_step,
        lasting_step,
        {
            "a clean rise": lambda steps, accuracy: None,
            "spike": lambda steps, accuracy: int(steps[np.argmax(accuracy >= 0.99)]),
        },
    ),
    Exercise(
        exercises.check_first_signs,
        {"rule_share": 640, "accuracy": 1120},
        {
            "rule share above 0.05": {"rule_share": 1100, "accuracy": 1100},
            "test accuracy above 0.05": {"rule_share": 650, "accuracy": 1350},
        },
    ),
]

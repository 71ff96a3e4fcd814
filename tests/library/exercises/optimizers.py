"""Right and wrong answers to the exercises of the chapter "Optimizers and arithmetic"."""

import math

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def last_margin(classes, bits):
    return math.log(classes - 1) + (bits + 1) * math.log(2)


def idle_weight(share, rule, rate, decay, epsilon):
    if rule == "adamw":
        return -math.log(share) / (rate * decay)
    return (1 - share - epsilon / decay * math.log(share)) / rate


def ingredient(alone, together, usual, changed=1.5):
    if alone >= 0.5:
        return "in its place"
    if math.isinf(together):
        return "stops it"
    ratio = together / usual
    return "sooner" if ratio <= 1 / changed else "later" if ratio >= changed else "no matter"


EXERCISES = [
    Exercise(
        exercises.check_last_margin,
        last_margin,
        {
            # The whole spacing, and one class too many.
            "31 classes, 23 bits": lambda classes, bits: last_margin(classes, bits - 1),
            "31 classes": lambda classes, bits: last_margin(classes + 1, bits),
        },
    ),
    Exercise(
        exercises.check_idle_weight,
        idle_weight,
        {
            "adamw, to 0.5": lambda share, rule, *own: idle_weight(share, "adam", *own),
            "adam, to 0.5, rate 0.005, decay 1": lambda share, rule, *own: idle_weight(share, "adamw", *own),
            "rate 0.001, decay 0.01": lambda share, rule, rate, decay, epsilon: idle_weight(
                share, rule, rate, decay, 0.0
            ),
        },
    ),
    Exercise(
        exercises.check_ingredient,
        ingredient,
        {
            "alone 1, together 800": lambda alone, *waits: ingredient(0.0, *waits),
            "alone 0.4, together 600": lambda alone, together, usual: ingredient(alone, together, usual, changed=2),
            "together 1600": lambda *case: ingredient(*case).replace("later", "no matter"),
        },
    ),
]

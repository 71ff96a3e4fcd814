"""Right and wrong answers to the exercises of the chapter "The verdicts"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def transition_verdict(exchange, divergence, sharpening):
    if exchange is None:
        return "open"
    if not exchange or divergence is False:
        return "fails"
    return "holds" if divergence and sharpening else "holds with limits"


def median_verdict(waits, censored, bound):
    if np.median(waits) > bound:
        return "true"
    return "open" if np.median(np.where(censored, np.inf, waits)) > bound else "false"


EXERCISES = [
    Exercise(
        exercises.check_transition_verdict,
        transition_verdict,
        {
            # A change of state alone, and what is not decided taken for a no.
            "sharpening True: expected holds, got holds with limits": lambda exchange, *_: (
                "holds with limits" if exchange else "fails"
            ),
            "exchange None": lambda *marks: (
                "open" if all(marks) is None else transition_verdict(bool(marks[0]), *marks[1:])
            ),
        },
    ),
    Exercise(
        exercises.check_median_verdict,
        median_verdict,
        {
            "three are censored, and the bound is high": lambda waits, _, bound: (
                "true" if np.median(waits) > bound else "false"
            ),
            "two are censored beyond the median": lambda waits, censored, bound: (
                median_verdict(waits, censored, bound) if not censored.any() else "open"
            ),
        },
    ),
    Exercise(
        exercises.check_false_words, lambda rate, tests: 1 - (1 - rate) ** tests, {"22 tests": lambda rate, tests: rate}
    ),
]

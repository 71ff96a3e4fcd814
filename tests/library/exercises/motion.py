"""Right and wrong answers to the exercises of the chapter "What keeps the weights moving"."""

import math

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def gain(mean, spread, epsilon):
    rms = math.hypot(mean, spread)
    return 1 - mean / rms * mean / (rms + epsilon)


def critical_batch(ratio, examples):
    return max(math.ceil(examples * (1 - 1 / ratio)) - 1, 0)


def resting_weight(mean, spread, epsilon, decay):
    return -math.copysign(1, mean) / (math.sqrt(1 + (spread / mean) ** 2) + epsilon / abs(mean)) / decay


EXERCISES = [
    Exercise(exercises.check_gain, gain, {"mean 1, spread 1": lambda mean, spread, epsilon: 1.0}),
    Exercise(
        exercises.check_critical_batch,
        critical_batch,
        {"ratio 0.9": lambda ratio, examples: int(examples * (1 - 1 / ratio))},
    ),
    Exercise(
        exercises.check_resting_weight,
        resting_weight,
        {
            "mean 0.02": lambda *case: -resting_weight(*case),
            "mean 0.02, spread 0.01, epsilon 0.02": lambda mean, spread, _, decay: resting_weight(
                mean, spread, 0.0, decay
            ),
            "mean -0.01": lambda *case: -abs(resting_weight(*case)),
        },
    ),
    Exercise(
        exercises.check_same_race,
        ((0.5, 2.5), (0.375, 2.0)),
        {
            "Λ at one half": ((0.25, 2.0), (0.5, 2.5)),
            "expected a rule that grows": ((0.5, 2.0), (0.25, 1.3)),
            "expected other values": ((0.25, 2.0), (0.25, 2.0)),
            "expected a batch share": ((0.0, 2.0), (0.5, 4.0)),
        },
    ),
]

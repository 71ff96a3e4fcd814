"""Right and wrong answers to the exercises of the chapter "Anatomy of an experiment"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def rule_share(logits):
    p = len(logits)
    centered = logits - logits.mean(axis=2, keepdims=True)
    moved = [np.roll(centered, (s, t, s + t), axis=(0, 1, 2)) for s in range(p) for t in range(p)]
    return np.sum(np.mean(moved, axis=0) ** 2) / np.sum(centered**2)


def idle_steps(rate, decay, level):
    weight, steps = 1.0, 0
    while weight >= level:
        weight, steps = weight - rate * decay * weight, steps + 1
    return steps


def readings(*steps, decays=(0.2, 0.5, 1.0)):
    return {"decays": list(decays), "steps": list(steps)}


EXERCISES = [
    Exercise(
        exercises.check_rule_share,
        rule_share,
        {"noise plus 0.0": lambda logits: 1.0, "got None": lambda logits: None},
    ),
    Exercise(
        exercises.check_idle_steps,
        idle_steps,
        {
            "decay 0.5, below 0.1: expected 1534": lambda rate, decay, level: math.ceil(
                -math.log(level) / rate / decay
            ),
            "got 1533": lambda rate, decay, level: idle_steps(rate, decay, level) - 1,
        },
    ),
    Exercise(
        exercises.check_waits_by_decay,
        readings(4000, 2000, 1200),
        {
            "median t_gen at decay 0.2, within 15 %": readings(2000, 2000, 1200),
            "three or more": readings(4000, 2000, decays=(0.2, 0.5)),
            "one for each of 3": readings(4000, 2000),
            "whose median is known, got 0": readings(10_000, 2000, 1200, decays=(0, 0.5, 1.0)),
        },
    ),
    Exercise(
        exercises.check_censored_means,
        {"dropped": 3985, "replaced": 5708, "counted": 8650},
        {
            "censored runs dropped": {"dropped": 5708, "replaced": 5708, "counted": 8650},
            "the budget in their place": {"dropped": 3985, "replaced": 8000, "counted": 8650},
            "total time over events": {"dropped": 3985, "replaced": 5708, "counted": 5708},
        },
    ),
]

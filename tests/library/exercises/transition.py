"""Right and wrong answers to the exercises of the chapter "Is it a phase transition?"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def binder(values):
    return 1 - np.mean(values**4) / (3 * np.mean(values**2) ** 2)


def loop_limit(spent, area, power, slowest=0):
    design = np.column_stack([np.ones(len(spent)), (1 / spent) ** power])[slowest:]
    return np.linalg.lstsq(design, area[slowest:], rcond=None)[0][0]


def luck(waits, logarithm=np.log):
    one, other = logarithm(waits).T
    chaos = np.mean((one - other) ** 2) / 2
    return chaos, np.var((one + other) / 2, ddof=1) - chaos / 2


EXERCISES = [
    Exercise(
        exercises.check_binder,
        binder,
        {
            # No third; the mean to the fourth power; nothing.
            "a sharp value: expected 0.66.*, got 0.0": lambda x: 1 - np.mean(x**4) / np.mean(x**2) ** 2,
            "two opposite values": lambda x: 1 - np.mean(x) ** 4 / (3 * np.mean(x**2) ** 2),
            "got None": lambda x: None,
        },
    ),
    Exercise(
        exercises.check_threshold_slope,
        lambda size: math.sqrt(size / (2 * math.pi)),
        {"size 16: slope": lambda size: 1 / math.sqrt(2 * math.pi), "size 1: slope": lambda size: size**0.5},
    ),
    Exercise(
        exercises.check_loop_limit,
        loop_limit,
        {
            # The rate taken for its inverse, and only the two slowest sweeps.
            "D = 2 and Λ = 5, 20, 80, power 1.0": lambda spent, area, power: loop_limit(1 / spent, area, power),
            "power 1.0 of the rate: expected": lambda *sweeps: loop_limit(*sweeps, slowest=1),
            "power 0.5 of the rate": lambda spent, area, power: loop_limit(spent, area, 1.0),
        },
    ),
    Exercise(
        exercises.check_luck,
        luck,
        {
            "variance of chaos": lambda waits: (2 * luck(waits)[0], luck(waits)[1]),
            # The variance over seeds, which has that of chaos in it.
            "variance of seeds": lambda waits: (luck(waits)[0], np.log(waits)[:, 0].var()),
            "standard deviations of 0.4": lambda waits: luck(waits, logarithm=np.asarray),
        },
    ),
]

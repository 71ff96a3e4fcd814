"""Right and wrong answers to the exercises of the chapter "An order parameter: sudden or gradual?"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def plateau_ratio(decay_time, rule_share, test_signal, quadratic=2, signed=True):
    rule = test_signal > 0 if signed else np.full(len(test_signal), True)
    log_root = np.log(rule_share / (1 - rule_share))[rule] / quadratic
    return 1 + np.polyfit(decay_time[rule], log_root, 1)[0] / 2


def rise(rho):
    return math.log(3) * (1 + 2 / (rho - 1))


def difference_signal(p, fraction, sharing, mirror):
    wrong = np.full(p, 2 * sharing)
    wrong[0], wrong[1] = 0, wrong[1] + mirror
    return -fraction * wrong.mean()


EXERCISES = [
    Exercise(
        exercises.check_plateau_ratio,
        plateau_ratio,
        {
            # Forgetting that the rule share is quadratic, and taking the leak for the rule.
            "ρ = 1.6": lambda *record: plateau_ratio(*record, quadratic=1),
            "the leak louder 12 times": lambda *record: plateau_ratio(*record, signed=False),
        },
    ),
    Exercise(
        exercises.check_rise,
        rise,
        {"ρ = 1.6": lambda rho: math.log(9) / (2 * (rho - 1)), "ρ = 1e.06": lambda rho: rise(rho) if rho < 9 else 0.0},
    ),
    Exercise(
        exercises.check_difference_signal,
        difference_signal,
        {
            # The formula of sums, and the mean over answers left on.
            "mirror 0.3": lambda p, f, s, mu: (1 - 1 / p) * f * (mu - 2 * s),
            "mirror 0.0": lambda p, f, s, mu: p * difference_signal(p, f, s, mu),
        },
    ),
    Exercise(exercises.check_rise_readings, [5.0, 2.0], {"ρ = 3": [4.8, 4.8], "number of readings": [4.8]}),
    Exercise(
        exercises.check_alarm,
        ([1350, 1650, 1275, 1425, 1450, 1275, 1175, 1300, 1700, 1625], lambda k: 1 / (1 + k)),
        {
            "chance beside 1 controls": (
                [1350, 1650, 1275, 1425, 1450, 1275, 1175, 1300, 1700, 1625],
                lambda k: 0.5**k / 2,
            ),
            "seed 0": ([300] * 10, lambda k: 1 / (1 + k)),
            "number of seeds": ([1350], lambda k: 1 / (1 + k)),
        },
    ),
]

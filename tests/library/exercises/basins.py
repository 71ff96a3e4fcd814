"""Right and wrong answers to the exercises of the chapter "Deeper: true basins, folds, and escape by noise"."""

import math

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from grokmodels import exercises
from grokmodels.theory.escape import escape_rate
from tests.library.exercises.exercise import Exercise


def fold(degree, efficiency):
    margins = np.linspace(1e-3, 5, 100_001)
    return np.max(degree * efficiency ** (2 / degree) * margins ** (1 - 2 / degree) / (1 + np.exp(margins)))


def least_ratio(u, v, degree):
    return math.exp((degree - 2) * (math.log(u) - math.log(v)))


def collapse_rate(circuits, temperature, half_a_well=1):
    degree, _, _, decay = circuits.constants

    def energy(u):
        return math.log1p(math.exp(-(u**degree))) + decay * u**2 / 2

    def force(u):
        return degree * u ** (degree - 1) / (1 + math.exp(u**degree)) - decay * u

    def bend(u, step=1e-3):
        return (force(u - step) - force(u + step)) / (2 * step)

    fold = minimize_scalar(lambda u: -force(u) / u, bounds=(0.1, 2), method="bounded").x
    over, well = brentq(force, 1e-3, fold), brentq(force, fold, 5)
    prefactor = math.sqrt(-bend(well) * bend(over)) / (2 * math.pi)
    return half_a_well * prefactor * math.exp((energy(well) - energy(over)) / temperature)


def spread_test(law, n, ddof=1):
    random = np.random.default_rng(7)
    draw = random.standard_normal if law == "narrow" else random.standard_exponential
    x = {"exponential": 0, "narrow": 5, "hidden": 2}[law] + draw((n, 30_000))
    variance = (np.mean(x**2, axis=0) - np.mean(x, axis=0) ** 2) * n / (n - ddof)
    return np.mean(variance > 0.36 * np.mean(x, axis=0) ** 2)


EXERCISES = [
    Exercise(exercises.check_fold, fold, {"degree 3, efficiency 2": lambda degree, efficiency: 0.8995}),
    Exercise(
        exercises.check_least_ratio,
        least_ratio,
        {
            "v = 0.1, D = 2": lambda u, v, degree: (u / v) ** (degree - 1),
            "u = 0.3, v = 0.6": lambda u, v, degree: max(u / v, v / u) ** (degree - 2),
        },
    ),
    Exercise(
        exercises.check_smallest_starts,
        [0.5, 0.4, 0.25],
        {
            # On the line; a setting too far; one start for all.
            "ρ = 2: expected the first setting": [0.5, 0.35, 0.25],
            "ρ = 3: expected the first setting": [0.5, 0.4, 0.3],
            "number of starts": [0.4],
        },
    ),
    Exercise(
        exercises.check_collapse_rate,
        collapse_rate,
        {
            # The factor 2 of the escape to the rule, and that escape itself.
            "λ = 0.8": lambda *case: collapse_rate(*case, half_a_well=2),
            "T = 0.005": escape_rate,
        },
    ),
    Exercise(
        exercises.check_spread_test,
        spread_test,
        {
            "law exponential, 3 seeds": lambda law, n: spread_test(law, n, ddof=0),
            "law hidden, 3 seeds": lambda law, n: spread_test("exponential" if law == "hidden" else law, n),
        },
    ),
]

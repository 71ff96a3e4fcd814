"""Right and wrong answers to the exercises of the chapter "The null model: a late jump without any transition"."""

import math

import numpy as np

from grokmodels import exercises
from grokmodels.theory import ridge
from tests.library.exercises.exercise import Exercise


def late_jump(loss, decay, tolerance):
    # Half of a Gaussian lies within 0.6745 standard deviations.
    return math.log(2 * loss * (0.67449 / tolerance) ** 2) / (2 * decay)


def hidden_signal(times, moved=580, factor=10):
    null = ridge.Ridge()
    data = ridge.modes(null)
    teacher = np.zeros(null.features)
    teacher[moved : moved + 20] = factor * data.teacher[:20]
    strengths, axes = np.linalg.eigh(data.inputs.T @ data.inputs / null.examples)
    start, aim = axes.T @ data.start, axes.T @ teacher
    rest = strengths / (strengths + null.weight_decay) * aim
    fading = np.exp(-np.multiply.outer(times, strengths + null.weight_decay))
    weights = (rest + fading * (start - rest)) @ axes.T
    wanted = data.inputs @ teacher
    return weights @ (data.variances * teacher) * (wanted @ wanted) / (weights @ data.inputs.T @ wanted)


def saddle(rho, low, high):
    return math.log(high / low) / (2 * rho - 2)


def bowl(low, high):
    return math.log(high) - math.log(low)


EXERCISES = [
    Exercise(exercises.check_late_jump, late_jump, {"loss 2.9, decay 0.0001": lambda loss, decay, tolerance: 7000.0}),
    Exercise(
        exercises.check_growth_factors,
        [8.72, 2.58, 2.04],
        {"ε = 0.2": [8.7, 8.7, 8.7], "ε = 0.5": [2.0, 2.6, 8.7], "number of readings": [8.7, 2.6]},
    ),
    Exercise(
        exercises.check_initial_scale,
        (0.693, 0.373),
        {"move of the jump": (2 * math.log(2), 0.373), "scale without a delay": (math.log(2), 0.373**2)},
    ),
    Exercise(
        exercises.check_hidden_signal,
        hidden_signal,
        {
            "m̂ at time 1,000: expected 0.3": lambda times: hidden_signal(times, moved=0, factor=1),
            "m̂ at time 1,000": lambda times: hidden_signal(times, factor=1),
            "number of values": lambda times: hidden_signal(times)[:0],
        },
    ),
    Exercise(
        exercises.check_threshold_moves,
        (saddle, bowl),
        {
            "saddle, ρ = 2": (lambda rho, low, high: 2 * saddle(rho, low, high), bowl),
            "saddle, ρ = 1.2": (lambda rho, low, high: saddle(2, low, high), bowl),
            "bowl, ε from 0.1": (saddle, lambda low, high: bowl(low, high) / 2),
        },
    ),
]

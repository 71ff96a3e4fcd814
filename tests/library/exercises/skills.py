"""Right and wrong answers to the exercises of the chapter "Many skills, one network"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def mean_step(waits, width):
    log_time = np.linspace(np.log(min(waits)) - 4 * width, np.log(max(waits)) + 4 * width, 4001)
    each = 1 / (1 + np.exp(-2 * np.log(9) / width * (log_time[:, None] - np.log(waits))))
    low, high = np.interp([0.1, 0.9], each.mean(axis=1), log_time)
    return high - low


def coincidence(waits, centered=True):
    x = np.log(waits)
    x = x - x.mean(axis=0) if centered else x - x.mean()
    n, k = x.shape
    run = x.mean(axis=1, keepdims=True)
    between, within = k * np.sum(run**2) / (n - 1), np.sum((x - run) ** 2) / ((n - 1) * (k - 1))
    return (between - within) / (between + (k - 1) * within)


EXERCISES = [
    Exercise(
        exercises.check_mixture,
        mean_step,
        {
            r"waits \[2.0, 4.0\], each in a step of width 0.1": lambda waits, width: width,
            r"waits \[3.0\], each in a step of width 0.5: expected 0.5": lambda waits, width: 2 * width,
        },
    ),
    Exercise(
        exercises.check_coincidence,
        coincidence,
        {
            "skills that turn by themselves": lambda waits: np.log(waits).mean(axis=1).std(),
            "both, and each skill has a wait of its own": lambda waits: coincidence(
                waits, centered=np.ptp(np.log(waits).mean(axis=0)) < 0.8
            ),
        },
    ),
    Exercise(
        exercises.check_hidden_steps,
        lambda power, own: math.ceil(2 * power * math.log(3) / own / 0.8),
        {"power 0.6, own steps 0.05 wide": lambda power, own: 2 * power * math.log(3) / 0.32},
    ),
    Exercise(
        exercises.check_worst_skill,
        lambda mean, skills: min((1 - mean) * skills, 1),
        {
            "mean 99% of 8 skills": lambda mean, skills: 1 - mean,
            "mean 99% of 1000 skills": lambda mean, skills: (1 - mean) * skills,
        },
    ),
]

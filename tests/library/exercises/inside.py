"""Right and wrong answers to the exercises of the chapter "Inside the circuit"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def spectrum(logits):
    p = len(logits)
    centered = logits - logits.mean(axis=2, keepdims=True)
    a, b, c = np.indices(centered.shape)
    difference = (c - a - b) % p
    profile = np.array([centered[difference == d].mean() for d in range(p)])
    waves = np.fft.fft(profile)[1 : (p - 1) // 2 + 1]
    return 2 * np.abs(waves) ** 2 / p**2 / np.mean(centered**2)


def near_ties(p, frequency, a, b):
    step = pow(frequency, -1, p)
    return {(a + b - step) % p, (a + b + step) % p}


def best_pair(p):
    d = 2 * np.pi * np.arange(1, p) / p
    pairs = [(k, q) for k in range(1, p // 2 + 1) for q in range(1, k)]
    return min(pairs, key=lambda pair: np.max(sum(np.cos(k * d) for k in pair)))


EXERCISES = [
    Exercise(
        exercises.check_spectrum,
        spectrum,
        {
            "1.0 times noise: share of frequency 1": lambda logits: spectrum(logits) / spectrum(logits).sum(),
            "share of frequency 1": lambda logits: spectrum(logits)[::-1],
            "number of shares": lambda logits: spectrum(logits)[:-1],
        },
    ),
    Exercise(
        exercises.check_near_ties,
        near_ties,
        {
            r"20 \+ 30 mod 59, frequency 12: expected \[45, 55\]": lambda p, frequency, a, b: near_ties(p, 12, 0, 0),
            r"0 \+ 0 mod 59": lambda p, frequency, a, b: [frequency, p - frequency],
        },
    ),
    Exercise(
        exercises.check_best_pair,
        best_pair,
        {
            r"p = 13: margin of the frequencies \[1, 2\]": lambda p: (1, 2),
            "two different frequencies": lambda p: (1, 1),
        },
    ),
    Exercise(
        exercises.check_enough,
        {"kept": 3, "half_kept": 1000, "half_whole": 1100},
        {
            "the fewest frequencies": {"kept": 4, "half_kept": 1000, "half_whole": 1000},
            "half_kept: the first step": {"kept": 3, "half_kept": 1300, "half_whole": 1000},
            "half_whole: the first step": {"kept": 3, "half_kept": 1100, "half_whole": 1300},
        },
    ),
]

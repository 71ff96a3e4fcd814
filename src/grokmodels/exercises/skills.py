"""Checkers of the exercises of the chapter "Many skills, one network"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.statistics import intraclass
from grokmodels.theory.mixture import mixture_width


@checker
def check_mixture(function: Callable[..., float]) -> None:
    """``function(waits, width)``: how much ln Λ grows while the mean accuracy of skills rises from 10 to 90 %.

    Skill i has the accuracy 1 / (1 + (waits[i] / Λ)^(2 ln 9 / width)); ``waits`` is an array.
    """
    for waits, width in (
        ([3.0], 0.5),
        ([3.0] * 8, 0.5),
        ([2.0, 4.0], 0.1),
        ([2.0, 2.2, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0], 0.3),
    ):
        got, expected = function(np.array(waits), width), mixture_width(waits, width)
        expect(f"waits {waits}, each in a step of width {width}", got, expected, tolerance=0.01)


@checker
def check_coincidence(function: Callable[[Any], float]) -> None:
    """``function(waits)``: the share of the variance of ln waits that skills of one run have in common.

    ``waits``, (n runs, k skills). With x = ln waits less each skill's mean over runs, B = k Σ m² / (n − 1) for the
    runs' means m, and W = Σ (x − m)² / ((n − 1)(k − 1)), it is (B − W) / (B + (k − 1) W).
    """
    rng = np.random.default_rng(1)
    own, run, skill = 0.2 * rng.normal(size=(6, 8)), 0.3 * rng.normal(size=(6, 1)), np.linspace(0, 1, 8)
    cases = {
        "skills that turn by themselves": own,
        "skills of a run that turn at one time": run + 0 * own,
        "both": run + own,
        "both, and each skill has a wait of its own": run + own + skill,
    }
    for name, waits in cases.items():
        expect(name, function(np.exp(waits)), intraclass(waits), tolerance=1e-9)


@checker
def check_hidden_steps(function: Callable[[float, float], float]) -> None:
    """``function(power, own)``: the number of skills from which on the mean shows no steps, far from the edge.

    Their shares fall as this power of the rank, and each step is ``own`` wide. Rounded up or not.
    """
    for power, own in ((0.6, 0.4), (1.2, 0.4), (0.6, 0.05), (0.3, 0.1)):
        # Far from the edge waits go as one over the share: these are those of the skills at the ranks 0.1 and 0.9.
        spread = float(np.log(0.9**power / 0.1**power))
        case = f"power {power}, own steps {own} wide"
        expect(case, function(power, own), spread / (0.8 * own), tolerance=1.0)


@checker
def check_worst_skill(function: Callable[[float, int], float]) -> None:
    """``function(mean, skills)``: the largest share that one of so many skills may have wrong at this mean accuracy."""
    for mean, skills in ((0.99, 1), (0.99, 8), (0.99, 32), (0.99, 100), (0.99, 1000), (0.9, 4), (1.0, 50)):
        # All others are perfect.
        right = max(0.0, mean * skills - (skills - 1))
        expect(f"mean {mean:.0%} of {skills} skills", function(mean, skills), 1 - right, tolerance=1e-9)

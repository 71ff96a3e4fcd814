"""Checkers of the exercises of the chapter "Optimizers and arithmetic"."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.claims import comparisons
from grokmodels.theory import decays


@checker
def check_last_margin(function: Callable[[int, int], float]) -> None:
    """``function(classes, bits)``: the margin beyond which the softmax of the right class rounds to 1.

    Numbers above 1 are 2^-bits apart.
    """
    for classes, precision in ((31, np.float32), (50_000, np.float32), (2, np.float64), (97, np.float16)):
        info = np.finfo(precision)
        expected = math.log((classes - 1) / (float(info.eps) / 2))
        expect(f"{classes} classes, {info.nmant} bits", function(classes, info.nmant), expected, tolerance=1e-6)


@checker
def check_idle_weight(function: Callable[[float, str, float, float, float], float]) -> None:
    """``function(share, rule, rate, decay, epsilon)``: steps until a weight of 1 without a gradient is down to a share.

    ``rule`` is "adamw" or "adam", with L2.
    """
    for share, rate, decay, epsilon in ((0.5, 0.005, 1.0, 1e-8), (0.1, 0.001, 0.01, 1e-8), (0.5, 0.005, 1e-3, 1e-3)):
        expected = {
            "adamw": -math.log(share) / (rate * decay),
            "adam": float(decays.ADAM_TIME(share, 1.0, rate, decay, epsilon)),
        }
        for rule, steps in expected.items():
            case = f"{rule}, to {share:g}, rate {rate:g}, decay {decay:g}, epsilon {epsilon:g}"
            expect(case, function(share, rule, rate, decay, epsilon), steps, tolerance=1e-6 * steps)


@checker
def check_ingredient(function: Callable[[float, float, float], str]) -> None:
    """``function(alone, together, usual)``: the word on an ingredient, by the chapter's rule."""
    cases = {
        (1.0, 800.0, 1000.0): "in its place", (0.5, math.inf, 1000.0): "in its place",
        (0.0, math.inf, 1000.0): "stops it", (0.4, 600.0, 1000.0): "sooner",
        (0.0, 1600.0, 1000.0): "later", (0.0, 900.0, 1000.0): "no matter",
    }  # fmt: skip
    assert comparisons.CHANGED == 1.5
    assert comparisons.HALF == 0.5
    for case, expected in cases.items():
        expect(f"alone {case[0]:g}, together {case[1]:g}, usual {case[2]:g}", function(*case), expected)

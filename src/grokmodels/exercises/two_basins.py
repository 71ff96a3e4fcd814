"""Checkers of the exercises in the part "Two basins, on paper", but for those on two circuits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.theory import motion, rest, ridge


@checker
def check_fold(function: Callable[[float, float], float]) -> None:
    """``function(degree, efficiency)``: the largest weight decay at which one circuit rests under logistic loss."""
    for degree, efficiency in ((3.0, 1.0), (3.0, 2.0), (4.0, 0.5), (2.5, 1.0)):
        expect(
            f"degree {degree:g}, efficiency {efficiency:g}",
            function(degree, efficiency),
            rest.spinodal(degree, efficiency),
            tolerance=1e-4,
        )


@checker
def check_late_jump(function: Callable[[float, float, float], float]) -> None:
    """``function(loss, decay, tolerance)``: the time at which half of the answers of the null model are right.

    Its test loss is ``loss`` · e^(−2 decay t), half the mean square of a Gaussian error; an answer is right where the
    error is within ``tolerance``.
    """
    for loss, decay, tolerance in ((2.9, 1e-4, 0.5), (2.9, 2e-4, 0.5), (10.0, 1e-3, 0.1)):
        expect(
            f"loss {loss:g}, decay {decay:g}, tolerance {tolerance:g}",
            function(loss, decay, tolerance),
            ridge.jump_time(loss, decay, tolerance),
            tolerance=1e-3 / decay,
        )


@checker
def check_gain(function: Callable[..., float]) -> None:
    """``function(mean, spread, epsilon)``: relative change of Adam's push over that of the gradient's mean."""
    for case in ((1.0, 1.0, 0.0), (0.01, 0.001, 0.0), (0.01, 0.03, 1e-8), (1.0, 0.5, 2.0), (1e-3, 0.0, 1e-2)):
        mean, spread, epsilon = case
        expect(
            f"mean {mean:g}, spread {spread:g}, epsilon {epsilon:g}",
            function(mean, spread, epsilon),
            float(motion.GAIN(mean, spread, epsilon)),
            tolerance=1e-6,
        )


@checker
def check_critical_batch(function: Callable[..., int]) -> None:
    """``function(ratio, examples)``: the largest batch in which a rule on shared weights grows; 0 where none does."""
    for ratio, examples in ((2.0, 65), (1.5, 577), (1.1, 577), (0.9, 577), (4.0, 10)):
        shares = np.arange(1, examples + 1) / examples
        growing = motion.SHARED_RATIO(ratio, motion.SATURATION(shares)) > 1
        expected = int(growing.sum())
        expect(f"ratio {ratio:g}, {examples} examples", function(ratio, examples), expected)

"""Checkers of the exercises in the part "Two basins, on paper"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory import motion, rest, ridge
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.plateau import DECAY_TIME
from grokmodels.theory.slots import CRITICAL_SIZE, RATIO


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
def check_clock(function: Callable[..., Any]) -> None:
    """``function(u, v, decay_time, rho, degree)``: constant along a run of the circuits, different between runs."""
    times = np.linspace(0, 20, 6)
    for degree, loss, rho in (
        (2, "logistic", 2.0),
        (1, "exponential", 1.5),
        (3, "squared", 0.7),
        (1.5, "logistic", 2.0),
    ):
        recipe = Circuits(degree=degree, generalizing_efficiency=rho, weight_decay=0.2, loss=loss)
        readings = []
        for start in ((0.5, 0.1), (0.3, 0.2)):
            run = simulate(recipe, *start, times, Schedule.ramp(2, 9)).to_dict("list")
            u, v, decay_time = (np.array(run[name]) for name in ("u", "v", "decay_time"))
            values = [function(*now, rho, degree) for now in zip(u, v, decay_time, strict=True)]
            case = f"degree {degree}, {loss} loss, from u, v = {start}, at decay times {decay_time.round(2)}"
            for value in values:
                expect(case, value, values[0], tolerance=1e-6 * max(1.0, abs(values[0])))
            readings.append(values[0])
        told = abs(readings[0] - readings[1]) > 1e-6
        assert told, f"degree {degree}: two runs that differ have the same reading, {readings[0]}"


@checker
def check_slots(function: Callable[..., tuple[float, float]]) -> None:
    """``function(examples, slot_efficiency, rule_efficiency, degree)``: (ρ, critical number of examples)."""
    for case in ((30, 10.0, 1.0, 2), (8, 8.0, 1.0, 3), (100, 2.0, 0.5, 1), (5, 3.0, 0.7, 2.5)):
        examples, a, kappa, degree = case
        got = function(*case)
        expected = RATIO(examples, a, kappa, degree), CRITICAL_SIZE(a, kappa, degree)
        for name, ours, theirs in zip(("ρ", "critical size"), expected, got, strict=True):
            expect(f"{name} for {examples} examples, a = {a}, κ = {kappa}, D = {degree}", theirs, ours, 1e-9 * ours)


@checker
def check_grokking_delay(function: Callable[..., float]) -> None:
    """``function(rho, share_0, growth)``: the decay time from ``share_0`` to one half of the margin, at degree 2.

    ``growth`` is the margin then divided by the margin at the start.
    """
    for rho, share, growth in ((2.0, 1e-4, 1.0), (1.2, 1e-3, 1.0), (3.0, 1e-8, 20.0), (2.0, 0.3, 5.0)):
        case = f"ρ = {rho}, from a share of {share}, margin grown by {growth}"
        expect(case, function(rho, share, growth), DECAY_TIME(0.5, growth, share, 1.0, rho), tolerance=1e-6)


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

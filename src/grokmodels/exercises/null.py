"""Checkers of the exercises of the chapter "The null model: a late jump without any transition"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.theory import ridge
from grokmodels.theory.plateau import DECAY_TIME


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
def check_growth_factors(factors: Any) -> None:
    """Three readings, each within 0.1: by what factor time grows from 25 to 95 % right at ε = 0.5, 0.2 and 0.1."""
    expect("number of readings", len(factors), 3)
    times = np.geomspace(1e3, 1e5, 400)
    loss = ridge.solve(ridge.Ridge(), times)["test_loss"]
    for tolerance, factor in zip((0.5, 0.2, 0.1), factors, strict=True):
        first, last = np.interp([0.25, 0.95], ridge.within_tolerance(loss, tolerance), np.log(times))
        expect(f"ε = {tolerance:g}", factor, float(np.exp(last - first)), tolerance=0.1)


@checker
def check_initial_scale(shift: float, scale: float) -> None:
    """How far the jump moves in Λ as the initial scale is doubled, and the scale at which no delay is left.

    For ε = 0.5; both within 0.03.
    """
    null, early, tolerance = ridge.Ridge(), 1000.0, 0.5
    loss = float(ridge.solve(null, [early])["test_loss"].iloc[0]) * np.exp(2 * null.weight_decay * early)
    # The loss goes as the square of the scale.
    jump, doubled = (ridge.jump_time(factor * loss, 1.0, tolerance) for factor in (1, 4))
    expect("move of the jump in Λ", shift, doubled - jump, tolerance=0.03)
    expect("scale without a delay", scale, float(np.exp(-jump)), tolerance=0.03)


@checker
def check_hidden_signal(function: Callable[[Any], Any]) -> None:
    """``function(times)``: m̂ at an array of times where the teacher's 20 weights lie in the last 20 features.

    In their order, scaled so that the target keeps variance 1; all else is as in ``Ridge()``.
    """
    null = ridge.Ridge()
    data = ridge.modes(null)
    teacher = np.roll(data.teacher, -null.strong)
    teacher = teacher / np.sqrt(teacher**2 @ data.variances)
    wanted = data.inputs @ teacher
    for times in ([1e3], [1e3, 1e4, 1e5]):
        weights = ridge.student(null, data._replace(teacher=teacher), times)
        expected = weights @ (data.variances * teacher) / (weights @ data.inputs.T @ wanted / (wanted @ wanted))
        got = np.asarray(function(np.array(times)), dtype=float)
        expect(f"times {times}: number of values", got.size, len(times))
        for time, theirs, ours in zip(times, got, expected, strict=True):
            expect(f"m̂ at time {time:,.0f}", float(theirs), float(ours), tolerance=0.01)


@checker
def check_threshold_moves(saddle: Callable[..., float], bowl: Callable[..., float]) -> None:
    """``saddle(rho, low, high)``, ``bowl(low, high)``: how far apart in Λ the jumps at two thresholds are, above 0.

    Right within a tenth. The thresholds are shares m of at most 0.1 for the saddle, tolerances ε for the bowl.
    """
    for low, high in ((0.01, 0.1), (0.002, 0.02), (0.05, 0.5)):
        apart = ridge.jump_time(1.0, 1.0, low) - ridge.jump_time(1.0, 1.0, high)
        expect(f"bowl, ε from {high:g} to {low:g}", bowl(low, high), apart, tolerance=0.1 * apart)
    for rho, low, high in ((2.0, 0.01, 0.1), (1.2, 0.001, 0.01), (1.6, 1e-4, 1e-2)):
        apart = float(DECAY_TIME(high, 1.0, low, 1.0, rho))
        expect(f"saddle, ρ = {rho:g}, m from {low:g} to {high:g}", saddle(rho, low, high), apart, 0.1 * apart)

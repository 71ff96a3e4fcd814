"""Checkers of the exercises of the chapter "Two ways to fit the data"."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.losses import STEEPNESS_OF
from grokmodels.theory.slots import CRITICAL_SIZE, MEMORIZING_EFFICIENCY, RATIO


@checker
def check_prices(function: Callable[..., tuple[float, float]]) -> None:
    """``function(examples, margin, slot_efficiency, rule_efficiency)``: squared norms (of all slots, of the rule).

    At degree 2, where each alone gives every example the margin.
    """
    for case in ((4, 5.0, 10.0, 1.0), (40, 5.0, 10.0, 1.0), (7, 2.0, 3.0, 0.5)):
        examples, margin, a, kappa = case
        expected = margin / MEMORIZING_EFFICIENCY(examples, a, 2), margin / kappa
        for name, price, got in zip(("slots", "rule"), expected, function(*case), strict=True):
            told = f"squared norm of the {name}, {examples} examples, margin {margin:g}, a = {a:g}, κ = {kappa:g}"
            expect(told, got, price, tolerance=1e-9 * price)


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
def check_stopped_ball(examples: float) -> None:
    """The number of examples at which the ball of the landscape is half way to the rule at time 100, if N_c = 10."""
    ratio = RATIO(examples, 10, 1, 2)
    ball = simulate(Circuits(generalizing_efficiency=ratio, weight_decay=0.1), 0.7, 0.002, [100.0])
    share = ball["share"].iloc[0]
    case = f"{examples:g} examples, ρ = {ratio:.2f}: the rule's share of the margin at time 100"
    assert 0.1 < share < 0.9, f"{case}: expected more than 10 % and less than 90 %, got {share:.0%}"


@checker
def check_exceptions(function: Callable[[float, float], float]) -> None:
    """``function(ratio, exceptions)``: how fast the clock with exceptions runs, per unit of accumulated decay.

    ``ratio`` is ρ = κN/a and ``exceptions`` the fraction ε of the slots for which the rule is wrong; ρ − 1 without any.
    """
    size, decay = 20, 0.1
    pushes = np.random.default_rng(0).uniform(0, 1, size)
    for ratio, exceptions in ((2.0, 0.0), (2.0, 0.1), (2.0, 0.25), (1.25, 0.4), (0.8, 0.05)):
        sign = np.where(np.arange(size) < round(exceptions * size), -1, 1)
        slots = 2 * pushes / size - decay
        rule = 2 * ratio / size * (sign @ pushes) / size - decay
        expected = (rule - ratio / size * (sign @ slots)) / decay
        expect(f"ρ = {ratio}, ε = {exceptions}", function(ratio, exceptions), expected, tolerance=1e-9)


@checker
def check_two_turns(first: tuple[float, float], second: tuple[float, float]) -> None:
    """Two rules, (ρ, start) each, of which the first takes over from the memorizer and later the second from the first.

    Degree 2, logistic loss, a memorizer of efficiency 1 that starts at 0.1, decay 0.1, up to Λ = 100.
    """
    from scipy.integrate import solve_ivp

    names, decay = ("memorizer", "first rule", "second rule"), 0.1
    efficiency = np.array([1.0, first[0], second[0]])

    def growth(_: float, logs: Any) -> Any:
        return 2 * efficiency * STEEPNESS_OF["logistic"]((efficiency * np.exp(2 * logs)).sum()) - decay

    start, times = np.log([0.1, first[1], second[1]]), np.linspace(0, 100 / decay, 5001)
    logs = solve_ivp(growth, (0, times[-1]), start, "LSODA", times, rtol=1e-8, atol=1e-10).y
    leaders = np.argmax(2 * logs + np.log(efficiency)[:, None], axis=0)
    order = [names[leader] for leader, _ in groupby(leaders)]
    assert order == [*names], f"who leads, in turn: expected {', '.join(names)}, got {', '.join(order)}"

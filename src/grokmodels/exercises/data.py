"""Checkers of the exercises of the chapter "How much data"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import studies
from grokmodels.checking import checker, expect
from grokmodels.recipes.tasks import Modular


@checker
def check_half(function: Callable[..., float | None]) -> None:
    """``function(fractions, done, runs)``: the fraction at which half of the runs generalize, or None.

    By straight lines between neighboring fractions; None where the shares start at one half or never reach it.
    """
    fractions = [0.3, 0.4, 0.5, 0.7]
    cases: list[tuple[list[int], list[int], float | None]] = [
        ([0, 0, 10, 10], [10, 10, 10, 10], 0.45),
        ([0, 1, 4, 20], [20, 10, 5, 20], 0.4 + 0.1 * 0.4 / 0.7),
        ([0, 1, 2, 9], [10, 10, 10, 10], 0.5 + 0.2 * 0.3 / 0.7),
        ([0, 1, 2, 4], [10, 10, 10, 10], None),
        ([6, 7, 8, 9], [10, 10, 10, 10], None),
    ]
    for done, runs, expected in cases:
        case = f"{done} of {runs} runs at fractions {fractions}"
        expect(case, function(fractions, done, runs), expected, tolerance=1e-9)


@checker
def check_pairs_seen(function: Callable[[int, Any], float]) -> None:
    """``function(p, train)``: the share of the pairs {a, b}, a ≠ b, that training shows in one order or both.

    ``train``: indices a·p + b of the training pairs, (n,).
    """
    for unordered, p, fraction in ((False, 7, 0.4), (True, 7, 0.4), (False, 13, 0.1), (True, 13, 0.8)):
        train = Modular(p=p, unordered=unordered).split(fraction, seed=1).train
        shown = {frozenset(divmod(int(pair), p)) for pair in train}
        expected = sum(len(pair) == 2 for pair in shown) / (p * (p - 1) / 2)
        case = f"p = {p}, {fraction:.0%} of the pairs" + (", mirrors together" if unordered else "")
        expect(case, function(p, train), expected, tolerance=1e-9)


@checker
def check_scaled_wait(function: Callable[[float, float, float], float]) -> None:
    """``function(wait, size, factor)``: Λ* with ``factor`` times the examples, if it is ``wait`` at ``size`` · N_c.

    At degree 2, the logarithm unchanged; infinite where the rule does not take over.
    """
    for wait, size, factor in ((20.0, 1.2, 2.0), (20.0, 1.2, 0.9), (8.0, 3.0, 0.5), (20.0, 1.2, 0.8), (5.0, 2.0, 0.5)):
        got, left = function(wait, size, factor), size * factor - 1
        case = f"a wait of {wait:g} at {size:g} N_c, {factor:g} times the examples"
        if left <= 0:
            assert got == np.inf, f"{case}: expected inf, got {got}"
        else:
            expect(case, got, wait * (size - 1) / left, tolerance=1e-6)


@checker
def check_border_cell(fraction: float, weight_decay: float) -> None:
    """A cell of the map in which some seeds generalize and others do not."""
    runs = studies.record("phase-diagram").runs
    cells = runs.groupby(["fraction", "optimizer.weight_decay"])["t_gen_censored"]
    waiting = {cell: (int(late.sum()), len(late)) for cell, late in cells}
    cell = f"fraction {fraction:g}, decay {weight_decay:g}"
    assert (fraction, weight_decay) in waiting, f"{cell}: expected a cell of the map"
    late, n = waiting[fraction, weight_decay]
    assert 0 < late < n, f"{cell}: expected seeds that disagree, got {n - late} of {n} that generalize"


@checker
def check_two_laws(function: Callable[..., Any]) -> None:
    """``function(budgets, fractions, later)``: critical fractions at a later budget, by an edge and by a pure power.

    From two budgets in steps and the critical fractions there; ``later`` may be infinite.
    """
    for budgets, fractions in (((1000, 2000), (0.50, 0.45)), ((500, 3000), (0.60, 0.40))):
        for later in (2 * budgets[1], 8 * budgets[1], np.inf):
            slope, edge = np.polyfit(1 / np.array(budgets), fractions, 1)
            power = np.log(fractions[1] / fractions[0]) / np.log(budgets[1] / budgets[0])
            expected = edge + slope / later, fractions[1] * (later / budgets[1]) ** power
            got = function(budgets, fractions, later)
            for name, theirs, ours in zip(("edge", "power"), got, expected, strict=True):
                expect(f"{name}, {fractions} at {budgets} steps, at {later} steps", theirs, float(ours), 1e-6)

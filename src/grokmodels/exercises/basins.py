"""Checkers of the exercises of the chapter "Deeper: true basins, folds, and escape by noise"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.theory import basins, escape, rest
from grokmodels.theory.circuits import Circuits


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
def check_least_ratio(function: Callable[[float, float, float], float]) -> None:
    """``function(u, v, degree)``: the ρ above which a rule of strength v wins over a memorizer of strength u."""
    for u, v, degree in ((1.0, 0.1, 2.0), (1.0, 0.1, 3.0), (1.0, 0.1, 6.0), (0.7, 0.35, 2.5), (0.3, 0.6, 4.0)):
        expected = (u / v) ** (degree - 2)
        case = f"u = {u:g}, v = {v:g}, D = {degree:g}"
        expect(case, function(u, v, degree), expected, tolerance=1e-6 * expected)


@checker
def check_smallest_starts(starts: Any) -> None:
    """Three settings of the slider v₀: the smallest that end as the rule at D = 3, λ = 0.1 and ρ = 1.5, 2 and 3."""
    from grokmodels.explorables.landscape import START

    expect("number of starts", len(starts), 3)
    for ratio, start in zip((1.5, 2.0, 3.0), starts, strict=True):
        line, step = START * float(basins.SLOPE(3.0, ratio)), 0.05
        right = line < start < line + step + 1e-6
        assert right, f"ρ = {ratio:g}: expected the first setting above the dashed line, got {start}"


@checker
def check_collapse_rate(function: Callable[[Circuits, float], float]) -> None:
    """``function(circuits, temperature)``: the rate at which noise carries the memorizer to the origin, within 0.1 %.

    ``circuits`` are those of the library, with a degree above 2 and a decay below the memorizer's fold.
    """
    for degree, ratio, decay, temperature in ((3.0, 2.0, 0.8, 0.005), (3.0, 2.0, 0.5, 0.02), (4.0, 1.5, 0.9, 0.03)):
        circuits = Circuits(degree=degree, generalizing_efficiency=ratio, weight_decay=decay)
        expected = escape.collapse_rate(circuits, temperature)
        case = f"D = {degree:g}, ρ = {ratio:g}, λ = {decay:g}, T = {temperature:g}"
        expect(case, function(circuits, temperature), expected, tolerance=1e-3 * expected)


@checker
def check_spread_test(function: Callable[[str, int], float]) -> None:
    """``function(law, n)``: how often the spread of n waits is above 0.6, right within 0.02.

    ``law`` is "exponential"; "narrow", a Gaussian of spread 0.2; or "hidden", an exponential wait behind a fixed one of
    twice its mean.
    """
    random = np.random.default_rng(1)
    for n in (3, 10, 30):
        exponential = random.exponential(size=(40_000, n))
        laws = {"exponential": exponential, "narrow": random.normal(1, 0.2, (40_000, n)), "hidden": 2 + exponential}
        for law, waits in laws.items():
            above = waits.std(axis=1, ddof=1) > 0.6 * waits.mean(axis=1)
            expect(f"law {law}, {n} seeds", function(law, n), float(above.mean()), tolerance=0.02)

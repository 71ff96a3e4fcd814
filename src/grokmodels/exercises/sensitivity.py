"""Checkers of the exercises of the chapter "Sensitivity"."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from grokmodels.checking import checker, expect
from grokmodels.forecasts import outlook


@checker
def check_shares(function: Callable[[float], tuple[Sequence[float], Sequence[float]]]) -> None:
    """``function(c)``: shares of the variance of y = x₁ + c·x₂x₃, of each setting alone and with others.

    Settings are independent and uniform on −1 … 1; the answer is two lists of three shares.
    """
    for c in (1.0, 3.0):
        whole, both = 1 / 3 + c**2 / 9, c**2 / 9
        expected = {"alone": [1 / 3, 0.0, 0.0], "with others": [1 / 3, both, both]}
        for (word, own), got in zip(expected.items(), function(c), strict=True):
            for k, (share, told) in enumerate(zip(own, got, strict=True), start=1):
                expect(f"c = {c:g}, x{k} {word}", told, share / whole, tolerance=1e-6)


@checker
def check_in_a_cell(function: Callable[[int, int, int], float]) -> None:
    """``function(points, values, settings)``: points in a cell, when each of some settings is cut into ``values``."""
    for points, values, settings in ((256, 4, 1), (256, 4, 2), (256, 4, 3), (65_536, 4, 8), (100, 10, 2)):
        case = f"{points:,} points, {settings} settings in {values} parts"
        expect(case, function(points, values, settings), points / values**settings, tolerance=1e-9)


@checker
def check_clock_shares(function: Callable[[float, float, float], Sequence[float]]) -> None:
    """``function(rate, decay, rest)``: the shares of rate and decay in the variance of ln t_gen, if Λ at t_gen has
    variance ``rest`` and does not depend on them.

    Rate and decay are drawn evenly in their logarithms, over so many powers of ten.
    """
    for rate, decay, rest in ((1.0, 1.0, 0.0), (1.3, 1.8, 0.5), (0.5, 2.0, 2.0)):
        parts = [(decades * math.log(10)) ** 2 / 12 for decades in (rate, decay)]
        shares = zip(("rate", "decay"), parts, function(rate, decay, rest), strict=True)
        for name, part, got in shares:
            case = f"{rate:g} and {decay:g} powers of ten, rest {rest:g}: share of the {name}"
            expect(case, got, part / (sum(parts) + rest), tolerance=1e-6)


@checker
def check_brier(function: Callable[[Sequence[float], Sequence[bool]], float]) -> None:
    """``function(chances, came)``: the mean square of chance minus outcome."""
    for chances, came in (([1.0, 0.0], [True, False]), ([0.5, 0.5], [True, False]), ([0.9, 0.2, 0.7], [True] * 3)):
        expect(f"chances {chances}, came {came}", function(chances, came), outlook.brier(chances, came), 1e-9)

"""Checkers of the exercises of the chapter "The verdicts"."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from grokmodels.checking import checker, expect


@checker
def check_transition_verdict(function: Callable[..., str]) -> None:
    """``function(exchange, divergence, sharpening)``: the ledger's word for "it is a phase transition", row 5.

    Each of the three marks is True, False, or None where the runs do not decide it.
    """
    from grokmodels.claims.transition import judge_transition

    for marks in itertools.product((True, False, None), repeat=3):
        case = "exchange {}, divergence {}, sharpening {}".format(*marks)
        expect(case, function(*marks), judge_transition(*marks))


@checker
def check_median_verdict(function: Callable[..., str]) -> None:
    """``function(waits, censored, bound)``: whether the median wait is above a bound: "true", "false" or "open".

    ``waits`` and ``censored`` are arrays of an odd length; a censored wait is longer than what stands there. "open" is
    for what the runs leave open.
    """
    runs = np.array([1.0, 2.0, 4.0, 8.0, 8.0])
    cases = {
        "all waits ended": ([False] * 5, 3.0),
        "all waits ended, and the bound is high": ([False] * 5, 6.0),
        "two are censored beyond the median": ([False, False, False, True, True], 6.0),
        "three are censored, and the bound is low": ([False, False, True, True, True], 3.0),
        "three are censored, and the bound is high": ([False, False, True, True, True], 6.0),
        "an early one is censored": ([True, False, False, False, False], 6.0),
    }
    for name, (censored, bound) in cases.items():
        late = np.array(censored)
        low, high = np.median(runs), np.median(np.where(late, np.inf, runs))
        expected = "true" if low > bound else "false" if high <= bound else "open"
        case = f"{name}: waits {runs}, censored {late}, bound {bound}"
        expect(case, function(runs, late, bound), expected)


@checker
def check_false_words(function: Callable[[float, int], float]) -> None:
    """``function(rate, tests)``: the chance that at least one of so many independent tests errs, each at this rate."""
    for rate, tests in ((0.03, 1), (0.03, 22), (0.05, 9), (0.0, 5)):
        expected = 1 - (1 - rate) ** tests
        expect(f"{tests} tests that err in {rate:.0%} of studies", function(rate, tests), expected, tolerance=1e-9)

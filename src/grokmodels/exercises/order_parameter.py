"""Checkers of the exercises of the chapter "An order parameter: sudden or gradual?"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import measures
from grokmodels.checking import checker, expect
from grokmodels.recipes.tasks import Split
from grokmodels.theory import leak
from grokmodels.theory.plateau import DECAY_TIME, SHARE


@checker
def check_plateau_ratio(function: Callable[..., float]) -> None:
    """``function(decay_time, rule_share, test_signal)``: ρ from arrays of a plateau on which the share m is small.

    The odds of the rule share are those of m squared, times an unknown factor, once the rule is louder than the leak of
    the table; before, the signal is negative.
    """
    decay_time = np.linspace(0.5, 2, 40)
    for ratio, start, factor, leaking in ((1.6, 1e-4, 0.1, 0), (2.2, 1e-5, 3.0, 12), (0.7, 1e-3, 1.0, 5)):
        m = SHARE(decay_time, start, ratio, 1.0)
        root = np.sqrt(factor) * m / (1 - m)
        root[:leaking] -= 2 * root[leaking]
        share = root**2 / (1 + root**2)
        case = f"ρ = {ratio}, odds of the rule share {factor} times those of m squared, the leak louder {leaking} times"
        expect(case, function(decay_time, share, 5 * root), ratio, tolerance=0.01)


@checker
def check_rise(function: Callable[[float], float]) -> None:
    """``function(rho)``: the decay Λ between the shares 0.1 and 0.9 at degree 2 and constant margin."""
    for rho in (1.6, 3.0, 1.05, 1e6):
        expect(f"ρ = {rho:g}", function(rho), float(DECAY_TIME(0.9, 1.0, 0.1, 1.0, rho)), tolerance=1e-4)


@checker
def check_difference_signal(function: Callable[..., float]) -> None:
    """``function(p, fraction, sharing, mirror)``: the mean held-out signal of a table of a − b mod p.

    The logit of the right answer less the mean over all answers, from the votes of row, column and mirror, each stored
    with the chance ``fraction``; over pairs a ≠ b, p odd.
    """
    for p, fraction, sharing, mirror in ((5, 0.4, 0.1, 0.0), (5, 0.4, 0.0, 0.3), (11, 0.6, 0.06, 0.13)):
        a, b = np.divmod(np.arange(p * p), p)
        labels = (a - b) % p
        everything = leak.votes(p, Split(np.arange(p * p), np.arange(0)), sharing, mirror, labels)
        expected = fraction * measures.signal((everything - np.eye(p)[labels])[a != b], labels[a != b])
        case = f"p = {p}, fraction {fraction}, sharing {sharing}, mirror {mirror}"
        expect(case, function(p, fraction, sharing, mirror), float(expected), tolerance=1e-9)


@checker
def check_rise_readings(readings: Any) -> None:
    """Two readings off the chart, each within 0.5: the Λ from a share of 0.1 to one of 0.9 at ρ = 1.6 and ρ = 3."""
    expect("number of readings", len(readings), 2)
    for rho, reading in zip((1.6, 3.0), readings, strict=True):
        expect(f"ρ = {rho:g}", reading, float(DECAY_TIME(0.9, 1.0, 0.1, 1.0, rho)), tolerance=0.5)


@checker
def check_alarm(leads: Any, chance: Callable[[int], float]) -> None:
    """Steps from alarm to t_gen, a seed each in their order, within 50; ``chance(k)``: a seed is above all k controls.

    At one step, if the seed is just another control.
    """
    from grokmodels.claims import order_parameter as order

    runs, controls = order.stored()
    expect("number of seeds", len(leads), len(runs))
    for run, lead in zip(runs, leads, strict=True):
        expected = float(run["t_gen"].iloc[0]) - order.onsets(run, controls)["root"]
        expect(f"seed {run['seed'].iloc[0]}: steps before t_gen", lead, expected, tolerance=50)
    for k in (1, 4, 10):
        expect(f"chance beside {k} controls", chance(k), 1 / (k + 1), tolerance=1e-9)

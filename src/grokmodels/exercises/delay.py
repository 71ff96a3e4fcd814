"""Checkers of the exercises of the chapter "Weight decay sets the clock"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import studies
from grokmodels.checking import checker, expect
from grokmodels.recipes.schedules import Schedule


@checker
def check_turning_step(function: Callable[..., int | None]) -> None:
    """``function(factor, product, clock)``: after how many steps the accumulated decay reaches ``clock``.

    ``factor(step)`` is the schedule's factor at a step, counted from 0, and ``product`` is learning rate times decay.
    None if it has not been reached after 20,000 steps.
    """
    for name, schedule, product, clock in (
        ("constant", Schedule.constant(), 0.003, 3.1415),
        ("late by 1,500 steps", Schedule.delayed(1500), 0.003, 3.1415),
        ("paused from 400 to 1,400", Schedule.paused(400, 1400), 0.003, 2.7182),
        ("a ramp over 4,000 steps", Schedule.ramp(1, 4000), 0.003, 3.1415),
        ("pulsed, 200 of 400 steps", Schedule.pulsed(400, 200), 0.005, 3.1415),
        ("so weak that it is not reached", Schedule.constant(), 0.0001, 3.1415),
    ):
        total = np.cumsum([product * schedule(step) for step in range(20_000)])
        expected = int(np.argmax(total >= clock)) + 1 if total[-1] >= clock else None
        expect(f"{name}, product {product}, to Λ = {clock}", function(schedule, product, clock), expected)


@checker
def check_separate_exponents(function: Callable[..., Any]) -> None:
    """``function(rate, decay, delay)``: the exponents [a, b] of delay ∝ rate^a · decay^b, from arrays, one entry a run.

    None where these runs cannot tell the two apart.
    """
    pair = (np.array([0.005, 0.002]), np.array([0.5, 1.25]))
    line = (np.array([0.001, 0.002, 0.004]), np.array([0.5, 1.0, 2.0]))
    grid = (np.repeat([0.001, 0.002, 0.005], 3), np.tile([0.5, 1.0, 3.0], 3))
    for name, (rate, decay), told in (
        ("one pair of one product", pair, False),
        ("one ratio of rate and decay", line, False),
        ("a grid", grid, True),
    ):
        for a, b in ((-1.0, -1.0), (0.0, -2.0), (-0.75, 0.25)):
            got = function(rate, decay, 40 * rate**a * decay**b)
            case = f"{name}, exponents {a} and {b}"
            if not told:
                assert got is None, f"{case}: expected None, got {got}"
                continue
            assert got is not None, f"{case}: expected [{a}, {b}], got None"
            for word, found, expected in (("rate", got[0], a), ("decay", got[1], b)):
                expect(f"{case}, that of the {word}", float(found), expected, 1e-6)


@checker
def check_schedule_readings(pause: float, decay: float) -> None:
    """The pause, within 100 steps, with which the toy turns at step 3,000; the decay, within 0.05, at a ramp's turn.

    The decay is 1 from the start, or a ramp to 1 over 4,000 steps.
    """
    runs = studies.record("schedules").only(cohort="look").runs
    steady = runs[runs["optimizer.weight_decay_schedule.knots"] == Schedule.constant().knots]
    clock, rate, rise = steady["decay_time at t_gen"].median(), 0.003, 1 / 4000
    expect("steps of the pause", pause, 3000 - clock / rate, tolerance=100)
    expect("decay at the turn of the ramp", decay, float(np.sqrt(2 * rise * clock / rate)), tolerance=0.05)


@checker
def check_wrong_exponents(exponents: Any) -> None:
    """The four exponents, each within 0.01: of all runs, dropped, with the budget in their place, and of t − 250."""
    decay = np.array([0.05, 0.1, 0.2, 0.5, 1, 2])
    delay = 3 / (0.003 * decay)
    t, budget = delay + 250, 10_000
    cases = {
        "all runs": (decay, t),
        "runs beyond the budget dropped": (decay[t <= budget], t[t <= budget]),
        "the budget in their place": (decay, np.minimum(t, budget)),
        "250 steps taken off": (decay, delay),
    }
    expect("number of exponents", len(exponents), len(cases))
    for (name, (x, y)), exponent in zip(cases.items(), exponents, strict=True):
        expect(f"exponent, {name}", exponent, float(np.polyfit(np.log(x), np.log(y), 1)[0]), tolerance=0.01)


@checker
def check_accounts(contraction: float, same: float) -> None:
    """Mean absolute errors of ln delay, each within 0.01, of contraction and of one Λ for all decays but 0.5."""
    from grokmodels.claims import delay

    runs = delay.contractions(studies.record("weight-decay"))
    fitted = runs[delay.DECAY] == 0.5
    wait = runs["delay"] * runs["product"]
    for name, got, known in (("contraction", contraction, runs["to t_gen"]), ("the same Λ", same, wait)):
        error = float(np.log(known[~fitted] / known[fitted].mean()).abs().mean())
        expect(f"error of {name}", got, error, tolerance=0.01)

"""Checkers of the exercises on two circuits: the chapters circuits, clock and plateau of "Two basins, on paper"."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from grokmodels.checking import checker, expect
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.clock import SPEED
from grokmodels.theory.losses import STEEPNESS_OF
from grokmodels.theory.plateau import DECAY_TIME, grokking_decay_time
from grokmodels.theory.slots import CRITICAL_SIZE, MEMORIZING_EFFICIENCY, RATIO
from grokmodels.theory.symbols import D, rho


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


@checker
def check_clock(function: Callable[..., Any]) -> None:
    """``function(u, v, decay_time, rho, degree)``: constant along a run of the circuits, different between runs."""
    times = np.linspace(0, 20, 6)
    for degree, loss, ratio in (
        (2, "logistic", 2.0),
        (1, "exponential", 1.5),
        (3, "squared", 0.7),
        (1.5, "logistic", 2.0),
    ):
        recipe = Circuits(degree=degree, generalizing_efficiency=ratio, weight_decay=0.2, loss=loss)
        readings = []
        for start in ((0.5, 0.1), (0.3, 0.2)):
            run = simulate(recipe, *start, times, Schedule.ramp(2, 9)).to_dict("list")
            u, v, decay_time = (np.array(run[name]) for name in ("u", "v", "decay_time"))
            values = [function(*now, ratio, degree) for now in zip(u, v, decay_time, strict=True)]
            case = f"degree {degree}, {loss} loss, from u, v = {start}, at decay times {decay_time.round(2)}"
            for value in values:
                expect(case, value, values[0], tolerance=1e-6 * max(1.0, abs(values[0])))
            readings.append(values[0])
        told = abs(readings[0] - readings[1]) > 1e-6
        assert told, f"degree {degree}: two runs that differ have the same reading, {readings[0]}"


@checker
def check_clock_controls(growth: float, slope: Collection[str]) -> None:
    """The ``growth`` of Λ at the turn from ρ = 2 to 1.5, and the controls of the clock that set the ``slope``.

    At one decay, from u = 0.5 and v = 0.0001; the factor may be off by 5 %.
    """
    slow, fast = (
        grokking_decay_time(Circuits(generalizing_efficiency=ratio, weight_decay=0.12), 0.5, 1e-4)
        for ratio in (1.5, 2.0)
    )
    expect("Λ of the turn at ρ = 1.5 over that at 2, within 5 %", growth, slow / fast, tolerance=0.05 * slow / fast)
    controls = {"schedule", "weight_decay", "loss", "ratio", "degree"}
    assert set(slope) <= controls, f"slope: expected some of {sorted(controls)}, got {sorted(slope)}"
    names = {rho: "ratio", D: "degree"}
    tilting = sorted(names[symbol] for symbol in SPEED.expression.free_symbols)
    expect("controls that set the slope", ", ".join(sorted(slope)), ", ".join(tilting))


@checker
def check_early_turn(function: Callable[[float], float]) -> None:
    """``function(time)``: a weight decay that spends at most 10 up to time 300, and with which the rule leads early.

    Degree 2, logistic loss, ρ = 2, from u = 0.1 and v = 10^−4.8. No schedule turns before the time at which v would
    catch up at the largest push that there is; yours has to be within 5 % of it.
    """
    ratio, lead, spent, step = 2.0, -4.8 * math.log(10) - math.log(0.1), 0.0, 0.01
    earliest = -(lead + math.log(ratio) / 2) / (ratio - 1)
    log_u, turn = math.log(0.1), math.inf
    for time in np.arange(0, 300, step):
        decay = float(function(float(time)))
        assert decay >= 0, f"decay at time {time:.2f}: expected 0 or more, got {decay}"
        spent += step * decay
        margin = math.exp(2 * log_u) * (1 + ratio * math.exp(2 * lead)) if log_u < 5 else math.inf
        push = 2 * float(STEEPNESS_OF["logistic"](margin))
        log_u, lead = log_u + step * (push - decay), lead + step * push * (ratio - 1)
        if lead + math.log(ratio) / 2 >= 0:
            turn = min(turn, float(time))
    # Steps of time are too coarse to end a schedule exactly where it has spent all.
    assert spent <= 10.1, f"accumulated decay at time 300: expected at most 10, got {spent:.2f}"
    case = f"time of the turn: expected at most 5 % after {earliest:.2f}, the earliest possible"
    assert turn <= 1.05 * earliest, f"{case}, got {turn:.2f}"


@checker
def check_ruled_out(by_wait: Collection[str], by_climb: Collection[str]) -> None:
    """The mechanisms that two observations rule out: of "forgetting", "growth" and "trapping", those that contradict.

    ``by_wait``: the wait falls as 1/λ. ``by_climb``: the share climbs tenfold and more while it is still small.
    """
    degrees = {"forgetting": 1, "growth": 2, "trapping": 3}
    starts = {1: (3.0, 0.01), 2: (0.1, 1e-5), 3: (0.5, 0.1)}

    def share(degree: int, decay: float) -> pd.Series:
        run = simulate(Circuits(degree=degree, weight_decay=decay), *starts[degree], np.linspace(0, 12, 601) / decay)
        return run["share"]

    by_degree = {name: [share(degree, decay) for decay in (0.1, 0.2)] for name, degree in degrees.items()}
    against_wait, against_climb = [], []
    for name, runs in by_degree.items():
        # Where the share comes to its last value, in Λ: the same at both decays if waits fall as 1/λ, and never if 0.
        early, late = sorted(int(np.argmax(run >= 0.99 * run.iloc[-1])) for run in runs)
        if not 0 < late < 1.5 * early:
            against_wait.append(name)
        plateau = runs[1][50:]
        if not plateau[plateau < 0.1].max() >= 10 * plateau.iloc[0]:
            against_climb.append(name)
    for case, answer, expected in (("by_wait", by_wait, against_wait), ("by_climb", by_climb, against_climb)):
        assert set(answer) <= set(degrees), f"{case}: expected some of {[*degrees]}, got {sorted(answer)}"
        expect(f"{case}, ruled out", ", ".join(sorted(answer)), ", ".join(sorted(expected)))


@checker
def check_grokking_delay(function: Callable[..., float]) -> None:
    """``function(rho, share_0, growth)``: the decay time from ``share_0`` to one half of the margin, at degree 2.

    ``growth`` is the margin then divided by the margin at the start.
    """
    for ratio, share, growth in ((2.0, 1e-4, 1.0), (1.2, 1e-3, 1.0), (3.0, 1e-8, 20.0), (2.0, 0.3, 5.0)):
        case = f"ρ = {ratio}, from a share of {share}, margin grown by {growth}"
        expect(case, function(ratio, share, growth), DECAY_TIME(0.5, growth, share, 1.0, ratio), tolerance=1e-6)


@checker
def check_added_delay(function: Callable[[float, float, float], float]) -> None:
    """``function(factor, ratio, decay)``: how much later the rule leads if it starts with a smaller share.

    So many times (``factor``) smaller, both shares small, at the same margins. It may be off by 0.1 %.
    """
    for factor, ratio, decay in ((10, 2.0, 0.05), (10, 1.1, 0.05), (100, 3.0, 0.2)):
        waits = [DECAY_TIME(0.5, 1.0, share, 1.0, ratio) / decay for share in (1e-6, 1e-6 / factor)]
        case = f"a share {factor} times smaller, ρ = {ratio}, λ = {decay}"
        expect(case, function(factor, ratio, decay), waits[1] - waits[0], tolerance=1e-3 * waits[1])


@checker
def check_leading_times(ratios: Sequence[float], times: Sequence[float]) -> None:
    """The times at which the rule leads in the phase diagram, at λ = 0.1, v₀ = 0.001 and three ratios from 1.2 to 1.6.

    Each may be off by 10 %: the diagram looks at times that are 7 % apart.
    """
    assert len(set(ratios)) >= 3, f"ratios: expected three or more, got {ratios}"
    assert len(times) == len(ratios), f"times: expected one for each of {len(ratios)} ratios, got {len(times)}"
    for ratio, time in zip(ratios, times, strict=True):
        assert 1.2 <= ratio <= 1.6, f"ratios: expected 1.2 to 1.6, got {ratio}"
        model = Circuits(generalizing_efficiency=ratio, weight_decay=0.1)
        expected = grokking_decay_time(model, 0.1, 1e-3) / model.weight_decay
        expect(f"time at ρ = {ratio:g}, within 10 %", time, expected, tolerance=0.1 * expected)


@checker
def check_squared_rest(function: Callable[[float, float], float]) -> None:
    """``function(efficiency, decay)``: the margin at which a circuit rests alone under the squared loss; 0 if nowhere.

    Degree 2.
    """
    from scipy.optimize import brentq

    def growth(margin: float, efficiency: float, decay: float) -> float:
        return float(2 * efficiency * STEEPNESS_OF["squared"](margin)) - decay

    for case in ((1.0, 0.1), (2.0, 0.1), (1.0, 1.5), (0.5, 1.0), (1.0, 3.0)):
        expected = brentq(growth, 0, 1, args=case) if growth(0, *case) > 0 else 0.0
        expect("efficiency {:g}, decay {:g}".format(*case), function(*case), expected, tolerance=1e-9)

"""Checkers of the exercises of the chapter "The weight-decay clock"."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd

from grokmodels.checking import checker, expect
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.clock import SPEED
from grokmodels.theory.losses import STEEPNESS_OF
from grokmodels.theory.plateau import grokking_decay_time
from grokmodels.theory.symbols import D, rho


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

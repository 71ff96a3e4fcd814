"""Checkers of the exercises of the chapter "Is it a phase transition?"."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.statistics import scaling


@checker
def check_binder(function: Callable[[Any], float]) -> None:
    """``function(values)``: the Binder ratio of an array of order parameters, one per seed."""
    rng = np.random.default_rng(0)
    cases = {
        "a sharp value": np.full(20, 0.7),
        "two opposite values": np.array([-0.5, 0.5] * 10),
        "noise about zero": rng.normal(size=200),
        "noise about one": 1 + 0.3 * rng.normal(size=50),
    }
    for name, values in cases.items():
        curve = scaling.OrderCurve(1, np.zeros(1), values[:, None])
        expect(name, function(values), float(scaling.moments([curve])["binder"].iloc[0]), tolerance=1e-9)


@checker
def check_threshold_slope(function: Callable[[int], float]) -> None:
    """``function(size)``: the slope at x = 0 of the share of systems whose quantity is above 0.

    It is Gaussian, with mean x and standard deviation 1/√size.
    """
    for size in (1, 16, 500):
        expected = NormalDist(0, size**-0.5).pdf(0)
        expect(f"size {size}: slope", function(size), expected, tolerance=1e-3 * expected)


@checker
def check_loop_limit(function: Callable[..., float]) -> None:
    """``function(spent, area, power)``: the area that least squares leave at zero rate, by area = a + b · rate^power.

    ``spent`` and ``area`` are arrays, one entry a sweep; the rate of a sweep is 1 / ``spent``.
    """
    from grokmodels.explorables.hysteresis import toy_loops

    toy = {name: np.array(column) for name, column in toy_loops().items()}
    areas = np.trapezoid(toy["down"] - toy["up"], np.log(toy["ratio"]), axis=1)
    for degree in (2, 3):
        asked = (toy["degree"] == degree) & np.isin(toy["spent"], [5, 20, 80])
        spent, area = toy["spent"][asked].astype(float), areas[asked]
        for power in (1.0, 0.5):
            expected = float(np.polyfit(spent**-power, area, 1)[1])
            case = f"the toy's loops at D = {degree} and Λ = 5, 20, 80, power {power} of the rate"
            expect(case, function(spent, area, power), expected, tolerance=1e-6)


@checker
def check_luck(function: Callable[[Any], Any]) -> None:
    """``function(waits)``: the variances of ln waits by what can be told apart: chaos, and seeds.

    ``waits``, (n seeds, 2 replicas). What has no part in the waits may come out a little below 0.
    """
    rng = np.random.default_rng(2)
    for seeds, chaos in ((0.4, 0.3), (0.0, 0.3), (0.4, 0.0)):
        replicas = 7 + seeds * rng.normal(size=(4000, 1)) + chaos * rng.normal(size=(4000, 2))
        got = function(np.exp(replicas))
        shared = float(np.cov(*replicas.T)[0, 1])
        parts = {"chaos": replicas.var(axis=0, ddof=1).mean() - shared, "seeds": shared}
        case = f"standard deviations of {seeds} over seeds and {chaos} by chaos"
        for found, (word, expected) in zip(got, parts.items(), strict=True):
            # Unbiased estimates differ in the order of one over the number of seeds.
            expect(f"{case}: variance of {word}", float(found), float(expected), tolerance=1e-3)

"""Checkers of the exercises in the part "Two basins, on paper"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory import basins, escape, motion, rest, ridge
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.plateau import DECAY_TIME
from grokmodels.theory.slots import CRITICAL_SIZE, RATIO


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
def check_late_jump(function: Callable[[float, float, float], float]) -> None:
    """``function(loss, decay, tolerance)``: the time at which half of the answers of the null model are right.

    Its test loss is ``loss`` · e^(−2 decay t), half the mean square of a Gaussian error; an answer is right where the
    error is within ``tolerance``.
    """
    for loss, decay, tolerance in ((2.9, 1e-4, 0.5), (2.9, 2e-4, 0.5), (10.0, 1e-3, 0.1)):
        expect(
            f"loss {loss:g}, decay {decay:g}, tolerance {tolerance:g}",
            function(loss, decay, tolerance),
            ridge.jump_time(loss, decay, tolerance),
            tolerance=1e-3 / decay,
        )


@checker
def check_clock(function: Callable[..., Any]) -> None:
    """``function(u, v, decay_time, rho, degree)``: constant along a run of the circuits, different between runs."""
    times = np.linspace(0, 20, 6)
    for degree, loss, rho in (
        (2, "logistic", 2.0),
        (1, "exponential", 1.5),
        (3, "squared", 0.7),
        (1.5, "logistic", 2.0),
    ):
        recipe = Circuits(degree=degree, generalizing_efficiency=rho, weight_decay=0.2, loss=loss)
        readings = []
        for start in ((0.5, 0.1), (0.3, 0.2)):
            run = simulate(recipe, *start, times, Schedule.ramp(2, 9)).to_dict("list")
            u, v, decay_time = (np.array(run[name]) for name in ("u", "v", "decay_time"))
            values = [function(*now, rho, degree) for now in zip(u, v, decay_time, strict=True)]
            case = f"degree {degree}, {loss} loss, from u, v = {start}, at decay times {decay_time.round(2)}"
            for value in values:
                expect(case, value, values[0], tolerance=1e-6 * max(1.0, abs(values[0])))
            readings.append(values[0])
        told = abs(readings[0] - readings[1]) > 1e-6
        assert told, f"degree {degree}: two runs that differ have the same reading, {readings[0]}"


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
def check_grokking_delay(function: Callable[..., float]) -> None:
    """``function(rho, share_0, growth)``: the decay time from ``share_0`` to one half of the margin, at degree 2.

    ``growth`` is the margin then divided by the margin at the start.
    """
    for rho, share, growth in ((2.0, 1e-4, 1.0), (1.2, 1e-3, 1.0), (3.0, 1e-8, 20.0), (2.0, 0.3, 5.0)):
        case = f"ρ = {rho}, from a share of {share}, margin grown by {growth}"
        expect(case, function(rho, share, growth), DECAY_TIME(0.5, growth, share, 1.0, rho), tolerance=1e-6)


@checker
def check_gain(function: Callable[..., float]) -> None:
    """``function(mean, spread, epsilon)``: relative change of Adam's push over that of the gradient's mean."""
    for case in ((1.0, 1.0, 0.0), (0.01, 0.001, 0.0), (0.01, 0.03, 1e-8), (1.0, 0.5, 2.0), (1e-3, 0.0, 1e-2)):
        mean, spread, epsilon = case
        expect(
            f"mean {mean:g}, spread {spread:g}, epsilon {epsilon:g}",
            function(mean, spread, epsilon),
            float(motion.GAIN(mean, spread, epsilon)),
            tolerance=1e-6,
        )


@checker
def check_critical_batch(function: Callable[..., int]) -> None:
    """``function(ratio, examples)``: the largest batch in which a rule on shared weights grows; 0 where none does."""
    for ratio, examples in ((2.0, 65), (1.5, 577), (1.1, 577), (0.9, 577), (4.0, 10)):
        shares = np.arange(1, examples + 1) / examples
        growing = motion.SHARED_RATIO(ratio, motion.SATURATION(shares)) > 1
        expected = int(growing.sum())
        expect(f"ratio {ratio:g}, {examples} examples", function(ratio, examples), expected)


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


@checker
def check_growth_factors(factors: Any) -> None:
    """Three readings, each within 0.1: by what factor time grows from 25 to 95 % right at ε = 0.5, 0.2 and 0.1."""
    expect("number of readings", len(factors), 3)
    times = np.geomspace(1e3, 1e5, 400)
    loss = ridge.solve(ridge.Ridge(), times)["test_loss"]
    for tolerance, factor in zip((0.5, 0.2, 0.1), factors, strict=True):
        first, last = np.interp([0.25, 0.95], ridge.within_tolerance(loss, tolerance), np.log(times))
        expect(f"ε = {tolerance:g}", factor, float(np.exp(last - first)), tolerance=0.1)


@checker
def check_initial_scale(shift: float, scale: float) -> None:
    """How far the jump moves in Λ as the initial scale is doubled, and the scale at which no delay is left.

    For ε = 0.5; both within 0.03.
    """
    null, early, tolerance = ridge.Ridge(), 1000.0, 0.5
    loss = float(ridge.solve(null, [early])["test_loss"].iloc[0]) * np.exp(2 * null.weight_decay * early)
    # The loss goes as the square of the scale.
    jump, doubled = (ridge.jump_time(factor * loss, 1.0, tolerance) for factor in (1, 4))
    expect("move of the jump in Λ", shift, doubled - jump, tolerance=0.03)
    expect("scale without a delay", scale, float(np.exp(-jump)), tolerance=0.03)


@checker
def check_hidden_signal(function: Callable[[Any], Any]) -> None:
    """``function(times)``: m̂ at an array of times where the teacher's 20 weights lie in the last 20 features.

    In their order, scaled so that the target keeps variance 1; all else is as in ``Ridge()``.
    """
    null = ridge.Ridge()
    data = ridge.modes(null)
    teacher = np.roll(data.teacher, -null.strong)
    teacher = teacher / np.sqrt(teacher**2 @ data.variances)
    wanted = data.inputs @ teacher
    for times in ([1e3], [1e3, 1e4, 1e5]):
        weights = ridge.student(null, data._replace(teacher=teacher), times)
        expected = weights @ (data.variances * teacher) / (weights @ data.inputs.T @ wanted / (wanted @ wanted))
        got = np.asarray(function(np.array(times)), dtype=float)
        expect(f"times {times}: number of values", got.size, len(times))
        for time, theirs, ours in zip(times, got, expected, strict=True):
            expect(f"m̂ at time {time:,.0f}", float(theirs), float(ours), tolerance=0.01)


@checker
def check_threshold_moves(saddle: Callable[..., float], bowl: Callable[..., float]) -> None:
    """``saddle(rho, low, high)``, ``bowl(low, high)``: how far apart in Λ the jumps at two thresholds are, above 0.

    Right within a tenth. The thresholds are shares m of at most 0.1 for the saddle, tolerances ε for the bowl.
    """
    for low, high in ((0.01, 0.1), (0.002, 0.02), (0.05, 0.5)):
        apart = ridge.jump_time(1.0, 1.0, low) - ridge.jump_time(1.0, 1.0, high)
        expect(f"bowl, ε from {high:g} to {low:g}", bowl(low, high), apart, tolerance=0.1 * apart)
    for rho, low, high in ((2.0, 0.01, 0.1), (1.2, 0.001, 0.01), (1.6, 1e-4, 1e-2)):
        apart = float(DECAY_TIME(high, 1.0, low, 1.0, rho))
        expect(f"saddle, ρ = {rho:g}, m from {low:g} to {high:g}", saddle(rho, low, high), apart, 0.1 * apart)


@checker
def check_resting_weight(function: Callable[..., float]) -> None:
    """``function(mean, spread, epsilon, decay)``: the weight, with its sign, at which AdamW comes to rest."""
    for case in ((0.02, 0.01, 0.0, 2.0), (20.0, 10.0, 0.0, 2.0), (0.02, 0.01, 0.02, 2.0), (-0.01, 0.03, 0.0, 0.5)):
        expected = -float(motion.PUSH(*case[:3])) / case[3]
        expect("mean {:g}, spread {:g}, epsilon {:g}, decay {:g}".format(*case), function(*case), expected, 1e-6)


@checker
def check_same_race(first: Any, second: Any) -> None:
    """Two settings (batch share, ρ) that differ in both, with one Λ at one half, within 5 %."""
    from grokmodels.explorables.motion import BATCHES, RATIOS, SEED_SHARE

    waits = []
    for share, ratio in (first, second):
        case = f"batch share {share:g}, ρ = {ratio:g}"
        on_sliders = BATCHES[0] <= share <= BATCHES[1] and RATIOS[0] <= ratio <= RATIOS[1]
        assert on_sliders, f"{case}: expected a batch share from 1/32 to 1 and a ρ from 1 to 4"
        left = float(motion.SHARED_RATIO(ratio, motion.SATURATION(share)))
        assert left > 1, f"{case}: expected a rule that grows, got an effective ratio of {left:.3g}"
        waits.append(float(DECAY_TIME(0.5, 1.0, SEED_SHARE, 1.0, left)))
    assert all(a != b for a, b in zip(first, second, strict=True)), f"expected other values, got {first} and {second}"
    expect(f"Λ at one half of {second}, that of {first}", waits[1], waits[0], tolerance=0.05 * waits[0])

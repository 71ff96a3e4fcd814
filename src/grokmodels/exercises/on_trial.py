"""Checkers of the exercises in the part "The transformer on trial"."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.measures import accuracy, fourier, paths, progress
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import Modular
from grokmodels.statistics import scaling
from grokmodels.theory import basins
from grokmodels.theory.plateau import SHARE


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
def check_spectrum(function: Callable[[Any], Any]) -> None:
    """``function(logits)``: share of each frequency in squared logits of shape (p, p, p), by a, b and c."""
    for p, frequencies, noise in ((7, [2], 0.0), (11, [1, 4], 0.0), (11, [3, 5], 1.0)):
        random = np.random.default_rng(p).normal(size=(p * p, p))
        logits = progress.handmade(p, frequencies, [2.0, 1.0][: len(frequencies)]) + noise * random + 3
        got = np.asarray(function(logits.reshape(p, p, p)), dtype=float)
        case = f"frequencies {frequencies} of p = {p} and {noise} times noise"
        expect(f"{case}: number of shares", got.size, p // 2)
        for k, (theirs, ours) in enumerate(zip(got, progress.spectrum(logits), strict=True), start=1):
            expect(f"{case}: share of frequency {k}", theirs, ours, tolerance=1e-9)


@checker
def check_rescaling(function: Callable[[Any, float], Any]) -> None:
    """``function(parameters, factor)``: other parameters, of another norm, of a network with the same logits.

    ``parameters``: names → arrays of a network with a LayerNorm before every branch and before the readout. The norm of
    the embedding must change by ``factor``.
    """
    from grokmodels.measures import landscape

    experiment, weights = _small_network()
    before = landscape.logits(experiment, weights)
    for factor in (3.0, 10.0):
        other = function({name: values.copy() for name, values in weights.items()}, factor)
        assert set(other) == set(weights), f"expected the same names of parameters, got {sorted(other)}"
        ratio = float(np.linalg.norm(other["embedding"]) / np.linalg.norm(weights["embedding"]))
        expect(f"norm of the embedding over what it was, factor {factor}", ratio, factor, tolerance=1e-4)
        # A LayerNorm adds 1e-5 to the variance, which a larger stream feels less.
        moved = float(np.abs(landscape.logits(experiment, other) - before).max())
        expect(f"largest change of a logit, factor {factor}", moved, 0.0, tolerance=1e-2)


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


def _small_network() -> tuple[Any, dict[str, Any]]:
    """A recipe modulo 7 and the first weights of its network."""
    from grokmodels.engine.transformer import Transformer
    from grokmodels.recipes.experiment import Experiment

    experiment = Experiment().but(task__p=7, batch_size="full", architecture__width=16)
    model = Transformer(experiment.transformer, experiment.task)
    return experiment, {name: values.detach().numpy() for name, values in model.named_parameters()}


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


@checker
def check_hill(function: Callable[[float, float], float]) -> None:
    """``function(margin, degree)``: the barrier of the straight path between two pure circuits of one margin, in nats.

    Under logistic loss; 0 where no point of the path lies above its ends.
    """
    t = np.linspace(0, 1, 2001)
    for margin, degree in ((5.0, 2.0), (8.0, 3.0), (2.0, 1.5), (5.0, 1.0), (5.0, 0.5)):
        heights = np.log1p(np.exp(-margin * ((1 - t) ** degree + t**degree)))
        expected = paths.barrier(heights)
        expect(f"margin {margin:g}, D = {degree:g}", function(margin, degree), expected, tolerance=1e-5)


@checker
def check_permutation(function: Callable[..., Any]) -> None:
    """``function(parameters, order)``: parameters of the same network, the neurons of its first block in this order.

    ``parameters``: names → arrays; ``order``: a permutation, (n neurons,). The given parameters stay as they are.
    """
    from grokmodels.measures import landscape

    experiment, weights = _small_network()
    name = "blocks.0.mlp_in.weight"
    before, order = landscape.logits(experiment, weights), np.random.default_rng(0).permutation(len(weights[name]))
    other = function({name: values.copy() for name, values in weights.items()}, order)
    assert set(other) == set(weights), f"expected the same names of parameters, got {sorted(other)}"
    moved = float(np.abs(np.asarray(other[name]) - weights[name][order]).max())
    expect(f"{name}, from its rows in the order {order[:3]} …: largest difference", moved, 0.0)
    moved = float(np.abs(landscape.logits(experiment, other) - before).max())
    expect("largest change of a logit", moved, 0.0, tolerance=1e-5)


@checker
def check_ridge(function: Callable[[float, float], float]) -> None:
    """``function(degree, ratio)``: the rule's share m of the margin at the top of the ridge, for a degree above 2."""
    for degree, ratio in ((3.0, 2.0), (3.0, 1.1), (4.0, 2.0), (2.5, 1.5), (3.0, 0.5)):
        odds = ratio * float(basins.SLOPE(degree, ratio)) ** degree
        expect(f"D = {degree:g}, ρ = {ratio:g}", function(degree, ratio), odds / (1 + odds), tolerance=1e-3)


@checker
def check_near_ties(function: Callable[..., Any]) -> None:
    """``function(p, frequency, a, b)``: the two wrong answers to a + b that a network with one frequency nearly gives.

    In any order; for a = b = 0 they are the neighbors of token 0 on the circle.
    """
    for p, frequency, a, b in ((59, 12, 0, 0), (59, 12, 20, 30), (31, 1, 30, 1), (7, 3, 5, 6)):
        place = fourier.circle_order(p, frequency)
        apart = (place - place[(a + b) % p]) % p
        expected = sorted(np.flatnonzero((apart == 1) | (apart == p - 1)).tolist())
        got = sorted(int(answer) for answer in function(p, frequency, a, b))
        assert got == expected, f"{a} + {b} mod {p}, frequency {frequency}: expected {expected}, got {got}"


@checker
def check_best_pair(function: Callable[[int], Any]) -> None:
    """``function(p)``: two different frequencies, of 1 to (p − 1)/2, with the largest margin modulo a prime p."""
    for p in (7, 13, 31, 59):
        pair = [int(k) for k in function(p)]
        allowed = len(set(pair)) == len(pair) == 2 and all(1 <= k <= p // 2 for k in pair)
        assert allowed, f"p = {p}: expected two different frequencies of 1 to {p // 2}, got {pair}"
        best = max(progress.margin(p, [1, k]) for k in range(2, p // 2 + 1))
        expect(f"p = {p}: margin of the frequencies {pair}", progress.margin(p, pair), best, tolerance=1e-9)


@checker
def check_enough(kept: int, half_kept: int, half_whole: int) -> None:
    """What the slider of frequencies says of p = 59, in whole numbers; steps may be off by one notch, 100.

    ``kept``: the fewest frequencies whose accuracy at the end is that of the whole network within half a percent.
    ``half_kept`` and ``half_whole``: the first step at which these, and the whole network, answer half of the test.
    """
    from grokmodels import studies

    run = next(run for _, run in studies.with_weights("circuits") if run.experiment.task.p == 59)
    test, last = run.experiment.split.test, max(run.checkpoints)

    def answered(steps: Any, frequencies: Any) -> Any:
        labels = run.experiment.task.labels[test]
        return {step: accuracy(logits[test], labels) for step, logits in progress.logits_of(run, steps, frequencies)}

    (_, logits) = next(progress.logits_of(run, [last]))
    order = np.argsort(-progress.spectrum(logits), kind="stable") + 1
    whole = answered(range(0, last + 1, 100), None)
    fewest = next(n for n in range(len(order)) if answered([last], order[:n])[last] >= whole[last] - 0.005)
    expect("the fewest frequencies that are as good as the whole", kept, fewest)
    few = answered([*whole], order[:fewest])
    for name, got, course in (("half_kept", half_kept, few), ("half_whole", half_whole, whole)):
        first = next(step for step in sorted(course) if course[step] >= 0.5)
        expect(f"{name}: the first step with half of the test answered", got, first, tolerance=100)

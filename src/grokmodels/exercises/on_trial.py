"""Checkers of the exercises in the part "The transformer on trial"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import measures
from grokmodels.checking import checker, expect
from grokmodels.measures import progress
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import Modular, Split
from grokmodels.statistics import scaling
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
    from grokmodels.engine.transformer import Transformer
    from grokmodels.measures import landscape
    from grokmodels.recipes.experiment import Experiment

    experiment = Experiment().but(task__p=7, batch_size="full", architecture__width=16)
    model = Transformer(experiment.transformer, experiment.task)
    weights = {name: values.detach().numpy() for name, values in model.named_parameters()}
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


@checker
def check_schedule_readings(pause: float, decay: float) -> None:
    """The pause, within 100 steps, with which the toy turns at step 3,000; the decay, within 0.05, at a ramp's turn.

    The decay is 1 from the start, or a ramp to 1 over 4,000 steps.
    """
    from grokmodels import studies

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
    from grokmodels import studies
    from grokmodels.claims import delay

    runs = delay.contractions(studies.record("weight-decay"))
    fitted = runs[delay.DECAY] == 0.5
    wait = runs["delay"] * runs["product"]
    for name, got, known in (("contraction", contraction, runs["to t_gen"]), ("the same Λ", same, wait)):
        error = float(np.log(known[~fitted] / known[fitted].mean()).abs().mean())
        expect(f"error of {name}", got, error, tolerance=0.01)


@checker
def check_scaled_wait(function: Callable[[float, float, float], float]) -> None:
    """``function(wait, size, factor)``: Λ* with ``factor`` times the examples, if it is ``wait`` at ``size`` · N_c.

    At degree 2, the logarithm unchanged; infinite where the rule does not take over.
    """
    for wait, size, factor in ((20.0, 1.2, 2.0), (20.0, 1.2, 0.9), (8.0, 3.0, 0.5), (20.0, 1.2, 0.8), (5.0, 2.0, 0.5)):
        got, left = function(wait, size, factor), size * factor - 1
        case = f"a wait of {wait:g} at {size:g} N_c, {factor:g} times the examples"
        if left <= 0:
            assert got == np.inf, f"{case}: expected inf, got {got}"
        else:
            expect(case, got, wait * (size - 1) / left, tolerance=1e-6)


@checker
def check_border_cell(fraction: float, weight_decay: float) -> None:
    """A cell of the map in which some seeds generalize and others do not."""
    from grokmodels import studies

    runs = studies.record("phase-diagram").runs
    cells = runs.groupby(["fraction", "optimizer.weight_decay"])["t_gen_censored"]
    waiting = {cell: (int(late.sum()), len(late)) for cell, late in cells}
    cell = f"fraction {fraction:g}, decay {weight_decay:g}"
    assert (fraction, weight_decay) in waiting, f"{cell}: expected a cell of the map"
    late, n = waiting[fraction, weight_decay]
    assert 0 < late < n, f"{cell}: expected seeds that disagree, got {n - late} of {n} that generalize"


@checker
def check_two_laws(function: Callable[..., Any]) -> None:
    """``function(budgets, fractions, later)``: critical fractions at a later budget, by an edge and by a pure power.

    From two budgets in steps and the critical fractions there; ``later`` may be infinite.
    """
    for budgets, fractions in (((1000, 2000), (0.50, 0.45)), ((500, 3000), (0.60, 0.40))):
        for later in (2 * budgets[1], 8 * budgets[1], np.inf):
            slope, edge = np.polyfit(1 / np.array(budgets), fractions, 1)
            power = np.log(fractions[1] / fractions[0]) / np.log(budgets[1] / budgets[0])
            expected = edge + slope / later, fractions[1] * (later / budgets[1]) ** power
            got = function(budgets, fractions, later)
            for name, theirs, ours in zip(("edge", "power"), got, expected, strict=True):
                expect(f"{name}, {fractions} at {budgets} steps, at {later} steps", theirs, float(ours), 1e-6)

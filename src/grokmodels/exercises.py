"""Checkers for the book's exercises: each takes what you made, says "Correct." or says what is wrong.

A checker tests your function on cases of its own and stops at the first that fails with an AssertionError that shows
the case, what was expected and what came back. The dots of an exercise that nobody has answered fail before any case.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import measures
from grokmodels.checking import checker, expect
from grokmodels.measures import progress, walsh
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import Modular
from grokmodels.statistics import intraclass, scaling
from grokmodels.theory import motion, rest, ridge
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.mixture import mixture_width
from grokmodels.theory.plateau import DECAY_TIME, SHARE
from grokmodels.theory.slots import CRITICAL_SIZE, RATIO


@checker
def check_guessing_loss(value: float) -> None:
    """The loss, in nats, of a network that gives each of 97 answers the same probability."""
    expect("the loss of even guessing among 97 answers", value, math.log(97), tolerance=1e-3)


@checker
def check_lasting_step(function: Callable[[Any, Any], int | None]) -> None:
    """``function(steps, accuracy)``: the first step at which accuracy reaches 0.99 and lasts, or None.

    It lasts if at least three of the five evaluations from that one on are at 0.99. ``steps`` and ``accuracy`` are
    arrays of equal length.
    """
    cases = {
        "a clean rise": [0.1, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0],
        "a spike that does not last": [0.1, 1.0, 0.8, 0.7, 0.8, 0.995, 0.99, 1.0, 1.0, 1.0],
        "a dip that does not end it": [0.1, 1.0, 0.8, 0.995, 0.99, 1.0, 1.0, 1.0],
        "a record that ends too early to tell": [0.1, 0.5, 1.0, 1.0, 1.0, 1.0],
        "a run that never gets there": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
    }
    for name, accuracy in cases.items():
        steps = 25 * np.arange(len(accuracy))
        milestone = measures.first_lasting(steps, accuracy, level=0.99)
        expected = None if milestone.censored else milestone.step
        expect(f"{name}, accuracy {accuracy} every 25 steps", function(steps, np.array(accuracy)), expected)


@checker
def check_rule_share(function: Callable[[Any], float]) -> None:
    """``function(logits)``: the rule share of addition, from logits of shape (p, p, p), indexed by a, b and class c."""
    for p, seed in ((5, 0), (7, 1)):
        task = Modular(p=p)
        noise = np.random.default_rng(seed).normal(size=(p * p, p))
        for amount in (0.0, 1.0, 5.0):
            logits = noise + amount * np.eye(p)[task.labels]
            expect(
                f"noise plus {amount} times the rule, p = {p}",
                function(logits.reshape(p, p, p)),
                measures.rule_share(logits, task.orbits),
                tolerance=1e-9,
            )


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
def check_walsh_coefficient(function: Callable[..., float]) -> None:
    """``function(table, bits)``: the coefficient of a table (2^n,) at the character of the set ``bits``, a list.

    Places are counted from 0 at the first token; the empty list is the constant.
    """
    for size, places in ((3, [0]), (4, [1, 2]), (5, []), (5, [0, 1, 2, 3, 4]), (6, [0, 5])):
        table = np.random.default_rng(size).normal(size=2**size)
        number = sum(2 ** (size - 1 - place) for place in places)
        expected = float(walsh.coefficients(table)[number])
        expect(f"a table over {size} bits, the set {places}", function(table, places), expected, tolerance=1e-9)


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


@checker
def check_forecaster(function: Callable[[Any], float]) -> None:
    """``function(view)``: a forecast of t_gen, in steps, from what a :class:`~grokmodels.forecasts.view.View` shows.

    It is asked of the test seeds at twice t_mem, from training data only, and must be better than a constant.
    """
    from grokmodels.forecasts.benchmark import placed

    print(placed(function))


@checker
def check_least_error(function: Callable[..., float]) -> None:
    """``function(forecast, t_gen, censored)``: |ln(forecast / t_gen)|; of a censored run the least that it can be."""
    from grokmodels.forecasts.scores import off

    for case in ((200.0, 100.0, False), (50.0, 100.0, False), (50.0, 100.0, True), (200.0, 100.0, True)):
        expect("forecast {:g}, t_gen {:g}, censored {}".format(*case), function(*case), off(*case), 1e-9)


@checker
def check_two_hops(function: Callable[..., Any]) -> None:
    """``function(world, share)``: the two-hop questions of a world, and φ if this share of them is trained.

    ``world[h, r]`` is the entity that the fact of entity h and relation r answers with, −1 where there is none. The
    questions are rows (h, r, s, answer) in any order; φ is the number of trained questions per fact.
    """
    from grokmodels.recipes.tasks import TwoHop

    for size in ({"entities": 4, "relations": 2}, {"entities": 6, "relations": 4, "degree": 2, "world_seed": 1}):
        task = TwoHop.model_validate(size)
        rows = task.queries[:, 2] >= 0
        expected = {(*query, answer) for query, answer in zip(task.queries.tolist(), task.labels.tolist(), strict=True)}
        expected = {row for row in expected if row[2] >= 0}
        for share in (0.5, 0.8):
            questions, phi = function(task.world.copy(), share)
            case = f"world {task.world.tolist()}, share {share}"
            got = {tuple(int(part) for part in row) for row in questions}
            wrong, missing = sorted(got - expected), sorted(expected - got)
            assert not wrong, f"{case}: {wrong[0]} is no question of this world with its answer"
            assert not missing, f"{case}: the question {missing[0][:3]} with answer {missing[0][3]} is missing"
            expect(f"{case}: questions, each once", len(questions), int(rows.sum()))
            expect(f"{case}: φ", phi, share * int(rows.sum()) / int((task.world >= 0).sum()), tolerance=1e-9)


@checker
def check_within_reach(function: Callable[[Any, Any], float]) -> None:
    """``function(trained, asked)``: the share of the asked questions that are within reach of the trained ones.

    Questions are rows (h, r, bridge, s): (h, r) is the fact of the first hop, (bridge, s) that of the second. Within
    reach are those whose two facts each stand, as the same hop, in some trained question.
    """
    from grokmodels.claims.facts import within_reach, world
    from grokmodels.recipes.experiment import Experiment

    for fraction in (0.1, 0.3, 0.7):
        recipe = {"kind": "two-hop", "entities": 12, "relations": 4, "unused": 0.1}
        experiment = Experiment.model_validate({"task": recipe, "fraction": fraction, "batch_size": 4})
        task = world(experiment)
        rows = np.insert(task.queries, 2, task.bridges, axis=1)
        train, test = (rows[part] for part in experiment.split)
        train = train[train[:, 3] >= 0]
        case = f"{len(train)} trained and {len(test)} asked questions"
        expect(case, function(train, test), within_reach(experiment), tolerance=1e-9)


@checker
def check_mixture(function: Callable[..., float]) -> None:
    """``function(waits, width)``: how much ln Λ grows while the mean accuracy of skills rises from 10 to 90 %.

    Skill i has the accuracy 1 / (1 + (waits[i] / Λ)^(2 ln 9 / width)); ``waits`` is an array.
    """
    for waits, width in (
        ([3.0], 0.5),
        ([3.0] * 8, 0.5),
        ([2.0, 4.0], 0.1),
        ([2.0, 2.2, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0], 0.3),
    ):
        got, expected = function(np.array(waits), width), mixture_width(waits, width)
        expect(f"waits {waits}, each in a step of width {width}", got, expected, tolerance=0.01)


@checker
def check_coincidence(function: Callable[[Any], float]) -> None:
    """``function(waits)``: the share of the variance of ln waits that skills of one run have in common.

    ``waits``, (n runs, k skills). With x = ln waits less each skill's mean over runs, B = k Σ m² / (n − 1) for the
    runs' means m, and W = Σ (x − m)² / ((n − 1)(k − 1)), it is (B − W) / (B + (k − 1) W).
    """
    rng = np.random.default_rng(1)
    own, run, skill = 0.2 * rng.normal(size=(6, 8)), 0.3 * rng.normal(size=(6, 1)), np.linspace(0, 1, 8)
    cases = {
        "skills that turn by themselves": own,
        "skills of a run that turn at one time": run + 0 * own,
        "both": run + own,
        "both, and each skill has a wait of its own": run + own + skill,
    }
    for name, waits in cases.items():
        expect(name, function(np.exp(waits)), intraclass(waits), tolerance=1e-9)

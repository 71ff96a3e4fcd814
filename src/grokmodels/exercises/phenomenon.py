"""Checkers of the exercises in the part "The phenomenon"."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grokmodels import measures, studies
from grokmodels.checking import checker, expect
from grokmodels.measures import walsh
from grokmodels.recipes.tasks import Modular, Parity
from grokmodels.theory.leak import vote_accuracy

DECAY = "optimizer.weight_decay"


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
def check_first_signs(rule_share: float, accuracy: float) -> None:
    """The steps at which the rule share and the test accuracy of the run in the replay first pass 0.05.

    Each may be off by 50 steps, the distance between two positions of the slider.
    """
    runs = studies.record("canonical").only(block="decay").along("seed")
    run = runs[runs["seed"] == 0]
    for column, answer in {"rule_share": rule_share, "test_accuracy": accuracy}.items():
        expected = int(run.loc[run[column] > 0.05, "step"].iloc[0])
        expect(f"first step with a {column.replace('_', ' ')} above 0.05, within 50", answer, expected, tolerance=50)


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
def check_two_stops(memorized: Sequence[int], generalized: Sequence[int]) -> None:
    """How many of the ten seeds of the parity figure did so: two numbers each, without decay and with it."""
    runs = studies.record("parity").only(block="decay").runs
    runs = runs[runs["fraction"] == 0.3]
    for time, name, answer in (("t_mem", "memorized", memorized), ("t_gen", "generalized", generalized)):
        done = (~runs[f"{time}_censored"]).groupby(runs[DECAY]).sum()
        assert len(answer) == len(done), f"{name}: expected a number for each of {len(done)} stops, got {answer}"
        for (decay, expected), got in zip(done.items(), answer, strict=True):
            expect(f"{name} at decay {decay:g}", got, expected)


@checker
def check_sparse_vote(function: Callable[[int, float], float]) -> None:
    """``function(relevant, blur)``: how often the vote of stored strings is right on the others, as a share of one.

    The label is the parity of the first ``relevant`` of ten bits; the stored strings are the training strings of
    ``Parity(bits=10).split(0.3, seed=0)``, and each votes with the weight ``blur`` to the power of its distance.
    """
    split = Parity(bits=10).split(0.3, seed=0)
    for relevant, blur in ((3, 0.02), (3, 0.3), (1, 0.02), (5, 0.1), (9, 0.3), (10, 0.02)):
        task = Parity(bits=10, relevant=relevant if relevant < 10 else None)
        case = f"{relevant} of ten bits count, blur {blur}"
        expect(case, function(relevant, blur), vote_accuracy(task, split, blur), tolerance=0.005)


@checker
def check_idle_steps(function: Callable[[float, float, float], int]) -> None:
    """``function(rate, decay, level)``: the number of steps after which an idle weight, at first 1, is below the level.

    Exactly as AdamW shrinks it.
    """
    for rate, decay, level in ((0.003, 0.5, 0.1), (0.003, 1.0, 0.1), (0.1, 5.0, 0.2), (0.001, 0.1, 0.99)):
        weights = np.cumprod(np.full(100_000, 1 - rate * decay))
        expected = int(np.argmax(weights < level)) + 1
        expect(f"rate {rate:g}, decay {decay:g}, below {level:g}", function(rate, decay, level), expected)


@checker
def check_waits_by_decay(decays: Sequence[float], steps: Sequence[float]) -> None:
    """The median step at which the runs of the front page generalize, at three weight decays or more.

    Each may be off by 15 %, as read off a logarithmic axis.
    """
    runs = studies.record("weight-decay").runs
    waits = runs["t_gen"].where(~runs["t_gen_censored"], math.inf).groupby(runs[DECAY]).median()
    known = waits[waits < math.inf]
    assert len(set(decays)) >= 3, f"decays: expected three or more, got {decays}"
    assert len(decays) == len(steps), f"steps: expected one for each of {len(decays)} decays, got {len(steps)}"
    for decay, step in zip(decays, steps, strict=True):
        assert decay in known, f"decays: expected some of {[*known.index]}, whose median is known, got {decay}"
        expect(f"median t_gen at decay {decay:g}, within 15 %", step, known[decay], tolerance=0.15 * known[decay])


@checker
def check_censored_means(dropped: float, replaced: float, counted: float) -> None:
    """Three estimates of a mean of 8,000 steps from ten runs and a budget of 10,000, each averaged over many studies.

    ``dropped``: without the runs that are censored; ``replaced``: with the budget in their place; ``counted``: total
    time observed over the number of runs that generalized. Each may be off by 5 %.
    """
    mean, budget, runs = 8000.0, 10_000.0, 10
    late = math.exp(-budget / mean)
    ended = mean - budget * late / (1 - late)
    done = np.arange(runs + 1)
    chances = np.array([math.comb(runs, k) * (1 - late) ** k * late ** (runs - k) for k in done])
    totals = done * ended + (runs - done) * budget
    estimates = {
        "(a), censored runs dropped": (dropped, ended),
        "(b), the budget in their place": (replaced, mean * (1 - late)),
        "(c), total time over events": (counted, float(chances[1:] @ (totals[1:] / done[1:])) / (1 - chances[0])),
    }
    for name, (got, expected) in estimates.items():
        expect(f"{name}, within 5 %", got, round(expected), tolerance=0.05 * expected)

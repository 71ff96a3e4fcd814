"""Checkers of the exercises of the chapter "Anatomy of an experiment"."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grokmodels import measures, studies
from grokmodels.checking import checker, expect
from grokmodels.recipes.tasks import Modular
from grokmodels.statistics import median_wait

DECAY = "optimizer.weight_decay"


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
    waits = {decay: median_wait(own["t_gen"], own["t_gen_censored"]) for decay, own in runs.groupby(DECAY)}
    known = {decay: wait for decay, wait in waits.items() if wait < math.inf}
    assert len(set(decays)) >= 3, f"decays: expected three or more, got {decays}"
    assert len(decays) == len(steps), f"steps: expected one for each of {len(decays)} decays, got {len(steps)}"
    for decay, step in zip(decays, steps, strict=True):
        assert decay in known, f"decays: expected some of {[*known]}, whose median is known, got {decay}"
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

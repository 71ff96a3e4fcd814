"""Checkers of the exercises in the part "The phenomenon"."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import measures
from grokmodels.checking import checker, expect
from grokmodels.measures import walsh
from grokmodels.recipes.tasks import Modular


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
def check_walsh_coefficient(function: Callable[..., float]) -> None:
    """``function(table, bits)``: the coefficient of a table (2^n,) at the character of the set ``bits``, a list.

    Places are counted from 0 at the first token; the empty list is the constant.
    """
    for size, places in ((3, [0]), (4, [1, 2]), (5, []), (5, [0, 1, 2, 3, 4]), (6, [0, 5])):
        table = np.random.default_rng(size).normal(size=2**size)
        number = sum(2 ** (size - 1 - place) for place in places)
        expected = float(walsh.coefficients(table)[number])
        expect(f"a table over {size} bits, the set {places}", function(table, places), expected, tolerance=1e-9)

"""Checkers for the book's exercises: each takes what you made, says "Correct." or says what is wrong.

A checker tests your function on cases of its own and stops at the first that fails with an AssertionError that shows
the case, what was expected and what came back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import measures
from grokmodels.tasks import Modular
from grokmodels.theory import rest, ridge


def check_guessing_loss(value: float) -> None:
    """The loss, in nats, of a network that gives each of 97 answers the same probability."""
    _expect("the loss of even guessing among 97 answers", value, math.log(97), tolerance=1e-3)
    print("Correct.")


def check_lasting_step(function: Callable[[Any, Any], int | None]) -> None:
    """``function(steps, accuracy)``: the first step from which accuracy is at least 0.99 five times in a row, or None.

    ``steps`` and ``accuracy`` are arrays of equal length.
    """
    cases = {
        "a clean rise": [0.1, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0],
        "a spike that does not last": [0.1, 1.0, 0.8, 0.995, 0.99, 1.0, 1.0, 1.0],
        "a record that ends too early to tell": [0.1, 0.5, 1.0, 1.0, 1.0, 1.0],
        "a run that never gets there": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
    }
    for name, accuracy in cases.items():
        steps = 25 * np.arange(len(accuracy))
        milestone = measures.first_lasting(steps, accuracy, level=0.99)
        expected = None if milestone.censored else milestone.step
        _expect(f"{name}, accuracy {accuracy} every 25 steps", function(steps, np.array(accuracy)), expected)
    print("Correct.")


def check_rule_share(function: Callable[[Any], float]) -> None:
    """``function(logits)``: the rule share of addition, from logits of shape (p, p, p), indexed by a, b and class c."""
    for p, seed in ((5, 0), (7, 1)):
        task = Modular(p=p)
        noise = np.random.default_rng(seed).normal(size=(p * p, p))
        for amount in (0.0, 1.0, 5.0):
            logits = noise + amount * np.eye(p)[task.labels]
            _expect(
                f"noise plus {amount} times the rule, p = {p}",
                function(logits.reshape(p, p, p)),
                measures.rule_share(logits, task.orbits),
                tolerance=1e-9,
            )
    print("Correct.")


def check_fold(function: Callable[[float, float], float]) -> None:
    """``function(degree, efficiency)``: the largest weight decay at which one circuit rests under logistic loss."""
    for degree, efficiency in ((3.0, 1.0), (3.0, 2.0), (4.0, 0.5), (2.5, 1.0)):
        _expect(
            f"degree {degree:g}, efficiency {efficiency:g}",
            function(degree, efficiency),
            rest.spinodal(degree, efficiency),
            tolerance=1e-4,
        )
    print("Correct.")


def check_late_jump(function: Callable[[float, float, float], float]) -> None:
    """``function(loss, decay, tolerance)``: the time at which half of the answers of the null model are right.

    Its test loss is ``loss`` · e^(−2 decay t), half the mean square of a Gaussian error; an answer is right where the
    error is within ``tolerance``.
    """
    for loss, decay, tolerance in ((2.9, 1e-4, 0.5), (2.9, 2e-4, 0.5), (10.0, 1e-3, 0.1)):
        _expect(
            f"loss {loss:g}, decay {decay:g}, tolerance {tolerance:g}",
            function(loss, decay, tolerance),
            ridge.jump_time(loss, decay, tolerance),
            tolerance=1e-3 / decay,
        )
    print("Correct.")


def _expect(case: str, got: Any, expected: Any, tolerance: float = 0.0) -> None:
    right = got is None if expected is None else got is not None and abs(got - expected) <= tolerance
    assert right, f"{case}: expected {expected}, got {got}"

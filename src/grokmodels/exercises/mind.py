"""Checkers of the exercises of the chapter "A network that changes its mind"."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import measures, studies
from grokmodels.checking import checker, expect


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

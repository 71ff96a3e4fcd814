"""The plateau between memorizing and generalizing, and how fast the rule grows along it: the toy's ρ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

# A run waits while its test accuracy has not reached this (predicted in studies/canonical.toml), or, where guessing is
# nearly as good, twice that of guessing.
WAITING = 0.05
# A line through fewer evaluations than this says nothing.
FEWEST = 5


def plateau(history: pd.DataFrame, t_mem: float, classes: int) -> pd.DataFrame:
    """The evaluations of a run from t_mem until its test accuracy first reaches 5 %, or 2/classes if that is more."""
    after = history[history["step"] >= t_mem]
    return after[(after["test_accuracy"] < max(WAITING, 2 / classes)).cummin()]


def signed_root(rule_share: Any, test_signal: Any) -> Any:
    """±√(R / (1 − R)): how loud the rule is in the logits beside all else, below 0 where it speaks for wrong answers.

    The rule share R is a square, and has no sign. A lookup table leaks against the right answer
    (:mod:`grokmodels.theory.leak`), so R is (signal − leak)², and falls before it rises while a rule grows.
    """
    return np.sign(test_signal) * np.sqrt(rule_share / (1 - rule_share))


class Growth(NamedTuple):
    """The straight line through the logarithm of the signed root of the rule share, against the decay time Λ.

    ``rate``: its slope per unit of Λ; ``curvature``: the second derivative of a parabola in its place, 0 where it is
    straight; ``evaluations``: how many there were.
    """

    rate: float
    curvature: float
    evaluations: int

    @property
    def ratio(self) -> float:
        """The toy's ρ at degree 2, where the odds of the rule's share grow as e^(2(ρ − 1)Λ)."""
        return 1 + self.rate / 2


def growth(waiting: pd.DataFrame) -> Growth:
    """Of a plateau, over the evaluations at which the signed root is positive: else the leak is louder than the rule.

    NaN where those are fewer than five, and where no decay accumulates between them.
    """
    root = signed_root(waiting["rule_share"], waiting["test_signal"]).to_numpy(float)
    x, y = waiting["decay_time"].to_numpy(float)[root > 0], np.log(root[root > 0])
    if len(x) < FEWEST or np.ptp(x) == 0:
        return Growth(np.nan, np.nan, len(x))
    return Growth(float(np.polyfit(x, y, 1)[0]), float(2 * np.polyfit(x, y, 2)[0]), len(x))

"""When a run memorizes and when it generalizes: the first evaluation from which accuracy lasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

# The accuracy that counts as memorized or generalized, and the evaluations among which it must last.
LEVEL, EVALUATIONS = 0.99, 5


class Milestone(NamedTuple):
    """When something happened. ``censored``: it had not by ``step``, the last step looked at; nothing more is known."""

    step: int
    censored: bool

    def __str__(self) -> str:
        return f"not within {self.step:,} steps" if self.censored else f"step {self.step:,}"


class Milestones(NamedTuple):
    """``t_mem`` and ``t_gen``: when training and test accuracy reach the level and stay there, but for brief dips."""

    t_mem: Milestone
    t_gen: Milestone

    @property
    def delay_ratio(self) -> float:
        """t_gen / t_mem; a lower bound where t_gen is censored, NaN where t_mem is."""
        return float("nan") if self.t_mem.censored else self.t_gen.step / self.t_mem.step


def first_lasting(steps: ArrayLike, values: ArrayLike, level: float, evaluations: int = EVALUATIONS) -> Milestone:
    """The first evaluation at or above ``level`` that lasts: most of the ``evaluations`` from it on are there, too.

    A majority, not all: large steps make accuracy dip for an evaluation or two, and a rule that forbids any dip would
    date memorization by the spacing of the dips. Censored at the last step where no such stretch has been seen in full:
    a crossing that the record is too short to confirm does not count. Without any evaluation that is step 0.
    """
    steps, above = np.asarray(steps), np.asarray(values) >= level
    if len(above) >= evaluations:
        most = np.convolve(above, np.ones(evaluations, dtype=int), mode="valid") > evaluations / 2
        lasting = most & above[: len(most)]
        if lasting.any():
            return Milestone(int(steps[lasting.argmax()]), censored=False)
    return Milestone(int(steps[-1]) if len(steps) else 0, censored=True)


def milestones(history: pd.DataFrame, level: float = LEVEL, evaluations: int = EVALUATIONS) -> Milestones:
    """t_mem and t_gen of a run's history (columns ``step``, ``train_accuracy``, ``test_accuracy``).

    >>> steps = range(0, 800, 100)
    >>> history = pd.DataFrame({"step": steps, "train_accuracy": [0, 1, 1, 1, 1, 1, 1, 1], "test_accuracy": 0.0})
    >>> print(*milestones(history), sep=", ")
    step 100, not within 700 steps
    """
    return Milestones(
        first_lasting(history["step"], history["train_accuracy"], level, evaluations),
        first_lasting(history["step"], history["test_accuracy"], level, evaluations),
    )

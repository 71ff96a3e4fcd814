"""What is measured of a network, all of it from logits, labels and weights; no fitting anywhere.

Shapes: n inputs, C classes. ``logits`` (n, C), ``labels`` (n,), ``orbits`` (n, C) from a task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]


def accuracy(logits: FloatArray, labels: IntArray) -> float:
    """Share of inputs whose largest logit is the right one."""
    return float((logits.argmax(axis=1) == labels).mean())


def cross_entropy(logits: FloatArray, labels: IntArray) -> float:
    """Mean of −ln softmax(logits)[label], in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sum - _at(shifted, labels)).mean(dtype=np.float64))


def margins(logits: FloatArray, labels: IntArray) -> FloatArray:
    """The right logit minus the best wrong one, shape (n,); positive where the answer is right."""
    wrong = logits.copy()
    wrong[np.arange(len(labels)), labels] = -np.inf
    return _at(logits, labels) - wrong.max(axis=1)


def signal(logits: FloatArray, labels: IntArray) -> float:
    """Mean right-class logit after each row's mean is removed: how loudly the right answer is said."""
    return float((_at(logits, labels) - logits.mean(axis=1)).mean(dtype=np.float64))


def rule_share(logits: FloatArray, orbits: IntArray) -> float:
    """Share of the squared logits (row means removed) that survives the projection on the task's symmetry: 0 to 1.

    The projection replaces every logit by the mean over its orbit, among the rows that are given.
    1 for any network that answers with a rule of the task's symmetry, also for a shifted or reversed one: it looks at
    structure, not at labels. For pure noise on H inputs of one input orbit it is 1/H on average. NaN for constant rows.
    """
    centered = logits - logits.mean(axis=1, keepdims=True, dtype=np.float64)
    total = np.square(centered).sum()
    # What a projection keeps of a squared length is the sum over orbits of (sum in the orbit)² / (size of the orbit).
    flat = orbits.ravel()
    sums = np.bincount(flat, weights=centered.ravel())
    sizes = np.bincount(flat)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nansum(sums**2 / sizes) / total) if total > 0 else float("nan")


def weight_norms(parameters: Mapping[str, ArrayLike]) -> dict[str, float]:
    """Euclidean norm of each named parameter."""
    return {name: float(np.linalg.norm(np.asarray(values, dtype=np.float64))) for name, values in parameters.items()}


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


def first_lasting(steps: ArrayLike, values: ArrayLike, level: float, evaluations: int = 5) -> Milestone:
    """The first evaluation at or above ``level`` that lasts: most of the ``evaluations`` from it on are there, too.

    A majority, not all: large steps make accuracy dip for an evaluation or two, and a rule that forbids any dip would
    date memorization by the spacing of the dips. Censored at the last step where no such stretch has been seen in full:
    a crossing that the record is too short to confirm does not count.
    """
    steps, above = np.asarray(steps), np.asarray(values) >= level
    if len(above) >= evaluations:
        most = np.lib.stride_tricks.sliding_window_view(above, evaluations).sum(axis=1) > evaluations / 2
        lasting = most & above[: len(most)]
        if lasting.any():
            return Milestone(int(steps[lasting.argmax()]), censored=False)
    return Milestone(int(steps[-1]), censored=True)


def milestones(history: pd.DataFrame, level: float = 0.99, evaluations: int = 5) -> Milestones:
    """t_mem and t_gen of a run's history (columns ``step``, ``train_accuracy``, ``test_accuracy``)."""
    return Milestones(
        first_lasting(history["step"], history["train_accuracy"], level, evaluations),
        first_lasting(history["step"], history["test_accuracy"], level, evaluations),
    )


def _at(logits: FloatArray, labels: IntArray) -> FloatArray:
    return logits[np.arange(len(labels)), labels]

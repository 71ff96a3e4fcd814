"""What is measured of a network's answers, all of it from logits and labels; no fitting anywhere.

Shapes: n inputs, C classes. ``logits`` (n, C), ``labels`` (n,), ``orbits`` (n, C) from a task.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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

    >>> from grokmodels import Modular
    >>> task = Modular(p=7)
    >>> right, noise = np.eye(7)[task.labels], np.random.default_rng(0).normal(size=(49, 7))
    >>> round(rule_share(right, task.orbits), 6), rule_share(noise, task.orbits) < 0.1
    (1.0, True)
    """
    centered = logits - logits.mean(axis=1, keepdims=True, dtype=np.float64)
    total = np.square(centered).sum()
    # What a projection keeps of a squared length is the sum over orbits of (sum in the orbit)² / (size of the orbit).
    flat = orbits.ravel()
    sums = np.bincount(flat, weights=centered.ravel())
    sizes = np.bincount(flat)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nansum(sums**2 / sizes) / total) if total > 0 else float("nan")


def _at(logits: FloatArray, labels: IntArray) -> FloatArray:
    return logits[np.arange(len(labels)), labels]

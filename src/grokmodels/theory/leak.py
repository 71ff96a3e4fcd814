"""What a lookup table says of inputs that it has not stored: it leaks against the right answer.

A table that blurs answers an input by votes: each training input votes for its own label, with a weight that says how
near it is. For a + b mod p let a pair's own vote weigh 1, that of a pair which shares its first or its second number
``sharing``, and that of its mirror (b, a) ``mirror``. Each label occurs once in every row and column of the table of
sums, so for a held-out pair no vote of its row or column goes to the right answer: each wrong one has 2 f ``sharing``
of them on average, f being the fraction in training. For parity every neighbor of a string has the opposite label.

The derivations are this book's; that neighbors of a stored string vote wrongly is seen in :func:`vote_accuracy`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from grokmodels.recipes.tasks import Parity, Split

p, f, sharing, mirror = sp.symbols("p f sharing mirror", positive=True)

# Mean logit of the right class, the mean over classes removed, on training and on held-out pairs. Mirrors of a held-out
# pair are in training with the chance f of any pair, or never where the split keeps them together.
_ROWS = 2 * f * sharing
SIGNAL_TRAIN = (1 - 1 / p) * (1 + f * mirror - _ROWS)
SIGNAL_HELD_OUT = (1 - 1 / p) * (f * mirror - _ROWS)
SIGNAL_TRAIN_UNORDERED = (1 - 1 / p) * (1 + mirror - _ROWS)
SIGNAL_HELD_OUT_UNORDERED = -(1 - 1 / p) * _ROWS

# m̂ of a table without any rule.
M_HAT = sp.simplify(SIGNAL_HELD_OUT / SIGNAL_TRAIN)
M_HAT_UNORDERED = sp.simplify(SIGNAL_HELD_OUT_UNORDERED / SIGNAL_TRAIN_UNORDERED)

# The rule share of the votes of rows and columns alone, on held-out pairs: the leak is 2 f at every wrong class, its
# square summed over classes; the rest is the scatter of two coins of chance f at each of the p − 1 wrong classes.
LEAK = 4 * f**2 * (p - 1) / p
SCATTER = 2 * f * (1 - f) * (p - 1)
FLOOR = sp.simplify(LEAK / (LEAK + SCATTER))

# The same where labels are a random function of the pair: none is missing, nothing leaks, and what is left is chance.
# Answers that are independent from pair to pair have 1 / H, H = (1 − f) p² being the held-out pairs. The votes of rows
# and columns have less, about f of it: over all pairs of a row they sum to zero, so that its held-out pairs are drawn
# without replacement; and a stored pair is left out of its row and of its column alike, which adds some 2 / p.
FLOOR_RANDOM_LABELS = (2 + (p - 3) * f) / ((p - 1) * (1 - f) * p**2)


def votes(
    p: int, split: Split, sharing: float, mirror: float, labels: NDArray[np.integer[Any]] | None = None
) -> NDArray[np.floating[Any]]:
    """The logits of the table on all pairs (a, b), a·p + b the row: (p², p). ``labels`` (p²,): by default the sums."""
    stored = np.zeros((p, p))
    stored.ravel()[split.train] = 1
    # One-hot labels of stored pairs by row and column, summed over each.
    own = np.zeros((p, p, p))
    a, b = np.indices((p, p))
    own[a, b, (a + b) % p if labels is None else labels.reshape(p, p)] = stored
    others = own.sum(axis=1, keepdims=True) + own.sum(axis=0, keepdims=True) - 2 * own
    return (own + sharing * others + mirror * own.transpose(1, 0, 2) * (a != b)[..., None]).reshape(p * p, p)


def kernel_vote(task: Parity, split: Split, similarity: float) -> NDArray[np.floating]:
    """What a blurred table of strings says: each label spreads to all strings with weight similarity^distance.

    Positive for an odd parity. A ``similarity`` near 0 is the vote of the nearest stored strings.
    """
    strings = task.inputs
    stored = strings[split.train]
    distance = (strings[:, None] != stored[None]).sum(axis=2)
    signs = 2.0 * task.labels[split.train] - 1
    with np.errstate(divide="ignore"):
        return np.asarray(np.power(float(similarity), distance) @ signs)


def vote_accuracy(task: Parity, split: Split, similarity: float) -> float:
    """Held-out accuracy of :func:`kernel_vote`; a vote of zero counts one half."""
    vote = kernel_vote(task, split, similarity)[split.test]
    right = np.sign(vote) * (2 * task.labels[split.test] - 1)
    return float((right + 1).mean() / 2)

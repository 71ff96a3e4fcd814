"""The lookup table in a network's logits, for a + b mod p: how it spreads what it has stored to other pairs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grokmodels.recipes.tasks import Split
from grokmodels.theory.leak import votes


class Table(NamedTuple):
    """A table of votes (:mod:`grokmodels.theory.leak`): the weights of a shared number and of the mirror.

    ``share``: how much of the squared logits it accounts for.
    """

    sharing: float
    mirror: float
    share: float


def nearest_table(logits: NDArray[np.floating[Any]], split: Split) -> Table:
    """The table whose votes come nearest to logits (p², p) of all pairs, by least squares; row means are removed."""
    p = logits.shape[1]
    own = votes(p, split, 0, 0)
    parts = [own, votes(p, split, 1, 0) - own, votes(p, split, 0, 1) - own]
    x = np.stack([(part - part.mean(axis=1, keepdims=True)).ravel() for part in parts], axis=1)
    y = (logits - logits.mean(axis=1, keepdims=True)).ravel()
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    explained = 1 - np.square(y - x @ weights).sum() / np.square(y).sum()
    return Table(float(weights[1] / weights[0]), float(weights[2] / weights[0]), float(explained))


def mirror_shown(p: int, split: Split) -> NDArray[np.bool_]:
    """Of every pair (a, b), a·p + b the row, whether its mirror (b, a) is another pair, and in training: (p²,)."""
    shown = np.zeros((p, p), dtype=bool)
    shown.ravel()[split.train] = True
    return (shown.T & ~np.eye(p, dtype=bool)).ravel()

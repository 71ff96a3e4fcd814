"""What a held-out test set sees of the two circuits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from grokmodels.theory.circuits import Circuits

# Beyond ten standard deviations a Gaussian is zero to double precision; on this grid the sum is exact to about 1e-14.
_GRID = np.linspace(-10.0, 10.0, 401)


def winning_chance(signal: ArrayLike, classes: int) -> Any:
    """Chance that the right logit beats ``classes`` − 1 wrong ones when each carries an independent standard Gaussian.

    ``signal`` is the lead of the right logit in units of that noise. P = ∫ Φ(y)^(C−1) φ(y − signal) dy: 1/C without a
    lead. Absolute accuracy 1e-12. Raises ValueError for fewer than two classes.
    """
    from scipy.special import log_ndtr

    if classes < 2:
        raise ValueError(f"classes: got {classes}; must be at least 2")
    signal = np.asarray(signal, dtype=float)[..., None]
    wrong_below = -np.expm1((classes - 1) * log_ndtr(_GRID))
    # One minus the chance of error, which stays exact where the lead is far beyond the grid.
    density = np.exp(-((_GRID - signal) ** 2) / 2) / math.sqrt(2 * math.pi)
    return 1 - (wrong_below * density).sum(axis=-1) * (_GRID[1] - _GRID[0])


def heldout_accuracy(
    circuits: Circuits,
    u: ArrayLike,
    v: ArrayLike,
    crosstalk: float = 0.3,
    classes: int = 97,
) -> Any:
    """Accuracy on held-out inputs, where the rule speaks with margin c_g v^D and the lookup table only disturbs.

    On an input it has not stored the table adds an independent Gaussian to every logit, so that the margin over one
    wrong class is c_g v^D + σ c_m u^D ξ with ξ standard normal (σ = ``crosstalk``). Two such ξ share the right logit's
    noise (correlation ½), which makes v = 0 answer at chance, 1/C; independent ξ would give 2^(1−C). Shape as u and v.
    """
    if not crosstalk > 0:
        raise ValueError(f"crosstalk: got {crosstalk}; must be greater than 0")
    u, v = np.asarray(u, dtype=float), np.asarray(v, dtype=float)
    lead = circuits.ratio * (v / u) ** circuits.degree
    return winning_chance(math.sqrt(2) * lead / crosstalk, classes)

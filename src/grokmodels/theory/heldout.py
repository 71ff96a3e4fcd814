"""What a held-out test set sees of the two circuits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits

# Beyond ten standard deviations a Gaussian is zero to double precision; on this grid its sum is exact to about 1e-14.
_GRID = np.linspace(-10.0, 10.0, 201)


def winning_chance(lead: ArrayLike, classes: int) -> Any:
    """Chance that the right logit beats ``classes`` − 1 wrong ones when each carries an independent standard Gaussian.

    ``lead`` ≥ 0 is that of the right logit in units of the noise. P = ∫ Φ(y)^(C−1) φ(y − lead) dy, 1/C without a lead.
    Absolute accuracy 1e-12. ValueError for a negative lead or fewer than two classes.
    """
    from scipy.special import log_ndtr

    lead = np.asarray(lead, dtype=float)
    require(lead >= 0, "lead", lead, "at least 0")
    require(classes >= 2, "classes", classes, "at least 2")
    # The chance of error: the grid then needs to cover the noise only, however large the lead.
    beaten = -np.expm1((classes - 1) * log_ndtr(_GRID))
    density = np.exp(-((_GRID - lead[..., None]) ** 2) / 2) / math.sqrt(2 * math.pi)
    return 1 - (beaten * density).sum(axis=-1) * (_GRID[1] - _GRID[0])


def heldout_accuracy(circuits: Circuits, u: ArrayLike, v: ArrayLike, crosstalk: float = 0.3, classes: int = 97) -> Any:
    """Accuracy on held-out inputs, where the rule speaks with margin c_g v^D and the lookup table only disturbs.

    On an input it has not stored the table adds an independent Gaussian to every logit, so that the margin over one
    wrong class is c_g v^D + σ c_m u^D ξ with ξ standard normal (σ = ``crosstalk``). Two such ξ share the right logit's
    noise (correlation ½), which makes v = 0 answer at chance, 1/C; independent ξ would give 2^(1−C). Shape as u and v.
    """
    require_positive(u=u, crosstalk=crosstalk)
    ratio_of_margins = circuits.ratio * (np.asarray(v) / np.asarray(u)) ** circuits.degree
    return winning_chance(math.sqrt(2) * ratio_of_margins / crosstalk, classes)

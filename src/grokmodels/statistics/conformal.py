"""Intervals of forecasts that hold at a stated rate, whatever the forecaster, if new cases are like the known ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def radius(errors: ArrayLike, level: float = 0.8) -> float:
    """How far off a forecaster is on a new case, at the most, with probability ``level``: split conformal prediction.

    ``errors`` (n,) are those on cases it was not fitted to, exchangeable with the new one; infinite where nothing is
    known of an error but that it may be large, as of a censored run. The ⌈(n + 1) level⌉-th smallest is returned,
    infinite where n is too small for that. Over draws of all cases, of any distribution, the new one is within it with
    a probability of at least ``level`` and, without ties, of less than level + 1/(n + 1) (Lei et al. 2016,
    arXiv:1604.04173). ValueError for NaN or a level outside (0, 1).

    >>> radius([0.1, 0.4, 0.2, 0.3], level=0.8)
    0.4
    """
    known = np.sort(np.asarray(errors, dtype=float))
    if np.isnan(known).any():
        raise ValueError(
            f"errors: got {np.isnan(known).sum()} NaN of {len(known)}; an error that is not known is infinite"
        )
    if not 0 < level < 1:
        raise ValueError(f"level: got {level}; must be between 0 and 1")
    place = math.ceil((len(known) + 1) * level - 1e-9)
    return float(known[place - 1]) if place <= len(known) else math.inf

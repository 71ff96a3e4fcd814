"""A law through a few measured points with known errors, and whether the points reject it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grokmodels.statistics.intervals import Interval

FloatArray = NDArray[np.floating[Any]]


class LinearFit(NamedTuple):
    """A law y = x · ``coefficients`` (k,) with their ``covariance`` (k, k).

    ``chi2``: squared distances of the points in units of their errors; ``freedom``: how many of them are free. Where
    the law is rejected, its intervals are those of a law that is not so, and say nothing.
    """

    coefficients: FloatArray
    covariance: FloatArray
    chi2: float
    freedom: int

    @property
    def p_value(self) -> float:
        """How often a true law would be missed by at least as much (NaN where no point is free)."""
        from scipy.stats import chi2

        return float(chi2.sf(self.chi2, self.freedom)) if self.freedom else float("nan")

    def at(self, row: ArrayLike) -> Interval:
        """The law at a ``row`` of x, (k,), with its 95 % interval; at a row of the identity, that coefficient."""
        x = np.asarray(row, dtype=float)
        value, half = float(x @ self.coefficients), float(1.96 * np.sqrt(x @ self.covariance @ x))
        return Interval(value, value - half, value + half)

    def __str__(self) -> str:
        return f"χ² = {self.chi2:.1f} on {self.freedom} degrees of freedom (P = {self.p_value:.2g})"


def fit_linear(y: ArrayLike, errors: ArrayLike, x: ArrayLike) -> LinearFit:
    """Weighted least squares of y (n,) with independent ``errors`` (n,) on the columns of x (n, k).

    ValueError unless the errors are positive and the columns can be told apart.

    >>> print(fit_linear([1.0, 2.1, 2.9], [0.1, 0.1, 0.1], [[1, 1], [1, 2], [1, 3]]))
    χ² = 1.5 on 1 degrees of freedom (P = 0.22)
    """
    columns, values, sigma = (np.asarray(part, dtype=float) for part in (x, y, errors))
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        raise ValueError(f"errors: got {sigma.tolist()}; must be positive and finite")
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        raise ValueError(f"x: got {columns.tolist()}; its columns must be independent of each other")
    weighted = columns / sigma[:, None]
    coefficients = np.linalg.lstsq(weighted, values / sigma, rcond=None)[0]
    misses = (values - columns @ coefficients) / sigma
    covariance = np.linalg.inv(weighted.T @ weighted)
    return LinearFit(coefficients, covariance, float(misses @ misses), len(values) - columns.shape[1])

"""The Walsh spectrum: a table over bit strings as a sum of characters, the parities of sets of bits.

The character of a set S of bits is χ_S(x) = (−1)^(number of ones of x in S). Every table is f(x) = Σ_S c_S χ_S(x) with
one coefficient per set, and the mean of f² is Σ c_S² (Parseval). The *degree* of a character is the size of its set:
degree 0 is a constant, degree 1 looks at single bits, and the parity of all n bits is the one character of degree n.

Rows of a table are in the order of :class:`grokmodels.recipes.tasks.Parity`: row number = the string read as a binary
number. A set is numbered by the string that has its ones at the bits of the set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]


def coefficients(table: ArrayLike) -> FloatArray:
    """The coefficients c_S of a table (2^n, ...), in the same shape: the fast Walsh-Hadamard transform over 2^n.

    ValueError unless the number of rows is a power of two.
    """
    values = np.array(table, dtype=float)
    rows = len(values)
    if rows < 1 or rows & (rows - 1):
        raise ValueError(f"table: got {rows} rows; must be a power of two")
    half = 1
    while half < rows:
        pairs = values.reshape(-1, 2, half, *values.shape[1:])
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(values.shape)
        half *= 2
    return values / rows


def table(spectrum: ArrayLike) -> FloatArray:
    """The table with these coefficients: the inverse of :func:`coefficients`."""
    values = np.asarray(spectrum, dtype=float)
    return coefficients(values) * len(values)


def degrees(rows: int) -> IntArray:
    """The degree of each character: the number of ones of 0 … rows − 1."""
    return np.bitwise_count(np.arange(rows)).astype(np.int64)


def energy_by_degree(logits: ArrayLike) -> FloatArray:
    """Share of the squared logits (2^n, C), row means removed, that lies in the characters of each degree, (n + 1,).

    The shares add up to one. NaN where all rows are constant.
    """
    values = np.asarray(logits, dtype=float)
    squares = np.square(coefficients(values - values.mean(axis=1, keepdims=True))).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.bincount(degrees(len(values)), weights=squares) / squares.sum()


def spread_within_degrees(values: ArrayLike) -> float:
    """How far a table (2^n,) is from a function of the number of ones: 0 for one that is, at most 1.

    Such functions, and no others, have equal coefficients within each degree. This is the share of the squared
    coefficients that their means by degree leave over.
    """
    spectrum = coefficients(values)
    degree = degrees(len(spectrum))
    means = np.bincount(degree, weights=spectrum) / np.bincount(degree)
    return float(np.square(spectrum - means[degree]).sum() / np.square(spectrum).sum())

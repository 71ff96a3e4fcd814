"""Whose luck it is: the variance of a number shared out among two things that were drawn, and what neither explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels.statistics.intervals import Interval, jackknife


def balanced(
    table: pd.DataFrame | Mapping[str, ArrayLike], by: Sequence[str], value: str
) -> tuple[list[NDArray[Any]], NDArray[Any]]:
    """The ``value`` of each run as an array, an axis for each column of ``by`` and a last one for the runs of a cell.

    With the levels of each axis, ascending. ValueError for cells that differ in number.
    """
    levels, codes = zip(*(np.unique(np.asarray(table[name]), return_inverse=True) for name in by), strict=True)
    shape = tuple(level.size for level in levels)
    cell = np.asarray(np.ravel_multi_index(codes, shape))
    counts = np.bincount(cell, minlength=int(np.prod(shape)))
    if not cell.size or counts.min() != counts.max():
        raise ValueError(f"table: got {_cells(shape, counts)}; each must have the same number")
    values = np.asarray(table[value])[np.argsort(cell, kind="stable")]
    return list(levels), values.reshape(*shape, -1)


def _cells(shape: tuple[int, ...], counts: NDArray[Any]) -> str:
    return f"{' x '.join(map(str, shape))} cells of {np.unique(counts).tolist()} rows"


def components(table: pd.DataFrame | Mapping[str, ArrayLike], rows: str, columns: str, value: str) -> pd.Series:
    """Components of the variance of ``value`` in a balanced cross of two random factors with replicas in each cell.

    A Series: the factors ``rows`` and ``columns``, each by itself; their ``interaction``, which is the luck of a pair;
    ``within``, which is that of replicas of one cell. With x = mean + row + column + pair + rest, each drawn
    independently, and a rows, b columns and n replicas, the mean squares of the analysis of variance are on average ::

        rows          n b var(row) + n var(pair) + var(rest)
        columns       n a var(column) + n var(pair) + var(rest)
        interaction   n var(pair) + var(rest)
        within        var(rest)

    and are solved for the variances: the method of moments (Searle, Casella and McCulloch 1992, Variance Components,
    chapter 4). An estimate has no bias, so one of a component that is zero is negative half of the time. ValueError
    for cells that differ in number, and for fewer than two rows, columns or replicas.
    """
    _, x = balanced(table, [rows, columns], value)
    if min(x.shape) < 2:
        raise ValueError(f"table: got {_cells(x.shape[:2], np.array(x.shape[2:]))}; there must be at least 2 of each")
    x = x.astype(float)
    a, b, n = x.shape
    pair = x.mean(axis=2, keepdims=True)
    row, column, mean = pair.mean(axis=1, keepdims=True), pair.mean(axis=0, keepdims=True), x.mean()
    within = np.square(x - pair).sum() / (a * b * (n - 1))
    interaction = n * np.square(pair - row - column + mean).sum() / ((a - 1) * (b - 1))
    return pd.Series(
        {
            rows: np.square(row - mean).sum() / (a - 1) - interaction / (n * b),
            columns: np.square(column - mean).sum() / (b - 1) - interaction / (n * a),
            "interaction": (interaction - within) / n,
            "within": within,
        }
    )


def shares(table: pd.DataFrame, rows: str, columns: str, value: str) -> dict[str, Interval]:
    """What each of the :func:`components` is of their sum, with its 95 % interval.

    The interval adds the squares of two jackknives, over rows and over columns, so it counts the luck of a pair twice:
    it covers at least as often as it says (between 94 and 100 % with eight levels of each).
    """

    def of(name: str, kept: pd.DataFrame) -> float:
        parts = components(kept, rows, columns, value)
        return float(parts[name] / parts.sum())

    made = {}
    for name in (rows, columns, "interaction", "within"):
        one, other = (jackknife(table, partial(of, name), by=by) for by in (rows, columns))
        half = float(np.hypot(one.high - one.estimate, other.high - other.estimate))
        made[name] = Interval(one.estimate, one.estimate - half, one.estimate + half)
    return made


def intraclass(values: ArrayLike) -> float:
    """The share of the variance of ``values``, (n groups, k members), that members of one group have in common.

    1 where the members of a group agree, 0 where they differ as those of different groups do; about 0, and as often
    below, for independent ones. What is always so of a member, its mean over groups, is left out: the intraclass
    correlation ICC(C,1) of McGraw and Wong 1996, Forming inferences about some intraclass correlation coefficients.
    ValueError for fewer than two groups or members.
    """
    x = np.asarray(values, float)
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"values: got the shape {x.shape}; there must be at least 2 groups and 2 members")
    n, k = x.shape
    x = x - x.mean(axis=0)
    group = x.mean(axis=1, keepdims=True)
    between, within = k * np.square(group).sum() / (n - 1), np.square(x - group).sum() / ((n - 1) * (k - 1))
    return float((between - within) / (between + (k - 1) * within))

"""Whose luck it is: the variance of a number shared out among two things that were drawn, and what neither explains."""

from __future__ import annotations

import numpy as np
import pandas as pd


def components(table: pd.DataFrame, rows: str, columns: str, value: str) -> pd.Series:
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
    cells = table.groupby([rows, columns], observed=True)[value].agg(list).unstack()
    counts = {0 if not isinstance(cell, list) else len(cell) for cell in cells.to_numpy().flat}
    if len(counts) != 1 or min(*cells.shape, *counts) < 2:
        raise ValueError(
            f"table: got {cells.shape[0]} x {cells.shape[1]} cells of {sorted(counts)} rows; each must have the same "
            "number, and there must be at least 2 of each"
        )
    x = np.array(cells.to_numpy().tolist(), dtype=float)
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

"""Tables as explorables carry them: columns of compact numbers, and the rows that charts draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

Columns = dict[str, list[Any]]


def require_columns(name: str, table: pd.DataFrame, needed: Iterable[str]) -> None:
    """ValueError that names the table and the columns that it lacks."""
    if missing := set(needed) - set(table):
        raise ValueError(f"{name}: lacks the columns {sorted(missing)}")


def columns(frame: pd.DataFrame, digits: int = 4) -> Columns:
    """A table as compact columns: numbers to ``digits`` significant digits, missing and infinite ones as None."""
    return {str(name): compact(frame[name].tolist(), digits) for name in frame}


def compact(values: Any, digits: int = 4) -> Any:
    """Nested lists of numbers rounded to ``digits`` significant digits; whole numbers stay whole."""
    if isinstance(values, (list, tuple)):
        return [compact(value, digits) for value in values]
    if isinstance(values, np.ndarray):
        return compact(values.tolist(), digits)
    if values is None or isinstance(values, (str, bool, int)):
        return values
    rounded = float(f"{values:.{digits}g}")
    if not np.isfinite(rounded):
        return None
    return int(rounded) if rounded.is_integer() else rounded


def spread(steps: Any, count: int) -> np.ndarray[Any, np.dtype[Any]]:
    """At most ``count`` of the steps above 0, evenly spaced in their logarithm, with both ends."""
    steps = np.unique(steps)
    wanted = np.geomspace(steps[0], steps[-1], count)
    return np.unique(steps[np.abs(steps[:, None] - wanted).argmin(axis=0)])


def to_rows(table: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """The rows of a table of columns of equal length."""
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]

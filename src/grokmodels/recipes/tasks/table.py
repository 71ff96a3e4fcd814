"""Tasks of one's own, given as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from grokmodels.recipes.tasks.base import BaseTask, IntArray

# A table is written into the recipe of every run, and read with it.
ROWS, NUMBERS = 20_000, 10**4


class Table(BaseTask):
    """A task that is written out: the ``tokens`` of every input (n, length), and the right ``answers`` (n,).

    Both are whole numbers from 0 on, as arrays, lists or tuples, and are kept as nested tuples, so that a table is
    written down with its recipe. All positions share one vocabulary, 0 to the largest token. Every input is there once,
    and there are at least two different answers. No symmetry is known of a table.

    >>> task = Table(tokens=[[0, 0], [0, 1], [1, 0], [1, 1]], answers=[0, 1, 1, 0])
    >>> task.n_tokens, task.n_classes, task
    (2, 2, Table(kind='table', n_inputs=4, length=2, n_tokens=2, n_classes=2))
    """

    kind: Literal["table"] = "table"
    tokens: tuple[tuple[int, ...], ...]
    answers: tuple[int, ...]

    # All checks are here, where an error does not bring along the whole of the arrays.
    @model_validator(mode="before")
    @classmethod
    def _checked(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        nested = {
            field: _nested(_whole_numbers(field, given[field], ndim))
            for field, ndim in (("tokens", 2), ("answers", 1))
            if field in given
        }
        if len(nested) == 2:
            _require_one_answer_each(nested["tokens"], nested["answers"])
        return given | nested

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # Thousands of rows say less than how many they are.
        return ((name, getattr(self, name)) for name in ("kind", "n_inputs", "length", "n_tokens", "n_classes"))

    @cached_property
    def inputs(self) -> IntArray:
        return np.array(self.tokens)

    @cached_property
    def labels(self) -> IntArray:
        return np.array(self.answers)

    @property
    def n_inputs(self) -> int:
        return len(self.tokens)

    @property
    def n_tokens(self) -> int:
        return int(self.inputs.max()) + 1

    @property
    def n_classes(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def length(self) -> int:
        return len(self.tokens[0])


def _whole_numbers(field: str, given: Any, ndim: int) -> IntArray:
    """The numbers of a field as an array. ValueError that names the first place where they are not what they must."""
    try:
        array = np.asarray(given)
    except ValueError:
        sizes = [len(row) if hasattr(row, "__len__") else 1 for row in given]
        odd = [row for row, size in enumerate(sizes) if size != sizes[0]]
        found = f"{sizes[odd[0]]} in row {odd[0]}" if odd else "rows within rows"
        raise ValueError(f"{field}: got {found}; must be {sizes[0]} whole numbers, as many as in row 0") from None
    if array.ndim != ndim or not array.size:
        shape = "(n, length), without an empty one" if ndim == 2 else "(n,)"
        raise ValueError(f"{field}: got the shape {array.shape}; must be {shape}")
    if not 2 <= len(array) <= ROWS:
        raise ValueError(f"{field}: got {len(array)} rows; must be 2 to {ROWS}")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{field}: got the type {array.dtype}; must be whole numbers, as pandas.factorize makes them")
    bad = ~((array >= 0) & (array < NUMBERS) & (np.floor(array) == array))
    if bad.any():
        row = np.argwhere(bad)[0, 0]
        raise ValueError(
            f"{field}: got {array[bad][0].item()} in row {row}; must be whole numbers from 0 to {NUMBERS - 1}"
        )
    return array.astype(np.int64)


def _nested(array: IntArray) -> tuple[Any, ...]:
    return tuple(array.tolist() if array.ndim == 1 else map(tuple, array.tolist()))


def _require_one_answer_each(rows: tuple[tuple[int, ...], ...], answers: tuple[int, ...]) -> None:
    if len(rows) != len(answers):
        raise ValueError(f"answers: got {len(answers)}; must be one for each of the {len(rows)} rows of tokens")
    if len(set(answers)) < 2:
        raise ValueError(f"answers: got {answers[0]} for every row; must be at least two different ones")
    first: dict[tuple[int, ...], int] = {}
    for number, row in enumerate(rows):
        if (earlier := first.setdefault(row, number)) != number:
            raise ValueError(f"tokens: got {row} in row {earlier} and in row {number}; must be distinct inputs")

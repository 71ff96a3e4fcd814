"""Numbers of a history in a file: rounded, and as distances from guesses, from which they come back to the last bit.

Rounded single precision is a whole number of 24 bits, in the order of the values. A column of such numbers is stored as
how far each is from a guess: what the columns that it is made of say, or else the value before, of this run or of the
one before. Distances are small, and small whole numbers take little room. A column with any value of more bits, as runs
from before there was rounding have, is stored as it is, and so is what is exact; what is a distance shows in the type.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# What is kept to the last bit; half precision is finer than any use of the weights, and halves their files.
EXACT: dict[str, np.dtype[Any]] = {
    "step": np.dtype("int64"), "decay_time": np.dtype("float64"),
    "train_accuracy": np.dtype("float32"), "test_accuracy": np.dtype("float32"),
    "train_rule_accuracy": np.dtype("float32"),
}  # fmt: skip
# Bits of everything else: 1e-5 of a value is finer than any figure, and noise beyond it would be half of a file. The
# norms of single parameters, which are many and half of what is left, have 1e-4.
BITS, NORM_BITS = 16, 12
# Low bits of single precision that rounding leaves zero.
DROPPED = 24 - BITS
# Columns that others tell but for the last bits, and 7 % of a file if they did not.
GUESSED = ("m_hat", "weight_norm")


def exact(name: str) -> np.dtype[Any] | None:
    """The type in which a column is kept to the last bit, as accuracies are; None for one that is rounded."""
    return np.dtype("float32") if "_accuracy." in name else EXACT.get(name)


def bits_of(name: str) -> int:
    """How many bits of a rounded column's numbers are kept."""
    return NORM_BITS if name.startswith("norm.") else BITS


def rounded(values: np.ndarray, bits: int = BITS) -> np.ndarray:
    """Single-precision numbers rounded to so many bits, the rest of which are zero; what is not finite stays."""
    dropped = 24 - bits
    whole = values.view(np.uint32)
    near = ((whole + np.uint32(1 << (dropped - 1))) & np.uint32(-1 << dropped & 0xFFFFFFFF)).view(np.float32)
    return np.where(np.isfinite(values) & np.isfinite(near), near, values)


def encoded(table: pa.Table) -> pa.Table:
    """Runs' rows as they are stored: columns of rounded numbers as distances, of type int32."""
    stored = table
    for name in _names(table, pa.float32()):
        values, lengths = _values(table, name)
        if exact(name) is None and not (values.view(np.uint32) & ((1 << DROPPED) - 1)).any():
            guess = _guess(table, name, lengths)
            numbers = _numbers(values)
            away = np.diff(numbers, prepend=np.int32(0)) if guess is None else numbers - guess
            # The sign goes last: small distances are then small numbers, and their upper bytes zero.
            stored = _with(stored, name, (away << 1) ^ (away >> 31), lengths)
    return stored


def decoded(table: pa.Table) -> pa.Table:
    """The rows that :func:`encoded` was given."""
    names = _names(table, pa.int32())
    # Guesses need the columns that they come from.
    for name in sorted(names, key=GUESSED.__contains__):
        signs_last, lengths = _values(table, name)
        away = (signs_last >> 1) ^ -(signs_last & 1)
        guess = _guess(table, name, lengths)
        numbers = np.cumsum(away, dtype=np.int32) if guess is None else guess + away
        table = _with(table, name, _floats(numbers), lengths)
    return table


def _guess(table: pa.Table, name: str, lengths: np.ndarray) -> np.ndarray | None:
    """Whole numbers near those of a column that others tell; None where the value before is the guess.

    Correctly rounded arithmetic only, in a fixed order: every machine must make the same guess.
    """
    with np.errstate(all="ignore"):
        if name == "m_hat" and {"train_signal", "test_signal"} <= {*table.column_names}:
            guess = _beside(table, "test_signal", lengths) / _beside(table, "train_signal", lengths)
        elif name == "weight_norm":
            parts = sorted(part for part in table.column_names if part.startswith("norm."))
            guess = np.sqrt(sum((_beside(table, part, lengths) ** 2 for part in parts), np.zeros(_total(lengths))))
        else:
            return None
        near = rounded(guess.astype(np.float32))
    # The bits of NaN are not the same everywhere.
    return _numbers(np.where(np.isfinite(near), near, np.float32(0)))


def _beside(table: pa.Table, name: str, lengths: np.ndarray) -> np.ndarray:
    """A column in double precision, in runs of these lengths; zero for those that do not have it."""
    values, own = _values(table, name)
    there = (own >= 0) & (own == lengths)
    beside = np.zeros(_total(lengths))
    beside[np.repeat(there, np.maximum(lengths, 0))] = values[np.repeat(there, np.maximum(own, 0))]
    return beside


def _numbers(values: np.ndarray) -> np.ndarray:
    """Rounded numbers as whole ones of 24 bits, in the same order; −0 is just below 0."""
    upper = values.view(np.int32) >> DROPPED
    return upper ^ ((upper >> 31) & 0x7FFFFF)


def _floats(numbers: np.ndarray) -> np.ndarray:
    return ((numbers ^ ((numbers >> 31) & 0x7FFFFF)) << DROPPED).view(np.float32)


def _names(table: pa.Table, kind: pa.DataType) -> list[str]:
    return [field.name for field in table.schema if pa.types.is_list(field.type) and field.type.value_type == kind]


def _values(table: pa.Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The values of a column, one run after the other, and how many each run has; -1 for one without the column."""
    lengths = pc.fill_null(pc.list_value_length(table[name]), -1)
    return pc.list_flatten(table[name]).to_numpy(), lengths.to_numpy()


def _with(table: pa.Table, name: str, values: np.ndarray, lengths: np.ndarray) -> pa.Table:
    """The table with other values in a column."""
    offsets = np.concatenate([[0], np.cumsum(np.maximum(lengths, 0))]).astype(np.int32)
    kind = pa.list_(pa.field("element", pa.from_numpy_dtype(values.dtype)))
    lists = pa.ListArray.from_arrays(offsets, pa.array(values), type=kind, mask=pa.array(lengths < 0))
    return table.set_column(table.column_names.index(name), pa.field(name, kind), lists)


def _total(lengths: np.ndarray) -> int:
    return int(np.maximum(lengths, 0).sum())

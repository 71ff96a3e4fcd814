"""Columns of histories in a file: every number comes back to the last bit, and takes less room."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grokmodels.studies import columns

# Those that are guessed before those that they are guessed from.
NAMES = ["m_hat", "weight_norm", "test_signal", "train_signal", "norm.b", "norm.c", "norm.a"]
# Hypothesis draws ±0, ±inf, NaN, subnormals and the largest numbers often.
ANY = st.floats(width=32)


@given(arrays("float32", 20, elements=ANY), st.sampled_from([columns.BITS, columns.NORM_BITS]))
@example(np.full(20, np.finfo(np.float32).max, np.float32), columns.BITS)
def test_rounding_keeps_so_many_bits_and_what_is_not_finite(values, bits):
    rounded = columns.rounded(values, bits)
    assert np.array_equal(np.isnan(rounded), np.isnan(values))
    finite = np.isfinite(values)
    assert np.array_equal(rounded[~finite & ~np.isnan(values)], values[~finite & ~np.isnan(values)])
    assert np.all(np.abs(rounded[finite].astype(float) - values[finite]) <= 2.0**-bits * np.abs(values[finite]) + 4e-42)
    assert np.array_equal(columns.rounded(rounded, bits), rounded, equal_nan=True)


def table(histories):
    """Runs' histories as the rows of a file; None where a run does not have a column."""
    rows = [[None if run.get(name) is None else run[name].tolist() for run in histories] for name in NAMES]
    return pa.table({name: pa.array(row, pa.list_(pa.float32())) for name, row in zip(NAMES, rows, strict=True)})


def bits(table, name, run):
    values = table[name][run].values
    return None if values is None else values.to_numpy().tobytes()


@st.composite
def runs(draw, elements=ANY, rounded=False):
    """Up to four histories of any lengths, the empty one too, some without some columns."""
    drawn = []
    for length in draw(st.lists(st.integers(0, 5), min_size=1, max_size=4)):
        named = {name: draw(st.none() | arrays("float32", length, elements=elements)) for name in NAMES}
        drawn.append({n: x if x is None or not rounded else columns.rounded(x) for n, x in named.items()})
    return drawn


@given(runs() | runs(rounded=True))
def test_every_bit_of_every_run_comes_back(histories):
    before = table(histories)
    after = columns.decoded(columns.encoded(before))
    for name in NAMES:
        for run in range(len(histories)):
            assert bits(after, name, run) == bits(before, name, run)


def test_the_bits_of_numbers_that_are_not_finite_come_back():
    patterns = [0x7FC00000, 0xFFC00000, 0x7F800100, 0x7F800000, 0xFF800000, 0x80000000, 0x00000100, 0x807FFF00]
    values = np.array([*patterns, 0x7F7FFF00, 0xFF7FFF00], np.uint32).view(np.float32)
    for name in NAMES:
        column = pa.array([values[:4], None, values[4:]], pa.list_(pa.float32()))
        before = pa.table({name: column})
        stored = columns.encoded(before)
        assert stored.schema.field(name).type.value_type == pa.int32()
        assert columns.decoded(stored)[name].combine_chunks().flatten().to_numpy().tobytes() == values.tobytes()


def test_a_column_is_stored_as_it_is_where_a_number_has_more_bits():
    rounded, exact = np.float32([1, 0.5]), np.float32([1, 0.1])
    stored = columns.encoded(table([{"norm.a": rounded, "norm.b": rounded}, {"norm.a": rounded, "norm.b": exact}]))
    assert stored.schema.field("norm.a").type.value_type == pa.int32()
    assert stored.schema.field("norm.b").type.value_type == pa.float32()


@given(runs(st.floats(2**-9, 2**9, width=32), rounded=True))
def test_a_ratio_and_a_norm_are_all_but_told_by_what_they_are_made_of(histories):
    for run in histories:
        length = next((len(x) for x in run.values() if x is not None), 0)
        ones = np.ones(length, np.float32)
        run.update({name: ones if run[name] is None else run[name] for name in NAMES})
        run["m_hat"] = columns.rounded(run["test_signal"] / run["train_signal"])
        parts = np.array([run["norm.a"], run["norm.b"], run["norm.c"]])
        run["weight_norm"] = columns.rounded(np.linalg.norm(parts.astype(float), axis=0).astype(np.float32))
    stored = columns.encoded(table(histories))
    for name in columns.GUESSED:
        assert stored[name].combine_chunks().flatten().to_numpy().max(initial=0) <= 2


@pytest.mark.parametrize("kept", [[], ["test_signal"], ["train_signal", "norm.a"]])
def test_no_column_needs_another(kept):
    values = np.float32([1, 2, 4])
    before = table([dict.fromkeys([*kept, *columns.GUESSED], values)]).select([*kept, *columns.GUESSED])
    after = columns.decoded(columns.encoded(before))
    assert all(bits(after, name, 0) == values.tobytes() for name in before.column_names)

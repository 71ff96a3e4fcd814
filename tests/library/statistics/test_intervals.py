"""Intervals of draws whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import statistics


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_bootstrap_draws_seeds_not_rows(seed):
    rng = np.random.default_rng(seed)
    of_seed = rng.normal(size=12)
    table = pd.DataFrame({"seed": np.repeat(range(12), 50), "x": np.repeat(of_seed, 50)})
    interval = statistics.bootstrap(table, lambda t: t["x"].mean(), draws=300)
    # Fifty copies of a row are no fifty runs: the interval is as wide as for 12 numbers.
    assert interval.high - interval.low == pytest.approx(3.92 * of_seed.std() / 12**0.5, rel=0.35)
    assert interval.low <= interval.estimate <= interval.high


def test_percentiles_are_those_of_the_finite_draws():
    assert statistics.percentiles(2.0, [np.nan, *range(101), np.inf], 0.9) == (2, pytest.approx(5), pytest.approx(95))
    np.testing.assert_equal(tuple(statistics.percentiles(2.0, [np.nan, np.inf])), (2, np.nan, np.nan))
    table = pd.DataFrame({"seed": [1, 2], "x": [np.nan, np.nan]})
    assert np.isnan(statistics.bootstrap(table, lambda t: t["x"].mean(), draws=5)).all()


def test_an_interval_needs_two_seeds():
    with pytest.raises(ValueError, match="table: got 1 value"):
        statistics.bootstrap(pd.DataFrame({"seed": [1, 1]}), len)

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


def test_the_interval_of_a_share_is_that_of_the_tables():
    assert tuple(statistics.share_interval(0, 20)) == pytest.approx((0, 0, 0.1684), abs=1e-4)
    assert tuple(statistics.share_interval(20, 20)) == pytest.approx((1, 0.8316, 1), abs=1e-4)
    assert tuple(statistics.share_interval(5, 50)) == pytest.approx((0.1, 0.0333, 0.2181), abs=1e-4)


def test_percentiles_are_those_of_the_finite_draws():
    assert statistics.percentiles(2.0, [np.nan, *range(101), np.inf], 0.9) == (2, pytest.approx(5), pytest.approx(95))
    np.testing.assert_equal(tuple(statistics.percentiles(2.0, [np.nan, np.inf])), (2, np.nan, np.nan))
    table = pd.DataFrame({"seed": [1, 2], "x": [np.nan, np.nan]})
    assert np.isnan(statistics.bootstrap(table, lambda t: t["x"].mean(), draws=5)).all()


def test_an_interval_needs_two_seeds():
    with pytest.raises(ValueError, match="table: got 1 value"):
        statistics.bootstrap(pd.DataFrame({"seed": [1, 1]}), len)


def covered(interval_of, n, draws=800):
    """How often an interval over n seeds holds the truth, 0."""
    rng = np.random.default_rng(1)
    found = [interval_of(rng.standard_normal(n)) for _ in range(draws)]
    return np.mean([interval.low <= 0 <= interval.high for interval in found])


def by_seed(values):
    return pd.DataFrame({"seed": range(len(values)), "x": values})


@pytest.mark.slow
def test_over_five_seeds_a_bootstrap_covers_too_little_and_the_jackknife_what_it_says():
    mean = lambda table: float(table["x"].mean())  # noqa: E731
    assert covered(lambda x: statistics.bootstrap(by_seed(x), mean, draws=100), 5, draws=300) < 0.9
    # Two standard errors of so many draws.
    assert covered(lambda x: statistics.jackknife(by_seed(x), mean), 5) == pytest.approx(0.95, abs=0.016)


@pytest.mark.parametrize(("n", "least"), [(5, 0.93), (6, 0.95), (10, 0.95), (25, 0.95)])
def test_the_interval_of_a_median_covers_it(n, least):
    assert covered(statistics.median_interval, n, draws=3000) > least - 0.012


def test_the_jackknife_of_a_mean_is_students_interval():
    from scipy.stats import t

    x = np.array([1.0, 4.0, 2.0, 8.0])
    low, high = t.interval(0.95, 3, x.mean(), x.std(ddof=1) / 2)
    assert statistics.jackknife(by_seed(x), lambda table: float(table["x"].mean())) == pytest.approx((3.75, low, high))

"""Where a share passes one half, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.statistics.crossing import half_crossing, half_point

X = np.array([0.2, 0.3, 0.5, 0.6])


def outcomes(shares, seeds=20):
    return np.array([[seed < round(seeds * share) for share in shares] for seed in range(seeds)], dtype=float)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([0, 0, 1, 1], 0.4),
        ([0, 0.25, 0.75, 1], 0.4),
        ([0, 0.3, 0.2, 1], 0.5 + 0.1 / 3),  # A dip is leveled to 0.25 and 0.25.
        ([0, 0.1, 0.2, 0.4], np.inf),
        ([0.6, 0.7, 0.8, 1], -np.inf),
        ([0, 0.5, 0.5, 1], 0.3),
    ],
)
def test_half_of_the_seeds(shares, expected):
    assert half_point(X, outcomes(shares)) == pytest.approx(expected)


def test_points_without_runs_are_passed_over_and_more_runs_count_more():
    values = outcomes([0, 1, 0, 1])
    values[:, 1] = np.nan
    assert half_point(X, values) == pytest.approx(0.55)
    # Two of twenty at 0.3, one of two at 0.5: together 3 of 22, where equal weights would say 0.3.
    values = outcomes([0, 0.6, 0.1, 1])
    values[2:, 1] = np.nan
    assert half_point(X, values) == pytest.approx(0.5 + 0.1 * (0.5 - 4 / 22) / (1 - 4 / 22))


@given(st.lists(st.integers(0, 20), min_size=4, max_size=4), st.floats(0.5, 2), st.floats(-1, 1))
def test_the_crossing_moves_with_the_axis(counts, scale, shift):
    values = outcomes([count / 20 for count in counts])
    before, after = half_point(X, values), half_point(scale * X + shift, values)
    assert after == pytest.approx(scale * before + shift)


@pytest.mark.slow
def test_the_interval_of_a_crossing_holds_the_truth_about_as_often_as_it_says():
    rng, held = np.random.default_rng(0), 0
    x = np.linspace(0.3, 0.7, 9)
    for _ in range(100):
        place = 0.5 + 0.06 * rng.standard_normal(25)
        rows = [{"x": at, "seed": i, "done": at > one} for i, one in enumerate(place) for at in x]
        found = half_crossing(pd.DataFrame(rows), "x", "done", draws=200).interval
        held += found.low <= 0.5 <= found.high
    assert 85 <= held <= 100

"""Conformal intervals on data whose coverage is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.statistics.conformal import radius


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_coverage_of_exchangeable_data_is_what_was_promised(level):
    rng = np.random.default_rng(0)
    # Heavy tails: no distribution is assumed. 4,000 draws leave a standard error below 0.8 %.
    draws = np.abs(rng.standard_cauchy(size=(4000, 40)))
    inside = [new <= radius(known, level) for *known, new in draws]
    assert level - 0.02 <= np.mean(inside) <= level + 1 / 40 + 0.02


def test_too_few_errors_promise_nothing():
    assert radius([0.1] * 18, 0.95) == math.inf
    assert radius([0.1] * 19, 0.95) == 0.1


def test_unknown_errors_count_as_large():
    assert radius([0.1] * 8 + [math.inf], 0.8) == 0.1
    assert radius([0.1] * 7 + [math.inf] * 2, 0.8) == math.inf


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.floats(0.05, 0.9))
def test_a_higher_level_reaches_no_less(errors, level):
    assert radius(errors, level) <= radius(errors, level + 0.09)


@pytest.mark.parametrize(
    ("errors", "level", "words"), [([0.1, math.nan], 0.8, "errors: got 1 NaN"), ([1], 1, "level: got 1")]
)
def test_bad_input_says_what_is_wrong(errors, level, words):
    with pytest.raises(ValueError, match=words):
        radius(errors, level)

"""Laws through measured points: true ones are rejected as rarely as they say, others are found out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.statistics.linear import fit_linear

P = np.array([17.0, 23, 31, 43, 59])
LAWS = {
    "power": (np.log, lambda y, e: e / y, np.column_stack([np.ones(5), np.log(P)])),
    "inverse": (lambda y: y, lambda y, e: e, np.column_stack([np.ones(5), 1 / P])),
}
TRUTH = {"power": 4.4 * P**-0.65, "inverse": 0.158 + 9.1 / P}


def fit(law, y, error):
    value, scale, x = LAWS[law]
    return fit_linear(value(y), scale(y, error), x)


@pytest.mark.parametrize("truth", ["power", "inverse"])
def test_the_law_that_is_so_is_rarely_rejected_and_the_other_nearly_always(truth):
    other = {"power": "inverse", "inverse": "power"}[truth]
    rng, error = np.random.default_rng(0), 0.004
    rejected = {truth: 0, other: 0}
    for _ in range(200):
        y = TRUTH[truth] + error * rng.standard_normal(5)
        for law in rejected:
            rejected[law] += fit(law, y, np.full(5, error)).p_value < 0.05
    assert rejected[truth] <= 20
    assert rejected[other] >= 190


def test_a_rejected_law_has_an_interval_that_misses_its_own_points():
    # Narrow and wrong: the reason why no interval is shown without its chi2.
    found = fit("power", TRUTH["inverse"], np.full(5, 0.004))
    exponent = found.at([0, 1])
    assert exponent.high - exponent.low < 0.1
    misses = np.log(TRUTH["inverse"]) - LAWS["power"][2] @ found.coefficients
    assert max(abs(misses) / (0.004 / TRUTH["inverse"])) > 2
    assert found.p_value < 0.001


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 1))
def test_a_line_without_noise_is_found_again(at_zero, slope, error):
    x = np.column_stack([np.ones(5), np.arange(5)])
    found = fit_linear(x @ [at_zero, slope], np.full(5, error), x)
    assert found.coefficients == pytest.approx([at_zero, slope], abs=1e-9)
    assert found.chi2 == pytest.approx(0, abs=1e-12)
    assert found.at([1, 2]).estimate == pytest.approx(at_zero + 2 * slope, abs=1e-9)
    # The interval of a line through points of equal error: narrowest at their middle.
    assert found.at([1, 2]).high - found.at([1, 2]).low == pytest.approx(3.92 * error / 5**0.5)


def test_points_that_no_law_can_be_fitted_to_are_refused():
    with pytest.raises(ValueError, match="errors: got"):
        fit_linear([1, 2], [1, 0], [[1], [1]])
    with pytest.raises(ValueError, match="x: got"):
        fit_linear([1, 2, 3], [1, 1, 1], [[1, 2], [1, 2], [1, 2]])
    assert np.isnan(fit_linear([1, 2], [1, 1], [[1, 0], [1, 1]]).p_value)

"""Degree 2: points of rest, stability and the phase diagram."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.theory import phases, rest
from grokmodels.theory.circuits import Circuits, flow, hessian, simulate
from tests.library.theory.independent import deterministic


@deterministic
@given(st.floats(0.4, 3), st.floats(0.3, 3), st.floats(0.05, 0.9))
def test_rates_are_those_of_the_flow_around_each_point_of_rest(c_m, ratio, part):
    decay = part * c_m * min(1, ratio)
    model = Circuits(memorizing_efficiency=c_m, generalizing_efficiency=c_m * ratio, weight_decay=decay)
    for efficiency, transverse in ((c_m, phases.MEMORIZER_RATE), (c_m * ratio, phases.GENERALIZER_RATE)):
        at_rest = rest.AMPLITUDE(rest.MARGIN(2, efficiency, decay), 2, efficiency)
        alone = (at_rest, 0) if transverse is phases.MEMORIZER_RATE else (0, at_rest)
        np.testing.assert_allclose(flow(model, *alone), 0, atol=1e-12)
        rates = -np.diag(hessian(model, *alone))
        expected = [phases.RADIAL_RATE(efficiency, decay), transverse(decay, ratio)]
        np.testing.assert_allclose(sorted(rates), sorted(expected), rtol=1e-9, atol=1e-12)
    origin = -np.diag(hessian(model, 0, 0))
    np.testing.assert_allclose(origin, phases.ORIGIN_RATE(np.array([c_m, c_m * ratio]), decay), rtol=1e-9)


def test_close_to_the_collapse_everything_is_slow():
    gaps = np.array([1e-3, 1e-4])
    np.testing.assert_allclose(phases.RADIAL_RATE(2.0, 2 - gaps) / gaps, -2, rtol=2e-3)


@pytest.mark.parametrize(
    ("decay", "ratio", "v", "expected"),
    [
        (2.5, 2.0, 1e-6, "collapse"),
        (1.2, 0.8, 1e-6, "collapse"),
        (0.1, 0.7, 0.05, "memorization"),
        (0.9, 0.7, 0.05, "memorization"),
        (0.1, 2.0, 1e-6, "grokking"),
        (0.01, 3.0, 1e-8, "grokking"),
        (0.1, 2.0, 0.1, "comprehension"),
        (1.5, 2.0, 1e-3, "comprehension"),
    ],
)
def test_phases_are_what_simulations_do(decay, ratio, v, expected):
    model = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
    assert phases.phase(model, 0.1, v) == expected
    table = simulate(model, 0.1, v, np.linspace(0, 60 / decay / abs(ratio - 1), 3000))
    last = table.iloc[-1]
    if expected == "collapse":
        assert last.margin < 1e-6
    elif expected == "memorization":
        assert last["share"] < 0.01
    else:
        level = 0.8 * (rest.MARGIN(2, 1, decay) if decay < 1 else last.margin)
        fitted = table["share"][(table.margin > level).idxmax()]
        assert last["share"] > 0.99
        assert fitted < 0.1 if expected == "grokking" else fitted > 0.5


@pytest.mark.slow
@deterministic
@given(st.floats(1.2, 4), st.floats(1e-3, 0.5), st.floats(0.01, 0.5))
def test_at_the_crossover_the_rule_has_about_half_when_the_data_are_fitted(ratio, decay, u):
    model = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
    table = simulate(model, u, phases.CROSSOVER_SEED(u, ratio, 1.0, decay), np.linspace(0, 60, 4000))
    # Fitted: at 80 % of the memorizer's margin.
    fitted = table["share"][(table.margin > 0.8 * rest.MARGIN(2, 1, decay)).idxmax()]
    assert fitted == pytest.approx(0.5, abs=0.15)


def test_laws_refuse_what_they_do_not_cover():
    with pytest.raises(ValueError, match="degree: got 3"):
        phases.phase(Circuits(degree=3), 0.1, 0.1)
    with pytest.raises(ValueError, match="weight_decay: got 0"):
        phases.phase(Circuits(weight_decay=0), 0.1, 0.1)

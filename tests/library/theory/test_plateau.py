"""Degree 2: the grokking curve, its schedules, and life without decay."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Schedule
from grokmodels.theory import clock, implicit_bias, plateau
from grokmodels.theory.circuits import MARGIN, Circuits, simulate
from grokmodels.theory.losses import STEEPNESS
from grokmodels.theory.symbols import D, Lam, c_g, c_m, f, lam, m, rho, u, v
from tests.library.theory import independent
from tests.library.theory.independent import deterministic, trajectory

# Seeds this small leave a plateau between the fit and the rule.
START = (0.1, 1e-8)


def crossing(table, column, share=0.5):
    """A column's value where the share first reaches a level."""
    after = int(np.searchsorted(table["share"], share))
    rows = slice(after - 3, after + 3)
    return float(np.interp(_logit(share), _logit(table["share"][rows]), table[column][rows]))


def _logit(share):
    return np.log(share / (1 - share))


def test_the_invariant_is_twice_the_first_integral():
    integral = 2 * clock.first_integral(2).subs({u: plateau.U, v: plateau.V})
    difference = plateau.INVARIANT.expression - integral
    assert all(sp.simplify(sp.diff(difference, x)) == 0 for x in (m, f, Lam))


def test_margin_and_share_are_what_their_amplitudes_say():
    there = {u: plateau.U, v: plateau.V, D: 2}
    assert sp.simplify(MARGIN.subs(there) - f) == 0
    assert (
        sp.simplify(plateau.V**2 + plateau.U**2 - plateau.NORM_SQUARED.expression).subs(c_g, rho * c_m).simplify() == 0
    )


def test_the_speed_follows_from_the_invariant_at_constant_margin():
    slope = sp.diff(plateau.INVARIANT.expression, m)
    assert sp.simplify(plateau.SPEED.expression * slope + sp.diff(plateau.INVARIANT.expression, Lam)) == 0


def test_growth_and_decay_balance_at_the_slow_margin():
    growth = 2 * c_m * (1 + (rho - 1) * m) * STEEPNESS["logistic"]
    assert sp.simplify(growth.subs(f, plateau.SLOW_MARGIN.expression) - lam) == 0


@deterministic
@given(
    st.floats(0.4, 4).filter(lambda ratio: abs(ratio - 1) > 0.05),
    independent.decays,
    independent.losses,
    independent.amplitudes,
    independent.amplitudes,
    independent.shapes,
)
def test_the_laws_hold_along_an_integration(ratio, decay, loss, u, v, shape):
    us, vs, decay_time = trajectory(2, 1.3, 1.3 * ratio, decay, loss, (u, v), np.linspace(0, 20, 9), shape)
    margins = 1.3 * us**2 + 1.3 * ratio * vs**2
    shares = 1.3 * ratio * vs**2 / margins
    first = shares[0], margins[0]
    delay = plateau.DECAY_TIME(shares, margins, *first, ratio)
    np.testing.assert_allclose(delay, decay_time, rtol=1e-6, atol=1e-8)
    computed = plateau.SHARE(decay_time, shares[0], ratio, margins / margins[0])
    np.testing.assert_allclose(computed, shares, rtol=1e-6)
    np.testing.assert_allclose(us**2 + vs**2, plateau.NORM_SQUARED(shares, margins, ratio, 1.3), rtol=1e-10)


@pytest.mark.parametrize("ratio", [1.2, 2.0, 4.0])
@pytest.mark.parametrize(("decay", "error"), [(0.5, 0.05), (0.1, 0.007), (0.01, 0.007)])
def test_the_delay_in_closed_form_is_as_good_as_it_says(ratio, decay, error):
    model = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
    start = (0.1, 1e-6 * 0.1**ratio)
    predicted = plateau.grokking_decay_time(model, *start)
    table = simulate(model, *start, np.linspace(0, 1.3 * predicted / decay, 2000))
    assert 0 <= crossing(table, "decay_time") - predicted < error * (ratio - 1)


@pytest.mark.slow
def test_every_schedule_groks_at_the_same_decay_time_plus_half_log_margin():
    schedules = {
        "constant": Schedule.constant(),
        "delayed": Schedule.delayed(100),
        "paused": Schedule.paused(20, 120),
        "ramp": Schedule.ramp(0, 400),
        "pulsed": Schedule.pulsed(10, 3),
    }
    sums, times = [], []
    for schedule in schedules.values():
        for decay in (0.3, 0.1):
            model = Circuits(generalizing_efficiency=2, weight_decay=decay)
            # Rows close enough that interpolation does not straddle the pauses of a pulsed decay.
            table = simulate(model, *START, np.arange(0, 700, 0.25), schedule)
            sums.append(crossing(table, "decay_time") + np.log(crossing(table, "margin")) / 2)
            times.append(crossing(table, "t"))
            assert table["share"].iloc[-1] > 0.99
    first = plateau.LOG_ODDS(0.5, 2) - plateau.LOG_ODDS(2e-16 / (0.01 + 2e-16), 2) + np.log(0.01 + 2e-16)
    np.testing.assert_allclose(sums, first / 2, rtol=1e-5)
    assert max(times) > 5 * min(times)


def test_a_ramp_groks_at_a_decay_that_grows_with_the_root_of_its_rate():
    rates = np.array([1e-6, 1e-5, 1e-4])
    decays = []
    for rate in rates:
        end = int(np.sqrt(60 / rate))
        model = Circuits(generalizing_efficiency=2, weight_decay=rate * end)
        table = simulate(model, *START, np.linspace(0, end, 2000), Schedule.ramp(0, end))
        decays.append(rate * crossing(table, "t"))
        assert decays[-1] == pytest.approx(plateau.RAMP_DECAY(crossing(table, "decay_time"), rate), rel=1e-6)
    exponent = np.polyfit(np.log(rates), np.log(decays), 1)[0]
    assert exponent == pytest.approx(0.5, abs=0.01)


def test_the_delay_diverges_as_one_over_the_lead():
    leads = np.array([0.02, 0.04, 0.08])
    delays = [plateau.grokking_decay_time(Circuits(generalizing_efficiency=1 + x), 0.1, 1e-9) for x in leads]
    np.testing.assert_allclose(np.array(delays) * leads, delays[0] * leads[0], rtol=0.03)


def test_without_decay_the_rule_wins_at_a_time_that_quadrature_predicts():
    model = Circuits(generalizing_efficiency=2, weight_decay=0)
    predicted = implicit_bias.log_time(model, 0.5, 0.1)
    table = simulate(model, 0.5, 0.1, np.linspace(0, 2 * np.exp(predicted), 2000))
    assert np.log(crossing(table, "t")) == pytest.approx(predicted, rel=1e-6)
    # And how late it is: e^f with f* = f_0 (…)^(1/(ρ − 1)).
    assert implicit_bias.log_time(model, 0.1, 1e-4) == pytest.approx(1e4, rel=0.02)


def test_the_curve_saturates_where_doubles_do():
    np.testing.assert_array_equal(plateau.SHARE([1e3, 1e6], 1e-9, 3.0, 1.0), 1)
    np.testing.assert_allclose(plateau.SHARE([1e3, 1e6], 0.9, 0.5, 1.0), 0, atol=1e-300)


def test_float32_cannot_tell_larger_margins_from_certainty():
    margin = implicit_bias.frozen_margin("float32")
    certain, almost = (np.float32(1 / (1 + np.exp(-f))) for f in (margin + 0.8, margin - 0.8))
    assert certain == 1
    assert almost < 1
    assert margin == pytest.approx(16.6, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"degree": 3}, "degree"),
        ({"loss": "squared"}, "loss"),
        ({"generalizing_efficiency": 0.5}, "ratio"),
        ({"weight_decay": 2}, "weight_decay"),
    ],
)
def test_laws_refuse_what_they_do_not_cover(changes, field):
    with pytest.raises(ValueError, match=f"{field}: got"):
        plateau.grokking_decay_time(Circuits(**changes), 0.1, 0.1)
    with pytest.raises(ValueError, match="share: got 1"):
        plateau.grokking_decay_time(Circuits(), 0.1, 0.1, share=1)
    with pytest.raises(ValueError, match="weight_decay: got"):
        implicit_bias.log_time(Circuits(), 0.1, 0.1)

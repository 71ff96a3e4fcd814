"""Degree 1: memorization is an excess that decay forgets."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.theory import clock, forgetting
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.symbols import D, Lam, c_g, c_m, f, m, rho, u, v
from tests.library.theory import independent
from tests.library.theory.independent import deterministic, trajectory


def test_the_invariant_is_the_first_integral_in_other_words():
    amplitudes = {u: (1 - m) * f / c_m, v: m * f / c_g}
    integral = clock.first_integral(1).subs(amplitudes).subs(c_g, rho * c_m)
    ratio = sp.simplify((integral - integral.subs(f, 0)) / forgetting.INVARIANT.expression)
    assert not ratio.has(m, f, Lam)


def test_the_invariant_does_not_change_along_the_flow():
    margin = (c_m * u**D + c_g * v**D).subs(D, 1)
    share = c_g * v / margin
    quantity = forgetting.INVARIANT.expression.subs({m: share, f: margin}).subs(c_g, rho * c_m)
    assert sp.simplify(clock.rate_of_change(quantity, 1)) == 0


@deterministic
@given(
    st.floats(0.3, 4),
    independent.decays,
    independent.losses,
    independent.amplitudes,
    independent.amplitudes,
    independent.shapes,
)
def test_the_law_holds_along_an_integration(ratio, decay, loss, u, v, shape):
    us, vs, decay_time = trajectory(1, 0.7, 0.7 * ratio, decay, loss, (u, v), np.linspace(0, 20, 9), shape)
    margins = 0.7 * us + 0.7 * ratio * vs
    shares = 0.7 * ratio * vs / margins
    computed = forgetting.SHARE(decay_time, margins, shares[0], margins[0], ratio)
    np.testing.assert_allclose(computed, shares, rtol=1e-6)
    excess = vs - ratio * us
    np.testing.assert_allclose(excess, excess[0] * np.exp(-decay_time), rtol=1e-6, atol=1e-9 * vs.max())


def test_every_start_ends_at_the_same_share_smooth_in_the_ratio():
    for ratio in (0.5, 1.0, 2.0):
        model = Circuits(degree=1, generalizing_efficiency=ratio, weight_decay=0.2)
        last = simulate(model, 3.0, 0.01, [150.0]).iloc[0]
        assert last["share"] == pytest.approx(forgetting.FINAL_SHARE(ratio), rel=1e-9)


def test_a_threshold_near_the_final_share_is_only_logarithmically_late():
    final = forgetting.FINAL_SHARE(2.0)
    delays = [forgetting.DECAY_TIME(final - gap, 3.0, 0.1, 3.0, 2.0) for gap in (1e-2, 1e-4, 1e-6)]
    np.testing.assert_allclose(np.diff(delays), np.log(100))

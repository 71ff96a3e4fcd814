"""The first integral: for any degree, loss and schedule."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given

from grokmodels.theory import circuits, clock, losses
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.symbols import D, c_g, c_m, f, lam, s, u, v
from tests.library.theory import independent
from tests.library.theory.independent import deterministic, trajectory


def test_the_flow_is_what_the_book_writes():
    expected = (D * c_m * s * u ** (D - 1) - lam * u, D * c_g * s * v ** (D - 1) - lam * v)
    assert all(sp.simplify(ours - theirs) == 0 for ours, theirs in zip(circuits.FLOW, expected, strict=True))


@pytest.mark.parametrize("loss", losses.VALUE)
def test_steepness_is_minus_the_slope_of_the_loss(loss):
    assert sp.simplify(losses.STEEPNESS[loss] + sp.diff(losses.VALUE[loss], f)) == 0


@pytest.mark.parametrize("degree", [D, 1, sp.Rational(3, 2), 2, 3, 5])
def test_the_first_integral_does_not_change(degree):
    assert sp.simplify(clock.rate_of_change(clock.first_integral(degree), degree)) == 0


def test_the_logarithm_is_the_limit_of_the_powers():
    assert sp.limit(clock.potential(v), D, 2) == clock.potential(v, 2)


@deterministic
@given(
    independent.degrees,
    independent.efficiencies,
    independent.efficiencies,
    independent.decays,
    independent.losses,
    independent.amplitudes,
    independent.amplitudes,
    independent.shapes,
)
def test_integration_keeps_the_first_integral(degree, c_m, c_g, decay, loss, u, v, shape):
    us, vs, decay_time = trajectory(degree, c_m, c_g, decay, loss, (u, v), np.linspace(0, 20, 9), shape)
    values = clock.FIRST_INTEGRAL(us, vs, degree, c_g / c_m, decay_time)
    terms = np.abs(clock.POTENTIAL(vs, degree)).max() + c_g / c_m * np.abs(clock.POTENTIAL(us, degree)).max()
    np.testing.assert_allclose(values, values[0], rtol=1e-6, atol=1e-8 * terms)


@pytest.mark.slow
@deterministic
@given(
    independent.degrees,
    independent.efficiencies,
    independent.efficiencies,
    independent.decays,
    independent.losses,
    independent.amplitudes,
    independent.amplitudes,
)
def test_simulation_agrees_with_integration(degree, c_m, c_g, decay, loss, u, v):
    times = np.linspace(0, 20, 9)
    recipe = Circuits(
        degree=degree, memorizing_efficiency=c_m, generalizing_efficiency=c_g, weight_decay=decay, loss=loss
    )
    table = simulate(recipe, u, v, times)
    apart = trajectory(degree, c_m, c_g, decay, loss, (u, v), times)
    np.testing.assert_allclose(table[["u", "v", "decay_time"]].T, apart, rtol=1e-7)

"""The model: simulation along schedules, derivatives, and errors that name the field."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from scipy.integrate import solve_ivp

from grokmodels import Schedule
from grokmodels.theory import circuits
from grokmodels.theory.circuits import Circuits, simulate
from tests.library.theory import independent
from tests.library.theory.independent import deterministic

SCHEDULES = {
    "constant": Schedule.constant(),
    "pulsed": Schedule.pulsed(20, 4),
    "ramp": Schedule.ramp(5, 40, 0.2, 3),
    "paused": Schedule.paused(10, 40),
    "delayed": Schedule.delayed(20),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_followed_through_jumps(name):
    schedule = SCHEDULES[name]
    model = Circuits(degree=2.5, generalizing_efficiency=1.7, weight_decay=0.1)

    # From one corner of the schedule to the next, since an integrator may not see a jump inside a step.
    corners = sorted({*range(0, 61, 4), 5, 10})
    logs, area = np.log([0.8, 0.3]), 0.0
    for begin, end in pairwise(corners):
        rise = schedule(begin + (end - begin) * 0.75) - schedule(begin + (end - begin) * 0.25)
        middle = schedule((begin + end) / 2)

        def velocity(t, x, begin=begin, end=end, rise=rise, middle=middle):
            decay = 0.1 * (middle + 2 * rise * ((t - begin) / (end - begin) - 0.5))
            push = 2.5 / (1 + np.exp(np.exp(2.5 * x[0]) + 1.7 * np.exp(2.5 * x[1])))
            return push * np.array([1, 1.7]) * np.exp(0.5 * x) - decay

        logs = solve_ivp(velocity, (begin, end), logs, rtol=1e-10, atol=1e-12).y[:, -1]
        area += 0.1 * middle * (end - begin)
    last = simulate(model, 0.8, 0.3, [60.0], schedule).iloc[0]
    np.testing.assert_allclose(np.log([last.u, last.v]), logs, atol=1e-8)
    assert last.decay_time == pytest.approx(area, rel=1e-12)


def test_columns_say_what_they_are():
    model = Circuits(degree=3, memorizing_efficiency=0.5, generalizing_efficiency=2)
    row = simulate(model, 0.5, 0.25, [0.0]).iloc[0]
    assert row.margin == pytest.approx(0.5 / 8 + 2 / 64)
    assert row.share == pytest.approx(2 / 64 / row.margin)
    assert row.loss == pytest.approx(np.log1p(np.exp(-row.margin)))
    assert row.norm == pytest.approx(np.hypot(0.5, 0.25))


@deterministic
@given(independent.degrees, independent.efficiencies, independent.efficiencies, independent.decays, independent.losses)
def test_derivatives_agree_with_finite_differences(degree, c_m, c_g, decay, loss):
    model = Circuits(
        degree=degree, memorizing_efficiency=c_m, generalizing_efficiency=c_g, weight_decay=decay, loss=loss
    )
    point, h = np.array([0.6, 0.4]), 1e-5
    steps = h * np.eye(2)
    slope = [(circuits.energy(model, *(point + e)) - circuits.energy(model, *(point - e))) / (2 * h) for e in steps]
    np.testing.assert_allclose(circuits.flow(model, *point), -np.array(slope), rtol=1e-6, atol=1e-8)
    flows = [np.subtract(circuits.flow(model, *(point + e)), circuits.flow(model, *(point - e))) for e in steps]
    np.testing.assert_allclose(circuits.hessian(model, *point), -np.array(flows) / (2 * h), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("amplitude", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_amplitudes_are_named(amplitude):
    with pytest.raises(ValueError, match=f"v: got {amplitude}; must be greater than 0"):
        simulate(Circuits(), 1.0, amplitude, [1.0])


@pytest.mark.parametrize("times", [[], [2.0, 1.0], [-1.0], [[1.0]], [float("nan")]])
def test_bad_times_are_named(times):
    with pytest.raises(ValueError, match="times: got"):
        simulate(Circuits(), 1.0, 1.0, times)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("degree", 0.5),
        ("weight_decay", -1),
        ("memorizing_efficiency", 0),
        ("generalizing_efficiency", float("nan")),
        ("loss", "hinge"),
    ],
)
def test_bad_parameters_are_named(field, value):
    with pytest.raises(ValueError, match=f"Circuits: {field}: got {value!r}"):
        Circuits(**{field: value})

"""The slot model and its reduction to two circuits."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from grokmodels import Schedule
from grokmodels.theory import circuits, slots
from grokmodels.theory.slots import N, Slots, a, kappa
from grokmodels.theory.symbols import D
from tests.library.theory import independent
from tests.library.theory.independent import deterministic

TIMES = np.linspace(0, 20, 9)


def unequal(count, seed=0):
    return np.random.default_rng(seed).uniform(0.05, 0.3, count)


def test_the_reduction_follows_from_equal_slots():
    u, slot, rule = sp.symbols("u slot rule", positive=True)
    margin = (a * slot**D + kappa * rule**D).subs(slot, u / sp.sqrt(N))
    efficiency = sp.simplify(sp.diff(margin, u) / (D * u ** (D - 1)))
    assert sp.simplify(efficiency - slots.MEMORIZING_EFFICIENCY.expression) == 0
    assert sp.simplify(kappa / efficiency - slots.RATIO.expression) == 0
    assert sp.simplify(slots.RATIO.expression.subs(N, slots.CRITICAL_SIZE.expression)) == 1


@deterministic
@given(independent.degrees, st.integers(1, 40), st.floats(0.3, 20), independent.decays, independent.losses)
def test_equal_slots_are_two_circuits(degree, examples, efficiency, decay, loss):
    model = Slots(examples=examples, slot_efficiency=efficiency, degree=degree, weight_decay=decay, loss=loss)
    history = slots.simulate(model, np.full(examples, 0.1), 0.05, TIMES)
    table = circuits.simulate(model.reduced, 0.1 * np.sqrt(examples), 0.05, TIMES)
    np.testing.assert_allclose(history.rule, table.v, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(examples) * history.slots[:, 0], table.u, rtol=1e-6)


@deterministic
@given(independent.degrees, independent.decays, independent.losses, st.integers(0, 99))
def test_unequal_slots_keep_an_exact_law(degree, decay, loss, seed):
    model = Slots(examples=12, slot_efficiency=3, rule_efficiency=0.7, degree=degree, weight_decay=decay, loss=loss)

    def velocity(_, x):
        f = 3 * x[:-1] ** degree + 0.7 * x[-1] ** degree
        s = np.array([independent.STEEPNESS[loss](value) for value in f])
        return (
            degree * np.append(3 * s * x[:-1] ** (degree - 1) / 12, 0.7 * s.mean() * x[-1] ** (degree - 1)) - decay * x
        )

    start = np.append(unequal(12, seed), 0.1)
    states = solve_ivp(velocity, (0, 20), start, "LSODA", TIMES, rtol=1e-11, atol=1e-14).y
    apart = slots.History(TIMES, decay * TIMES, states[:-1].T, states[-1])
    values = slots.first_integral(model, apart)
    np.testing.assert_allclose(values, values[0], rtol=1e-6)
    ours = slots.simulate(model, start[:-1], start[-1], TIMES)
    np.testing.assert_allclose(np.column_stack([ours.slots, ours.rule]), states.T, rtol=1e-6)


def test_at_degree_2_the_law_is_the_clock():
    model = Slots(examples=12, weight_decay=0.2)
    history = slots.simulate(model, unequal(12), 1e-3, TIMES, Schedule.ramp(2, 9))
    rule, memory = np.log(history.rule), np.log(history.slots).sum(axis=1)
    clock = rule - 0.1 * memory - (model.reduced.ratio - 1) * history.decay_time
    np.testing.assert_allclose(clock, clock[0], rtol=1e-8)


def test_the_sum_of_losses_is_the_mean_with_another_decay_and_time():
    decay, count = 0.3, 6

    def velocity(_, x):
        s = 1 / (1 + np.exp(10 * x[:-1] ** 2 + x[-1] ** 2))
        return 2 * np.append(10 * s * x[:-1], s.sum() * x[-1]) - decay * x

    start = np.append(unequal(count), 0.1)
    summed = solve_ivp(velocity, (0, 5), start, "LSODA", rtol=1e-10, atol=1e-13).y[:, -1]
    mean = slots.simulate(Slots(examples=count, weight_decay=decay / count), start[:-1], 0.1, [5.0 * count])
    np.testing.assert_allclose(np.append(mean.slots[0], mean.rule[0]), summed, rtol=1e-6)


@settings(max_examples=10)
@given(parts=st.integers(1, 6), served=st.integers(1, 6), degree=st.sampled_from([2.0, 3.0]))
def test_a_rule_of_parts_is_one_circuit_whose_ratio_depends_on_the_examples_of_a_part(parts, served, degree):
    examples, efficiency, rule, decay = parts * served, 3.0, 1.3, 0.1
    belongs = np.arange(examples) % parts

    def velocity(_, state):
        u, v = state[:examples], state[examples:]
        push = degree / (1 + np.exp(efficiency * u**degree + rule * v[belongs] ** degree)) / examples
        up = efficiency * push * u ** (degree - 1) - decay * u
        return np.append(up, rule * np.bincount(belongs, push) * v ** (degree - 1) - decay * v)

    start = np.append(np.full(examples, 0.3), np.full(parts, 0.2))
    states = solve_ivp(velocity, (0, 30), start, rtol=1e-9, atol=1e-12, t_eval=[30]).y[:, -1]
    ratio = slots.PARTED_RATIO(examples, parts, efficiency, rule, degree)
    pair = circuits.Circuits(
        degree=degree,
        memorizing_efficiency=slots.MEMORIZING_EFFICIENCY(examples, efficiency, degree),
        generalizing_efficiency=ratio * slots.MEMORIZING_EFFICIENCY(examples, efficiency, degree),
        weight_decay=decay,
    )
    reduced = circuits.simulate(pair, 0.3 * examples**0.5, 0.2 * parts**0.5, [0.0, 30.0])
    assert np.linalg.norm(states[:examples]) == pytest.approx(reduced["u"].iloc[-1], rel=1e-5)
    assert np.linalg.norm(states[examples:]) == pytest.approx(reduced["v"].iloc[-1], rel=1e-5)


@pytest.mark.parametrize("degree", [2.0, 3.0])
def test_the_rule_wins_with_more_than_the_critical_number_of_examples_and_ungroks_with_fewer(degree):
    critical = slots.CRITICAL_SIZE(8.0, 1.0, degree)
    assert critical == pytest.approx(8 if degree == 2 else 4)
    for examples in (int(critical / 2), int(critical * 2)):
        model = Slots(examples=examples, slot_efficiency=8, degree=degree, weight_decay=0.05)
        assert (model.reduced.ratio > 1) == (examples > critical)
    if degree == 2:
        # From the rule, with a trace of memory: it ungroks below the critical size, as fast as the clock says.
        few = Slots(examples=4, slot_efficiency=8, weight_decay=0.05)
        history = slots.simulate(few, np.full(4, 1e-6), 2.0, np.linspace(0, 1200, 200))
        assert history.rule[-1] < 1e-3 < 0.1 < history.slots[-1].min()
        early = np.diff(np.log(history.slots[10:25, 0])) / np.diff(history.decay_time[10:25])
        np.testing.assert_allclose(early, 8 / 4 - 1, rtol=0.01)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="Slots: examples: got 0"):
        Slots(examples=0)
    with pytest.raises(ValueError, match=r"slots: got \(3,\); must be of shape \(30,\)"):
        slots.simulate(Slots(), [1, 1, 1], 1, TIMES)
    with pytest.raises(ValueError, match="rule: got 0"):
        slots.simulate(Slots(), np.ones(30), 0, TIMES)

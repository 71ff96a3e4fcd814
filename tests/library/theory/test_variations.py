"""Unequal degrees, optimizers, held-out accuracy and the null model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp
from scipy.stats import norm

from grokmodels import Schedule
from grokmodels.theory import circuits, depths, ridge
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.depths import UnequalCircuits
from grokmodels.theory.heldout import heldout_accuracy, winning_chance
from grokmodels.theory.implicit_bias import frozen_margin
from grokmodels.theory.ridge import Ridge
from grokmodels.theory.updates import Update, descend
from tests.library.theory import independent
from tests.library.theory.independent import deterministic

TIMES = np.linspace(0, 20, 9)


@deterministic
@given(independent.degrees, independent.degrees, independent.losses)
def test_without_decay_unequal_degrees_keep_a_law(memorizing, generalizing, loss):
    model = UnequalCircuits(memorizing_degree=memorizing, generalizing_degree=generalizing, weight_decay=0, loss=loss)

    def velocity(_, x):
        s = independent.STEEPNESS[loss](x[0] ** memorizing + 2 * x[1] ** generalizing)
        return [memorizing * s * x[0] ** (memorizing - 1), generalizing * 2 * s * x[1] ** (generalizing - 1)]

    states = solve_ivp(velocity, (0, 20), [0.3, 0.2], "LSODA", TIMES, rtol=1e-11, atol=1e-14).y
    values = depths.first_integral(model, *states)
    np.testing.assert_allclose(values, values[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(depths.simulate(model, 0.3, 0.2, TIMES)[["u", "v"]].T, states, rtol=1e-6)


def test_equal_degrees_are_the_common_model():
    model = UnequalCircuits(memorizing_degree=2.5, generalizing_degree=2.5)
    table = depths.simulate(model, 0.3, 0.1, TIMES, Schedule.delayed(5))
    same = circuits.simulate(Circuits(degree=2.5), 0.3, 0.1, TIMES, Schedule.delayed(5))
    np.testing.assert_allclose(table, same, rtol=1e-7)


def test_the_degree_of_the_rule_decides_what_its_seed_does():
    growth = {}
    for degree in (1.5, 2.0, 3.0):
        model = UnequalCircuits(generalizing_degree=degree, weight_decay=0.1)
        table = depths.simulate(model, 1.5, 1e-8, [40.0, 41.0])
        growth[degree] = np.log(table.v[1] / table.v[0])
        if degree == 2:
            expected = 0.1 * (depths.EFFECTIVE_RATIO(table.u[0], 3.0, 1.0, 2.0) - 1)
            assert growth[2.0] == pytest.approx(expected, rel=1e-3)
    assert depths.simulate(UnequalCircuits(generalizing_degree=1.5), 1.5, 1e-8, [5.0]).v[0] > 1e-3
    assert growth[3.0] == pytest.approx(-0.1, rel=1e-3)


@pytest.mark.parametrize("rate", [0.1, 0.02])
def test_steps_of_gradient_descent_keep_the_clock_up_to_their_size(rate):
    model = Circuits(generalizing_efficiency=2, weight_decay=0.1)
    table = descend(model, Update(learning_rate=rate), 0.1, 1e-4, int(100 / rate), every=int(1 / rate))
    clock = np.log(table.v) - 2 * np.log(table.u) - table.decay_time
    assert np.ptp(clock[:60]) < 2 * rate
    flowing = circuits.simulate(model, 0.1, 1e-4, table.t)
    np.testing.assert_allclose(table["share"], flowing["share"], atol=rate)


def test_adam_with_a_weight_for_each_circuit_has_no_plateau_and_no_clock():
    model = Circuits(generalizing_efficiency=2, weight_decay=1)
    table = descend(model, Update(rule="adamw", learning_rate=1e-3), 0.1, 1e-3, 8000, every=100)
    # Both circuits end equally large, whatever their efficiencies: m = ρ/(1 + ρ).
    assert table["share"].iloc[-1] == pytest.approx(2 / 3, abs=1e-3)
    assert table["share"].max() < 0.7


@pytest.mark.slow
def test_adam_over_many_weights_brings_the_clock_back():
    model = Circuits(generalizing_efficiency=2, weight_decay=20)
    update = Update(rule="adamw", learning_rate=1e-5, weights=2500, epsilon=1e-40)
    table = descend(model, update, 1.0, 1e-3, 20_000, every=500)
    plateau = (table["share"] > 0.1) & (table["share"] < 0.6)
    clock = (np.log(table.v) - 2 * np.log(table.u))[plateau]
    assert plateau.sum() > 5
    assert np.polyfit(table.decay_time[plateau], clock, 1)[0] == pytest.approx(2 - 1, rel=0.1)


def test_adam_below_its_epsilon_keeps_the_clock():
    model = Circuits(generalizing_efficiency=2, weight_decay=0.001)
    table = descend(model, Update(rule="adamw", learning_rate=1, epsilon=100), 0.1, 1e-5, 15_000, every=500)
    clock = np.log(table.v) - 2 * np.log(table.u)
    assert table["share"].iloc[-1] > 0.9
    assert np.polyfit(table.decay_time[2:], clock[2:], 1)[0] == pytest.approx(2 - 1, rel=0.02)


def test_decoupled_and_coupled_decay_differ_under_adam():
    model = Circuits(generalizing_efficiency=2, weight_decay=0.1)
    ends = [descend(model, Update(rule=rule), 0.1, 0.01, 5000, every=5000).margin.iloc[0] for rule in ("adam", "adamw")]
    assert ends[1] > 1.5 * ends[0]


def test_float32_stops_the_margin_without_decay():
    model = Circuits(weight_decay=0)
    ends = {
        precision: descend(model, Update(rule="adam", precision=precision, epsilon=1e-12), 0.5, 0.1, 9000, every=3000)
        for precision in ("float32", "float64")
    }
    frozen = ends["float32"].margin
    assert frozen.iloc[1] == pytest.approx(frozen.iloc[2], rel=1e-6)
    assert frozen_margin("float32") - 1 < frozen.iloc[2] < frozen_margin("float32") + 2
    assert ends["float64"].margin.iloc[2] > frozen.iloc[2] + 3


def test_bad_updates_are_named():
    with pytest.raises(ValueError, match="Update: learning_rate: got 0"):
        Update(learning_rate=0)
    with pytest.raises(ValueError, match="every: got 0"):
        descend(Circuits(), Update(), 1, 1, 10, every=0)
    with pytest.raises(ValueError, match="loss: got squared"):
        descend(Circuits(loss="squared"), Update(precision="float32"), 1, 1, 10)


@pytest.mark.parametrize("classes", [2, 10, 97])
def test_the_winning_chance_is_its_integral(classes):
    assert winning_chance(0.0, classes) == pytest.approx(1 / classes, abs=1e-12)
    for lead in (0.5, 2.0, 5.0):
        wins = quad(lambda y, lead=lead: norm.cdf(y) ** (classes - 1) * norm.pdf(y - lead), -12, 20, epsabs=1e-13)[0]
        assert winning_chance(lead, classes) == pytest.approx(wins, abs=1e-11)
    assert winning_chance(50.0, classes) == 1
    np.testing.assert_allclose(winning_chance(3.0, 2), norm.cdf(3 / np.sqrt(2)), atol=1e-12)


def test_heldout_accuracy_is_that_of_drawn_logits():
    model = Circuits(degree=3, generalizing_efficiency=2)
    random, classes, sigma = np.random.default_rng(0), 10, 0.4
    logits = sigma * 0.8**3 / np.sqrt(2) * random.standard_normal((40_000, classes))
    logits[:, 0] += 2 * 0.5**3
    drawn = (logits.argmax(axis=1) == 0).mean()
    computed = heldout_accuracy(model, 0.8, 0.5, sigma, classes)
    assert 0.2 < computed < 0.9
    assert drawn == pytest.approx(computed, abs=0.01)


def test_a_lookup_table_alone_answers_at_chance_and_a_rule_is_right():
    assert heldout_accuracy(Circuits(), 1.0, 0.0) == pytest.approx(1 / 97, rel=1e-9)
    assert heldout_accuracy(Circuits(), 1e-3, 1.0) == 1
    with pytest.raises(ValueError, match="crosstalk: got 0"):
        heldout_accuracy(Circuits(), 1, 1, crosstalk=0)
    with pytest.raises(ValueError, match="classes: got 1"):
        winning_chance(1, 1)


@deterministic
@given(st.integers(3, 12), st.integers(1, 15), st.floats(0, 0.3), st.integers(0, 99))
def test_the_linear_student_is_exact(features, examples, decay, seed):
    model = Ridge(features=features, strong=2, examples=examples, weight_decay=decay, seed=seed)
    data = ridge.modes(model)

    def velocity(_, w):
        return data.inputs.T @ (data.inputs @ (data.teacher - w)) / examples - decay * w

    apart = solve_ivp(velocity, (0, 20), data.start, "LSODA", TIMES, rtol=1e-11, atol=1e-13).y.T
    weights = ridge.student(model, data, TIMES)
    np.testing.assert_allclose(weights, apart, rtol=1e-6, atol=1e-9)
    table = ridge.solve(model, TIMES)
    errors = (apart - data.teacher) @ data.inputs.T
    np.testing.assert_allclose(table.train_loss, (errors**2).mean(axis=1) / 2, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(table.norm, np.linalg.norm(apart, axis=1), rtol=1e-6)


def test_test_loss_and_accuracy_are_those_of_fresh_inputs():
    model = Ridge(features=300)
    table = ridge.solve(model, [1e4], tolerance=0.5)
    data = ridge.modes(model)
    fresh = np.random.default_rng(5).standard_normal((20_000, model.features)) * np.sqrt(data.variances)
    errors = fresh @ (ridge.student(model, data, [1e4])[0] - data.teacher)
    assert table.test_loss[0] == pytest.approx((errors**2).mean() / 2, rel=0.03)
    assert table.test_accuracy[0] == pytest.approx((np.abs(errors) < 0.5).mean(), abs=0.01)


def test_the_null_model_jumps_late_and_smoothly():
    table = ridge.solve(Ridge(), np.geomspace(1, 1e6, 200))
    t_mem, t_gen = (table.t[(table[column] > 0.95).idxmax()] for column in ("train_accuracy", "test_accuracy"))
    assert t_gen / t_mem > 100
    middle = (table.t > 1e3) & (table.t < 2e4)
    slope = np.gradient(np.log(table.test_loss), table.decay_time)[middle]
    # Through the jump the error only keeps falling at twice the rate of the decay.
    np.testing.assert_allclose(slope, -2, rtol=0.1)


def test_bad_null_models_are_named():
    with pytest.raises(ValueError, match="Ridge: strong: got 9; must be at most features, 4"):
        Ridge(features=4, strong=9)
    with pytest.raises(ValueError, match="tolerance: got 0"):
        ridge.solve(Ridge(), [1.0], tolerance=0)
    with pytest.raises(ValueError, match="times: got"):
        ridge.solve(Ridge(), [-1.0])

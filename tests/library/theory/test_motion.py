"""What AdamW does to a weight and to two circuits: closed forms against derivatives, walks and trained slots."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.theory import motion, shared
from grokmodels.theory.circuits import FLOW
from grokmodels.theory.shared import SharedSlots
from grokmodels.theory.symbols import c_g, c_m, lam, rho
from tests.library.theory.independent import deterministic

positive = st.floats(0.01, 10)


@deterministic
@given(positive, st.floats(0, 10), st.floats(0, 10))
def test_the_gain_is_one_minus_saturation_times_push(mean, spread, epsilon):
    push = motion.PUSH(mean, spread, epsilon)
    ahead = motion.PUSH(mean * (1 + 1e-6), spread, epsilon)
    gain = motion.GAIN(mean, spread, epsilon)
    assert gain == pytest.approx((ahead / push - 1) / 1e-6, abs=2e-5)
    assert gain == pytest.approx(1 - mean / np.hypot(mean, spread) * push, abs=1e-12)


def walk(saturation, eta, decay, beta, weights=4000, seed=0):
    """Weights that AdamW moves by a mean push and white noise: snapshots Λ = 0.5 apart, and the last step's turn."""
    random = np.random.default_rng(seed)
    w, average = np.zeros(weights), np.zeros(weights)
    snapshots, gap = [], round(0.5 / (eta * decay))
    for step in range(round(6 / (eta * decay)) + gap):
        noise = np.sqrt(1 - saturation**2) * random.standard_normal(weights)
        average = beta * average + (1 - beta) * noise
        before = w
        w = (1 - eta * decay) * w + eta * (saturation + average)
        if step % gap == gap - 1:
            snapshots.append(w)
    cosine = before @ w / np.linalg.norm(before) / np.linalg.norm(w)
    return snapshots[-2], snapshots[-1], float(np.arccos(cosine))


@pytest.mark.parametrize(("saturation", "beta"), [(0.0, 0.9), (0.0, 0.0), (0.05, 0.9), (0.3, 0.5)])
def test_length_turn_and_memory_of_a_weight_vector_are_those_of_a_walk(saturation, beta):
    eta, decay = 0.002, 2.0
    early, late, turn = walk(saturation, eta, decay, beta)
    rms = np.sqrt(np.mean(late**2))
    assert rms == pytest.approx(motion.LENGTH(saturation, eta, decay), rel=0.04)
    cosine = early @ late / np.linalg.norm(early) / np.linalg.norm(late)
    assert cosine == pytest.approx(motion.OVERLAP(0.5, saturation, eta, decay), abs=0.05)
    assert turn == pytest.approx(motion.TURN(saturation, eta, decay, beta), rel=0.05)


def test_in_the_noise_a_step_turns_by_what_rotational_equilibrium_says():
    eta, decay, beta = 1e-3, 0.5, 0.9
    expected = np.sqrt(2 * eta * decay * (1 - beta) / (1 + beta))
    assert motion.TURN(0, eta, decay, beta) == pytest.approx(expected, rel=1e-12)
    assert motion.LENGTH(0, eta, decay) == pytest.approx(np.sqrt(eta / 2 / decay), rel=1e-12)


def test_renewal_is_the_flow_of_the_circuits_in_another_time():
    for renewed, flow in zip(motion.RENEWAL, FLOW, strict=True):
        in_decay_time = flow.subs(c_g, rho * c_m) / lam
        assert sp.simplify(renewed.subs(sp.Symbol("k", positive=True), motion.RENEWED) - in_decay_time) == 0


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_at_the_edge_a_step_of_momentum_turns_unstable(beta):
    eta = 0.01

    def radius(curvature):
        # x and Adam's average m on a valley of this preconditioned curvature.
        step = np.array([[1 - eta * (1 - beta) * curvature, -eta * beta], [(1 - beta) * curvature, beta]])
        return np.abs(np.linalg.eigvals(step)).max()

    edge = motion.EDGE(beta, eta)
    assert radius(0.999 * edge) < 1 < radius(1.001 * edge)


@pytest.mark.slow
@pytest.mark.parametrize(("ratio", "batch"), [(1.5, 64), (1.5, 32), (1.5, 8), (3.0, 32), (3.0, 16)])
def test_on_shared_weights_the_rule_grows_by_the_gain_that_noise_leaves(ratio, batch):
    model = SharedSlots(ratio=ratio, batch=batch)
    saturation = motion.SATURATION(batch / 64)
    table = shared.train(model, slot=np.sqrt(8) * saturation, rule=1e-7, steps=3000)
    # At rest the slots are where λw is their push.
    assert table["slot"].iloc[20] == pytest.approx(np.sqrt(8) * saturation, rel=0.03)
    growth = shared.growth(table)
    if batch == 64:
        assert growth < -0.9
    else:
        assert growth == pytest.approx(motion.SHARED_RATIO(ratio, saturation) - 1, abs=0.12)


@pytest.mark.slow
def test_gradient_descent_has_no_such_price():
    quiet, noisy = (
        SharedSlots(ratio=2, batch=batch, rule="sgd", learning_rate=0.05, weight_decay=0.005) for batch in (64, 8)
    )
    for model in (quiet, noisy):
        table = shared.train(model, slot=1.5, rule=1e-6, steps=20_000, every=400)
        assert shared.growth(table, after=2) == pytest.approx(1, abs=0.1)


def test_lion_hears_nothing_but_the_slots():
    table = shared.train(SharedSlots(rule="lion", batch=8), slot=np.sqrt(8), rule=1e-6, steps=1500)
    assert shared.growth(table) == pytest.approx(-1, abs=0.05)


@pytest.mark.slow
def test_epsilon_and_noise_set_the_rule_free():
    growth = {}
    for name, changes in {"quiet": {}, "epsilon": {"epsilon": 0.01}, "noise": {"noise": 0.01}}.items():
        model = SharedSlots(ratio=2, **changes)
        growth[name] = shared.growth(shared.train(model, slot=2.0, rule=1e-6, steps=3000))
    assert growth["quiet"] < 0 < min(growth["epsilon"], growth["noise"])


def test_a_rule_with_weights_of_its_own_has_no_plateau():
    model = SharedSlots(layout="separate", batch=16)
    table = shared.train(model, slot=np.sqrt(2), rule=1e-6, steps=2000)
    # It is pushed with full strength from the start, a little more while its gradient grows: v = √k (1 − e^−Λ)/λ.
    expected = np.sqrt(8) * (1 - np.exp(-table["decay_time"]))
    np.testing.assert_allclose(table["rule"], expected, rtol=0.25)
    assert table["rule"].iloc[-1] == pytest.approx(expected.iloc[-1], rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"slot": 0.0}, "slot"), ({"rule": -1.0}, "rule"), ({"every": 0}, "every")],
)
def test_bad_starts_are_named(arguments, field):
    with pytest.raises(ValueError, match=field):
        shared.train(SharedSlots(), **({"slot": 1.0, "rule": 1e-3, "steps": 10} | arguments))


def test_a_batch_has_at_most_all_examples():
    with pytest.raises(ValueError, match="batch: got 65; must be at most examples, 64"):
        shared.train(SharedSlots(batch=65), slot=1, rule=1e-3, steps=100)

"""What the theory's explorables compute in Python, against the theory itself."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import Clock, Escape, GrokkingCurve, Landscape, PhaseDiagram, RidgeThreshold
from grokmodels.explorables import clock as clock_module
from grokmodels.explorables.contours import contours
from grokmodels.theory import basins, escape, langevin, phases, ridge
from grokmodels.theory.circuits import Circuits, energy, simulate
from grokmodels.theory.clock import READING, SPEED
from grokmodels.theory.heldout import heldout_accuracy
from grokmodels.theory.noise import Noise
from grokmodels.theory.plateau import grokking_decay_time


def rows(explorable, dataset, **state):
    return pd.DataFrame(explorable.rows(explorable.state | state)[dataset])


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.mark.parametrize("schedule", clock_module.SCHEDULES)
@pytest.mark.parametrize(("loss", "within"), [("logistic", 1e-6), ("exponential", 1e-6), ("squared", 2e-5)])
@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_the_clock_is_that_of_the_flow(clock, schedule, loss, within, degree):
    curves = rows(clock, "curves", schedule=schedule, loss=loss, degree=degree, weight_decay=0.12, ratio=2.5)
    model = Circuits(degree=degree, generalizing_efficiency=2.5, weight_decay=0.12, loss=loss)
    exact = simulate(model, *clock_module.START, curves["t"], clock_module.SCHEDULES[schedule])
    np.testing.assert_allclose(curves[["u", "v"]], exact[["u", "v"]], rtol=within)
    np.testing.assert_allclose(curves["decay_time"], exact["decay_time"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curves["loss"], exact["loss"], rtol=250 * within, atol=1e-9)
    reading = READING(exact["u"], exact["v"], degree, 2.5)
    line = reading[0] + SPEED(degree, 2.5) * exact["decay_time"]
    np.testing.assert_allclose(reading, line, atol=1e-4)
    np.testing.assert_allclose(curves["reading"], line, atol=1e-4)


def test_schedules_move_the_takeover_in_time_but_not_in_decay_time(clock):
    halves = pd.concat([rows(clock, "half", schedule=schedule) for schedule in clock_module.SCHEDULES])
    assert np.ptp(halves["t"]) > 30
    assert np.ptp(halves["decay_time"]) < 1.5
    assert rows(clock, "half", weight_decay=0.0).empty


def test_the_grokking_curve_has_the_delay_of_the_exact_law():
    explorable = GrokkingCurve()
    for decay in (0.05, 0.1):
        model = Circuits(generalizing_efficiency=2, weight_decay=decay)
        start = basins.rest.AMPLITUDE(basins.rest.MARGIN(2, 1, decay), 2, 1)
        readout = rows(explorable, "readout", weight_decay=decay).set_index("label")["value"]
        # The closed form leaves out the drift of the margin, half the logarithm of its growth.
        exact = grokking_decay_time(model, start, 1e-3)
        assert readout["share one half at Λ"] == pytest.approx(exact, abs=0.2)
        exact = simulate(model, start, 1e-3, np.linspace(1, 20 / decay, 200))
        curve = rows(explorable, "curve", weight_decay=decay)
        ours = np.interp(exact["decay_time"], curve["decay_time"], np.log(curve["share"]))
        np.testing.assert_allclose(ours, np.log(exact["share"]), atol=0.4)


def test_the_run_at_a_point_is_that_of_the_flow():
    explorable = PhaseDiagram()
    for decay, ratio in ((0.1, 1.6), (0.02, 2.0), (0.3, 0.8), (0.8, 3.0), (2.0, 1.5), (1.5, 3.0)):
        curve = rows(explorable, "curve", weight_decay=decay, ratio=ratio)
        model = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
        exact = simulate(model, 0.1, 1e-3, curve["t"])
        np.testing.assert_allclose(curve["memorizing"], exact["u"] ** 2, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(curve["generalizing"], ratio * exact["v"] ** 2, rtol=1e-3, atol=1e-6)
        accuracy = heldout_accuracy(model, exact["u"], exact["v"])
        np.testing.assert_allclose(curve["accuracy"], accuracy, atol=1e-3)


@pytest.mark.parametrize("seed", [1e-5, 1e-3, 0.03])
def test_the_border_of_grokking_is_the_one_of_the_phases(seed):
    decay = np.array([0.01, 0.1, 0.5, 0.9])
    ratio = phases.CROSSOVER_RATIO(0.1, seed, 1, decay)
    np.testing.assert_allclose(phases.CROSSOVER_SEED(0.1, ratio, 1, decay), seed, rtol=1e-9)
    for at, border in zip(decay, ratio, strict=True):
        if border > 1.02:
            below, above = (Circuits(generalizing_efficiency=border * part, weight_decay=at) for part in (0.99, 1.01))
            assert phases.phase(below, 0.1, seed) == "grokking"
            assert phases.phase(above, 0.1, seed) == "comprehension"


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_the_landscape_is_the_energy_and_the_ball_follows_the_flow(degree):
    explorable = Landscape(degree=degree, seed=0.1)
    model = Circuits(degree=degree, generalizing_efficiency=2, weight_decay=0.1)
    lines = rows(explorable, "contours").dropna()
    # Pieces are straight within a cell of side 0.1.
    np.testing.assert_allclose(energy(model, lines["x"], lines["y"]), lines["level"], atol=0.006)
    path = rows(explorable, "path")
    exact = simulate(model, 0.7, 0.1, path["t"])
    np.testing.assert_allclose(path[["u", "v"]], exact[["u", "v"]], rtol=1e-6, atol=1e-9)
    assert (np.diff(path["energy"]) < 1e-12).all()
    for point in explorable.rows(explorable.state)["points"]:
        ahead = simulate(model, max(point["u"], 1e-9), max(point["v"], 1e-9), [0.5]).iloc[0]
        assert np.hypot(ahead["u"] - point["u"], ahead["v"] - point["v"]) < 1e-6


@pytest.mark.parametrize(
    "bad", [{"degree": 0.5}, {"ratio": -1}, {"weight_decay": -0.1}, {"weight_decay": float("nan")}]
)
def test_parameters_without_meaning_are_refused(bad):
    for explorable in (Clock, Landscape):
        with pytest.raises(ValueError, match="must be between"):
            explorable(**bad)


def test_contours_of_a_plane_are_straight():
    axis = [0.0, 1.0, 2.0, 3.0]
    x, y = np.meshgrid(axis, axis)
    lines = pd.DataFrame(contours(x + 2 * y, axis, axis, [2.5, 4.0])).dropna()
    np.testing.assert_allclose(lines["x"] + 2 * lines["y"], lines["level"])
    assert contours(x, axis, axis, [9.0]) == []


def test_walkers_escape_as_in_the_simulation():
    explorable = Escape(time=200, temperature=0.01)
    model = Circuits(degree=3, generalizing_efficiency=2, weight_decay=0.3)
    histogram = rows(explorable, "histogram")
    rate = escape.escape_rate(model, 0.01)
    np.testing.assert_allclose(histogram["expected"].sum(), 80 * (1 - np.exp(-200 * rate)), rtol=1e-9)
    larger = langevin.escapes(model, 0.01, 0.25, 800, 2000, Noise(3))
    share = len(larger.times) / 2000
    assert abs(histogram["number"].sum() / 80 - share) < 4 * np.sqrt(share * (1 - share) / 80)


def test_stronger_decay_delays_the_escape():
    explorable = Escape(time=200, temperature=0.005)
    weak, strong = (rows(explorable, "histogram", weight_decay=decay)["number"].sum() for decay in (0.1, 0.4))
    assert weak > 2 * strong


def test_the_null_model_is_solved_exactly():
    explorable = RidgeThreshold()
    for tolerance, decay in ((0.1, 1e-4), (0.5, 1e-3)):
        curve = rows(explorable, "curve", tolerance=tolerance, weight_decay=decay)
        exact = ridge.solve(ridge.Ridge(weight_decay=decay), curve["t"], tolerance)
        for column in ("train_loss", "test_loss", "train_accuracy", "test_accuracy"):
            np.testing.assert_allclose(curve[column], exact[column], rtol=2e-5, atol=1e-4)


def test_the_jump_moves_with_the_threshold_and_the_loss_does_not():
    explorable = RidgeThreshold()
    times = [rows(explorable, "half", tolerance=tolerance)["t"][0] for tolerance in (0.05, 0.2, 1.0)]
    assert times == sorted(times, reverse=True)
    losses = [rows(explorable, "curve", tolerance=tolerance)["test_loss"] for tolerance in (0.05, 1.0)]
    pd.testing.assert_series_equal(*losses)

import numpy as np
import pandas as pd
import pytest
import vl_convert

from grokmodels.explorables import clock as module
from grokmodels.explorables.clock import Clock
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.clock import READING, SPEED


@pytest.fixture(scope="module")
def rows():
    """Rows of the clock at its first state with changes."""
    clock = Clock()
    return lambda **state: clock.rows(clock.state | state)


@pytest.mark.slow
@pytest.mark.parametrize("schedule", module.SCHEDULES)
@pytest.mark.parametrize(("loss", "within"), [("logistic", 1e-6), ("exponential", 1e-6), ("squared", 2e-5)])
@pytest.mark.parametrize("degree", [1, 2, 2.5, 3, 4])
def test_the_clock_is_that_of_the_flow(rows, schedule, loss, within, degree):
    seen = rows(schedule=schedule, loss=loss, degree=degree, weight_decay=0.12, ratio=2.5)
    curves = pd.DataFrame(seen["curves"])
    model = Circuits(degree=degree, generalizing_efficiency=2.5, weight_decay=0.12, loss=loss)
    at, first = np.unique(curves["t"], return_index=True)
    exact = simulate(model, *module.START, at, module.SCHEDULES[schedule])
    curves = curves.iloc[first]
    np.testing.assert_allclose(curves[["u", "v"]], exact[["u", "v"]], rtol=within)
    np.testing.assert_allclose(curves["decay_time"], exact["decay_time"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curves["loss"], exact["loss"], rtol=250 * within, atol=1e-9)
    reading = READING(exact["u"], exact["v"], degree, 2.5)
    line = SPEED(degree, 2.5) * exact["decay_time"]
    np.testing.assert_allclose(reading - reading[0], line, atol=1e-4)
    np.testing.assert_allclose(curves["reading"], line, atol=1e-4)
    drawn = np.interp(exact["decay_time"], *(pd.DataFrame(seen["law"])[name] for name in ("decay_time", "reading")))
    np.testing.assert_allclose(drawn, line, atol=1e-6)
    assert seen["readout"]["speed"] == pytest.approx(float(SPEED(degree, 2.5)))


def lines(clock, name):
    """Where the lines of a chart are drawn: a list of (x, y) for each, in pixels from its upper left corner."""
    spec = clock.charts[name].spec(clock.state) | {"width": 300, "datasets": clock.rows(clock.state)}
    scene = vl_convert.vegalite_to_scenegraph(spec)

    def found(node):
        if node.get("marktype") == "line":
            yield [(item["x"], item["y"]) for item in node["items"]]
        for child in node.get("items", []):
            yield from found(child)

    return [np.array(line) for line in found(scene["scenegraph"])]


@pytest.mark.parametrize("state", [{}, {"schedule": "late"}, {"schedule": "pulsed"}, {"loss": "squared"}])
def test_a_line_looks_as_steep_as_it_is(state):
    for ratio in (2.0, 1.2, 3.0):
        drawn = lines(Clock(ratio=ratio, **state), "clock")
        slopes = [np.diff(line[[0, -1], 1])[0] / np.diff(line[[0, -1], 0])[0] for line in drawn]
        (plain,) = {round(slope / (ratio - 1), 3) for slope in slopes}
        assert plain == pytest.approx(-(200 / 32) / (300 / 23), rel=1e-2)


def test_a_loss_that_passes_through_zero_is_not_drawn_at_the_top():
    clock = Clock(loss="squared", schedule="pulsed")
    assert min(row["loss"] for row in clock.rows(clock.state)["curves"]) < 1e-12
    (line,) = lines(clock, "loss")
    assert line[line[:, 0] > 10, 1].min() > 40


@pytest.mark.parametrize("schedule", module.SCHEDULES)
def test_the_rule_leads_where_the_share_is_one_half(rows, schedule):
    seen = rows(schedule=schedule)
    (half,) = seen["half"]
    model = Circuits(generalizing_efficiency=2, weight_decay=0.1)
    around = half["t"] + np.array([0, -1, 1])
    shares = simulate(model, *module.START, np.sort(around), module.SCHEDULES[schedule])["share"]
    before, there, after = shares
    assert before < 0.5 < after
    assert there == pytest.approx(0.5, abs=0.01)
    assert (seen["readout"]["at"], seen["readout"]["spent"]) == (half["t"], half["decay_time"])


def test_schedules_move_the_takeover_in_time_but_not_in_decay_time(rows):
    halves = pd.concat([pd.DataFrame(rows(schedule=schedule)["half"]) for schedule in module.SCHEDULES])
    assert np.ptp(halves["t"]) > 30
    assert np.ptp(halves["decay_time"]) < 1.5
    still = rows(weight_decay=0)
    assert (still["half"], still["readout"]["at"]) == ([], None)


@pytest.mark.parametrize("schedule", module.SCHEDULES)
def test_the_decay_that_is_drawn_is_the_schedule(rows, schedule):
    ends = pd.DataFrame(rows(schedule=schedule, weight_decay=0.12)["decays"])
    middles = ends.groupby("piece")[["t", "decay"]].mean()
    factors = [module.SCHEDULES[schedule](t) for t in middles["t"]]
    np.testing.assert_allclose(middles["decay"], 0.12 * np.array(factors), atol=1e-9)


def test_the_chart_says_what_its_clock_reads(rows):
    formulas = {degree: rows(degree=degree)["readout"]["formula"] for degree in (1, 2, 2.5, 3)}
    assert formulas == {1: "ln |v − ρ u|", 2: "ln v − ρ ln u", 2.5: "ln |v⁻⁰·⁵ − ρ u⁻⁰·⁵|", 3: "ln |v⁻¹ − ρ u⁻¹|"}


@pytest.mark.parametrize("bad", [{"degree": 5}, {"ratio": 0.4}, {"weight_decay": -0.1}, {"loss": "hinge"}])
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be"):
        Clock(**bad)

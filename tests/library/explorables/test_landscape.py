import contourpy
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from grokmodels.explorables import landscape as module
from grokmodels.explorables.landscape import Landscape
from grokmodels.theory import basins
from grokmodels.theory.circuits import Circuits, energy, flow, hessian, simulate

# All controls at their ends, shallow and deep valleys, loops around a minimum (degree 1) and a peak (0.6 and 0.9), and
# two crossings of the border close to each other (3.5).
SETTINGS = [
    {"degree": 1, "weight_decay": 0.05, "ratio": 3.0, "seed": 1},
    {"degree": 1, "weight_decay": 1.0, "ratio": 0.5, "seed": 0.001},
    {"degree": 2, "weight_decay": 0.1, "ratio": 2.0, "seed": 0.002},
    {"degree": 2, "weight_decay": 0.05, "ratio": 1.0, "seed": 0.1},
    {"degree": 2, "weight_decay": 1.0, "ratio": 3.0, "seed": 1},
    {"degree": 2, "weight_decay": 0.2, "ratio": 0.5, "seed": 0.1},
    {"degree": 2.5, "weight_decay": 0.05, "ratio": 0.5, "seed": 0.5},
    {"degree": 3, "weight_decay": 0.1, "ratio": 2.0, "seed": 0.1},
    {"degree": 3, "weight_decay": 0.6, "ratio": 0.9, "seed": 0.5},
    {"degree": 3, "weight_decay": 0.95, "ratio": 2.0, "seed": 0.4},
    {"degree": 3.5, "weight_decay": 0.65, "ratio": 1.3, "seed": 0.1},
    {"degree": 4, "weight_decay": 0.05, "ratio": 3.0, "seed": 0.001},
    {"degree": 4, "weight_decay": 1.0, "ratio": 0.5, "seed": 1},
]
each = pytest.mark.parametrize("state", SETTINGS, ids=lambda state: "-".join(map(str, state.values())))


@pytest.fixture(scope="module")
def rows():
    """Rows of the landscape at its first state with changes."""
    landscape = Landscape()
    return lambda **state: landscape.rows(landscape.state | state)


def model(state):
    return Circuits(degree=state["degree"], generalizing_efficiency=state["ratio"], weight_decay=state["weight_decay"])


def lines(seen):
    """Level and corners of every contour line."""
    table = pd.DataFrame(seen["contours"]).sort_values(["line", "order"])
    return [(line["level"].iloc[0], line[["x", "y"]].to_numpy()) for _, line in table.groupby("line")]


def turns(corners):
    """Angles between successive pieces, in degrees."""
    pieces = np.diff(corners, axis=0)
    directions = np.unwrap(np.arctan2(pieces[:, 1], pieces[:, 0]))
    return np.degrees(np.abs(np.diff(directions)))


def length(corners):
    return np.hypot(*np.diff(corners, axis=0).T).sum()


@each
def test_contour_lines_lie_on_their_level(rows, state):
    seen = pd.DataFrame(rows(**state)["contours"])
    assert set(seen["level"]) <= set(module.LEVELS)
    np.testing.assert_allclose(energy(model(state), seen["x"], seen["y"]), seen["level"], rtol=0, atol=1e-9)
    assert seen[["x", "y"]].to_numpy().min() >= 0
    assert seen[["x", "y"]].to_numpy().max() <= module.SIDE


@each
def test_contour_lines_turn_smoothly_in_few_rows(rows, state):
    seen = rows(**state)
    assert len(seen["contours"]) < 1000
    assert max(turns(corners).max(initial=0) for _, corners in lines(seen)) < 12


def test_straight_pieces_on_a_grid_would_be_kinked():
    """The measure of smoothness tells: these were the lines before, interpolated in cells of side 0.1."""
    axis = np.linspace(0, module.SIDE, 27)
    heights = energy(model(SETTINGS[2]), *np.meshgrid(axis, axis))
    coarse = contourpy.contour_generator(axis, axis, heights)
    assert max(turns(corners).max(initial=0) for level in module.LEVELS for corners in coarse.lines(level)) > 45


@each
def test_no_contour_line_is_missing(rows, state):
    """As long as those that matplotlib's generator draws on a fine grid, but for loops smaller than the dot at rest."""
    axis = np.linspace(0, module.SIDE, 521)
    fine = contourpy.contour_generator(axis, axis, energy(model(state), *np.meshgrid(axis, axis)))
    drawn = lines(rows(**state))
    for level in module.LEVELS:
        expected = sum(map(length, fine.lines(level)))
        assert sum(length(corners) for own, corners in drawn if own == level) == pytest.approx(expected, abs=0.04)
    for _, corners in drawn:
        closed = (corners[0] == corners[-1]).all()
        ends = corners[[0, -1]]
        assert closed or np.abs(ends * (module.SIDE - ends)).min(axis=1).max() < 1e-9


@each
def test_the_ball_follows_the_flow(rows, state):
    seen = rows(**state, time=100)
    path = pd.DataFrame(seen["path"])
    assert list(path["t"]) == module.TIMES
    exact = simulate(model(state), module.START, state["seed"], path["t"])
    np.testing.assert_allclose(path[["u", "v"]], exact[["u", "v"]], rtol=3e-6, atol=1e-9)
    np.testing.assert_allclose(path["energy"], energy(model(state), exact["u"], exact["v"]), rtol=1e-5)
    assert (np.diff(path["energy"]) < 1e-12).all()
    assert seen["readout"]["first"] == pytest.approx(path["energy"].iloc[0])
    assert seen["readout"]["last"] == pytest.approx(path["energy"].iloc[-1])


@pytest.mark.parametrize("time", [0, 30, 64.5, 100])
@each
def test_the_readout_is_that_of_the_moment(rows, state, time):
    told = rows(**state, time=time)["readout"]
    now = simulate(model(state), module.START, state["seed"], [time]).iloc[0]
    assert told["energy"] == pytest.approx(energy(model(state), now["u"], now["v"]), rel=1e-5)
    assert told["share"] == pytest.approx(now["share"], rel=1e-4, abs=1e-9)


@each
def test_points_of_rest_rest_and_hold_if_they_say_so(rows, state):
    circuits = model(state)
    for point in rows(**state)["points"]:
        u, v = point["u"], point["v"]
        # The flow there, and how fast a small departure grows: the least curvature with its sign turned.
        assert np.abs(flow(circuits, u, v)).max() < 1e-6
        assert point["energy"] == pytest.approx(float(energy(circuits, u, v)))
        growth = -np.linalg.eigvalsh(hessian(circuits, u, v))
        assert point["stable"] == (growth.max() < 1e-9), point["name"]
        assert (point["name"] == "peak") == (growth.min() > 1e-9 and point["name"] != "origin")


@each
def test_all_points_of_rest_that_exist_are_drawn(rows, state):
    circuits = model(state)
    points = {(point["name"], point["u"] > point["v"]): point for point in rows(**state)["points"]}
    names = [name for name, _ in points]
    degree, decay, ratio = state["degree"], state["weight_decay"], state["ratio"]
    if degree < 2:
        (both,) = points.values()
        lowest = minimize(lambda at: energy(circuits, *at), [0.5, 0.5], bounds=[(0, 3)] * 2, tol=1e-14)
        np.testing.assert_allclose([both["u"], both["v"]], lowest.x, atol=1e-4)
    elif degree == 2:
        expected = {"memorizer": decay < 1, "rule": decay < ratio, "origin": True}
        assert names == [name for name, exists in expected.items() if exists]
    else:
        folds = basins.spinodals(circuits)
        expected = {
            "memorizer": 1 if decay < folds["memorizer"] else 0,
            "rule": 1 if decay < folds["generalizer"] else 0,
            "threshold": (decay < folds["memorizer"]) + (decay < folds["generalizer"]),
            "saddle": 1 if decay < folds["saddle"] else 0,
            "peak": 1 if decay < folds["saddle"] else 0,
            "origin": 1,
        }
        assert {name: names.count(name) for name in expected} == expected
        laws = {"memorizer": basins.memorizer, "rule": basins.generalizer, "saddle": basins.saddle}
        for (name, _), point in points.items():
            if name in laws:
                exact = laws[name](circuits)
                np.testing.assert_allclose([point["u"], point["v"]], [exact.u, exact.v], atol=1e-9)
        if decay < folds["memorizer"]:
            assert points["threshold", True]["u"] == pytest.approx(basins.threshold(circuits).u)


@each
def test_the_line_is_the_separatrix(rows, state):
    line = rows(**state)["line"]
    if state["degree"] <= 2:
        assert line == []
        return
    slope = float(basins.SLOPE(state["degree"], state["ratio"]))
    begin, end = line
    assert (begin["u"], begin["v"]) == (0, 0)
    assert end["v"] == pytest.approx(slope * end["u"])
    assert max(end["u"], end["v"]) == pytest.approx(module.SIDE)


def test_time_and_seed_leave_the_ground_as_it_is(rows):
    before = rows()
    assert rows(time=80)["path"] == before["path"]
    assert rows(time=80, seed=0.3)["contours"] == before["contours"]
    assert rows(seed=0.3)["path"] != before["path"]
    assert rows(ratio=1.9)["contours"] != before["contours"]
    assert rows() == before


def test_presets_do_what_they_say(rows):
    ends = {words: rows(**state)["readout"]["place"] for words, state in Landscape().presets.items()}
    assert ends == {
        "Three layers": "beside the memorizer",
        "Larger start": "beside the rule",
        "Beyond the fold": "beside the origin",
        "Worse rule": "beside the memorizer",
    }


def test_words_follow_the_state(rows):
    two, three, one = rows()["readout"], rows(degree=3, time=100)["readout"], rows(degree=1, time=100)["readout"]
    assert (two["stable"], two["unstable"], two["place"]) == ("rule", "memorizer, origin", "between points of rest")
    assert two["end"] == "beside the rule"
    assert three["stable"] == "memorizer, rule, origin"
    assert three["unstable"] == "threshold, saddle, peak"
    assert (one["stable"], one["unstable"], one["end"]) == ("both", "none", "beside the point where both rest")
    assert "Nothing divides the plane." in Landscape().html()
    assert "A dashed straight line" in Landscape(degree=2.5).html()


def test_a_guess_hides_the_path_and_is_answered():
    explorable = Landscape()
    guess = explorable.guess
    for chart in explorable.charts.values():
        layers = [layer for layer in chart.spec({})["layer"] if layer.get("data") == {"name": "path"}]
        assert len(layers) == 3
        assert all("revealed" in str(layer["transform"]) for layer in layers)
    rows = explorable.rows(guess.state)
    path = pd.DataFrame(rows["path"])
    # It falls once: from time 10 to the end next to nothing is left to fall.
    assert path["energy"].iloc[20] - path["energy"].iloc[-1] < 1e-4
    assert rows["readout"]["place"] == "beside the memorizer"


@pytest.mark.parametrize(
    "bad", [{"degree": 0.5}, {"ratio": -1}, {"weight_decay": -0.1}, {"weight_decay": float("nan")}, {"time": 101}]
)
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        Landscape(**bad)

"""The explorables that formulas drive, and every formula, in a real browser against Python."""

import json
import random

import numpy as np
import pytest

from grokmodels.explorables import (
    Clock,
    Escape,
    GrokkingCurve,
    Landscape,
    Motion,
    PhaseDiagram,
    RidgeThreshold,
)
from grokmodels.theory.kernels import source
from tests.explorable_samples import schedules
from tests.library.theory.test_javascript import KERNELS, grid

pytestmark = pytest.mark.browser

EXPLORABLES = {
    explorable.name: explorable
    for explorable in (
        Landscape(),
        Clock(),
        GrokkingCurve(),
        PhaseDiagram(),
        Escape(),
        RidgeThreshold(),
        Motion(),
        schedules(),
    )
}
# Beside the sliders' ranges: where formulas have no answer, or numbers overflow.
UNDEFINED = [
    ("landscape", {"degree": 0.5}),
    ("landscape", {"ratio": 0}),
    ("landscape", {"weight_decay": -0.1}),
    ("landscape", {"weight_decay": 1e300}),
    ("landscape", {"time": -1}),
    ("clock", {"degree": -3}),
    ("clock", {"ratio": -1}),
    ("clock", {"weight_decay": -0.2}),
    ("clock", {"weight_decay": 1e300}),
    ("grokking-curve", {"seed": 0}),
    ("grokking-curve", {"weight_decay": 0}),
    ("grokking-curve", {"weight_decay": 1}),
    ("grokking-curve", {"crosstalk": 0}),
    ("phase-diagram", {"ratio": -2}),
    ("phase-diagram", {"weight_decay": 0}),
    ("phase-diagram", {"seed": -1}),
    ("escape", {"temperature": -0.01}),
    ("escape", {"temperature": 0}),
    ("escape", {"weight_decay": 0.9}),
    ("escape", {"weight_decay": -1}),
    ("schedules", {"strength": 0}),
    ("schedules", {"strength": -1}),
    ("schedules", {"strength": 1e300}),
    ("schedules", {"start": -100}),
    ("schedules", {"ramp": -1}),
    ("schedules", {"length": 1e9}),
    ("ridge-threshold", {"tolerance": 0}),
    ("ridge-threshold", {"weight_decay": 7}),
    ("motion", {"learning_rate": 0}),
    ("motion", {"learning_rate": 1}),
    ("motion", {"weight_decay": 0}),
    ("motion", {"batch_share": 0}),
    ("motion", {"batch_share": 1.5}),
    ("motion", {"ratio": -1}),
]
DRAWN = """([name, datasets]) => {
    const { views } = document.getElementById(`explorable-${name}`).explorable;
    const all = Object.entries(datasets).map(([chart, names]) => names.map((set) => [set, views[chart].data(set)]));
    return JSON.parse(JSON.stringify(Object.fromEntries(all.flat())));
}"""
SET = "([name, changes]) => document.getElementById(`explorable-${name}`).explorable.set(changes)"


@pytest.fixture(scope="module")
def tab(windows):
    """The page, opened once."""
    with windows() as visit:
        yield visit()


def check(tab, name):
    """What the charts draw equals what Python computes for the same state."""
    explorable = EXPLORABLES[name]
    state = tab.evaluate("(name) => ({...document.getElementById(`explorable-${name}`).explorable.state})", name)
    expected = explorable.rows(state)
    reads = {
        chart: [d for d in description.reads() if d in expected] for chart, description in explorable.charts.items()
    }
    drawn = tab.evaluate(DRAWN, [explorable.name, reads])
    assert drawn
    for dataset, rows in drawn.items():
        assert len(rows) == len(expected[dataset])
        for ours, theirs in zip(expected[dataset], rows, strict=True):
            for key, value in ours.items():
                if isinstance(value, float):
                    assert theirs[key] == pytest.approx(value, rel=1e-7, abs=1e-9), (dataset, key, state)
                else:
                    assert theirs[key] == value, (dataset, key, state)


def test_every_formula_equals_numpy(tab):
    points = {name: grid(kernel).T.tolist() for name, kernel in KERNELS.items()}
    program = f"""(data) => {{ {source(*KERNELS.values())}
        return Object.entries(data).map(([name, points]) =>
            points.map((point) => [eval(name)(...point)].flat().map((x) => Number.isFinite(x) ? x : null)));
    }}"""
    for (name, kernel), values in zip(KERNELS.items(), tab.evaluate(program, points), strict=True):
        theirs = np.array(values, dtype=float).T
        ours = np.atleast_2d(np.array(kernel(*grid(kernel))))
        finite = np.isfinite(ours)
        np.testing.assert_array_equal(finite, np.isfinite(theirs), err_msg=name)
        np.testing.assert_allclose(theirs[finite], ours[finite], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("name", EXPLORABLES)
def test_sliders_move_the_charts_to_the_values_of_python(tab, name):
    explorable = EXPLORABLES[name]
    check(tab, name)
    draw = random.Random(name)
    for _ in range(6):
        state = {trait: draw.choice(control.payload()["values"]) for trait, control in explorable.controls.items()}
        tab.evaluate(SET, [name, state])
        if tab.locator(f"#explorable-{name} .grok-note").inner_text():
            with pytest.raises(ValueError, match="Undefined here"):
                explorable.rows(state)
        else:
            check(tab, name)
    tab.evaluate(SET, [name, explorable.state])


@pytest.mark.parametrize(("name", "changes"), UNDEFINED, ids=lambda value: json.dumps(value))
def test_what_is_undefined_is_said(tab, name, changes):
    explorable = EXPLORABLES[name]
    with pytest.raises(ValueError, match=r"^Undefined here: ") as reason:
        explorable.rows(explorable.state | changes)
    tab.evaluate(SET, [name, changes])
    assert tab.locator(f"#explorable-{name} .grok-note").inner_text() == str(reason.value)
    assert "NaN" not in tab.locator(f"#explorable-{name}").inner_html().split("grok-payload")[0]
    tab.evaluate(SET, [name, explorable.state])
    assert tab.locator(f"#explorable-{name} .grok-note").inner_text() == ""
    check(tab, name)


def test_the_point_of_the_phase_diagram_is_dragged(tab):
    view = tab.locator("#explorable-phase-diagram [data-view=phases]")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 200)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 330, steps=5)
    tab.mouse.up()
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert "collapse" in tab.locator("#explorable-phase-diagram .grok-readout").inner_text()
    check(tab, "phase-diagram")
    tab.evaluate(SET, ["phase-diagram", EXPLORABLES["phase-diagram"].state])


def test_the_point_of_motion_is_dragged_into_every_corner(tab):
    explorable = EXPLORABLES["motion"]
    view = tab.locator("#explorable-motion [data-view=plane]")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    for right, down in ((0, 0), (1, 0), (1, 1), (0, 1)):
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"], steps=5)
        tab.mouse.up()
        tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        ratios, shares = (explorable.controls[trait].values for trait in ("ratio", "batch_share"))
        state = tab.evaluate("() => ({...document.getElementById('explorable-motion').explorable.state})")
        assert (state["ratio"], state["batch_share"]) == (ratios[-right], shares[down - 1])
        check(tab, "motion")
        told = tab.locator("#explorable-motion .grok-readout").inner_text()
        assert ("never" in told) == ((right, down) != (1, 1))
    tab.evaluate(SET, ["motion", explorable.state])


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_page(visit, width):
    assert visit(width).evaluate("document.documentElement.scrollWidth") == width

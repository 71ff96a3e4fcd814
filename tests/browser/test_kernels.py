"""The explorables that compute, in a real browser: what is drawn is what their kernels give, at every control."""

import math
import random

import numpy as np
import pytest

from grokmodels.explorables.words import fill
from grokmodels.theory.kernels import source
from tests.explorable_samples import computed
from tests.library.theory.test_javascript import KERNELS, grid

pytestmark = pytest.mark.browser


EXPLORABLES = computed()
DRAWN = """([name, datasets]) => {
    const { views } = document.getElementById(`explorable-${name}`).explorable;
    const all = Object.entries(datasets).map(([chart, names]) => names.map((set) => [set, views[chart].data(set)]));
    return JSON.parse(JSON.stringify(Object.fromEntries(all.flat())));
}"""
SET = "([name, changes]) => document.getElementById(`explorable-${name}`).explorable.set(changes)"
# Until a change is painted.
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))"
# How many items all marks of a chart have.
ITEMS = """([name, chart]) => {
    const count = (node) => (/marks$/.test(node.name ?? "") ? node.items.length : 0)
        + (node.items ?? []).reduce((sum, item) => sum + count(item), 0);
    return count(document.getElementById(`explorable-${name}`).explorable.views[chart].scenegraph().root);
}"""
STATE = "(name) => ({...document.getElementById(`explorable-${name}`).explorable.state})"


@pytest.fixture(scope="module")
def tab(windows):
    """The page, opened once."""
    with windows() as visit:
        yield visit()


def check(tab, name):
    """Charts, readout and alt texts are those that V8 and Python give for the same state."""
    explorable = EXPLORABLES[name]
    state = tab.evaluate(STATE, name)
    expected = explorable.rows(state)
    reads = {chart: [d for d in drawing.reads() if d in expected] for chart, drawing in explorable.charts.items()}
    assert sum(map(len, reads.values()))
    for dataset, rows in tab.evaluate(DRAWN, [name, reads]).items():
        assert len(rows) == len(expected[dataset])
        for ours, theirs in zip(expected[dataset], rows, strict=True):
            for key, value in ours.items():
                if isinstance(value, float):
                    assert theirs[key] == pytest.approx(value, rel=1e-7, abs=1e-9), (dataset, key, state)
                else:
                    assert theirs[key] == value, (dataset, key, state)
    words = explorable.words(state, expected)
    told = [f"{label} {value}" for label, value, _ in (readout.told(words) for readout in explorable.readout)]
    assert tab.locator(f"#explorable-{name} .grok-readout span").all_inner_texts() == told
    for title, chart in explorable.charts.items():
        figure = tab.locator(f"#explorable-{name} [data-chart={title}]")
        assert figure.locator("[data-view]").get_attribute("aria-label") == fill(chart.alt, words)
        assert figure.locator("figcaption").inner_text() == fill(chart.caption, words)


def test_every_formula_equals_numpy(tab):
    at = {name: grid(kernel).T.tolist() for name, kernel in KERNELS.items()}
    program = f"""(data) => {{ {source(*KERNELS.values())}
        return Object.entries(data).map(([name, points]) =>
            points.map((point) => [eval(name)(...point)].flat().map((x) => Number.isFinite(x) ? x : null)));
    }}"""
    for (name, kernel), values in zip(KERNELS.items(), tab.evaluate(program, at), strict=True):
        theirs = np.array(values, dtype=float).T
        ours = np.atleast_2d(np.array(kernel(*grid(kernel))))
        finite = np.isfinite(ours)
        np.testing.assert_array_equal(finite, np.isfinite(theirs), err_msg=name)
        np.testing.assert_allclose(theirs[finite], ours[finite], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("name", EXPLORABLES)
def test_every_control_moves_the_charts(tab, name):
    explorable = EXPLORABLES[name]
    check(tab, name)
    draw = random.Random(name)
    for trait, control in explorable.controls.items():
        values = control.payload()["values"]
        # One control at a time, at both ends and between, then all of them at once.
        for value in {values[0], draw.choice(values), values[-1]}:
            tab.evaluate(SET, [name, {trait: value}])
            look(tab, name)
        tab.evaluate(SET, [name, explorable.state])
    for _ in range(4):
        state = {trait: draw.choice(control.payload()["values"]) for trait, control in explorable.controls.items()}
        tab.evaluate(SET, [name, state])
        look(tab, name)
    tab.evaluate(SET, [name, explorable.state])


def look(tab, name):
    """The charts are right, or the note says why there are none, as Python does."""
    note = tab.locator(f"#explorable-{name} .grok-note").inner_text()
    if note:
        with pytest.raises(ValueError, match="Undefined here") as reason:
            EXPLORABLES[name].rows(tab.evaluate(STATE, name))
        assert note == str(reason.value)
        assert "NaN" not in tab.locator(f"#explorable-{name}").inner_html().split("grok-payload")[0]
    else:
        check(tab, name)


@pytest.mark.parametrize("name", EXPLORABLES)
def test_presets_set_the_state(tab, name):
    explorable = EXPLORABLES[name]
    for words, state in explorable.presets.items():
        chip = tab.locator(f"#explorable-{name}").get_by_role("button", name=words, exact=True)
        chip.click()
        tab.evaluate(SET, [name, {}])
        assert tab.evaluate(STATE, name) == state
        assert chip.get_attribute("aria-pressed") == "true"
        look(tab, name)
    tab.locator(f"#explorable-{name} .grok-reset").click()
    tab.evaluate(SET, [name, {}])
    assert tab.evaluate(STATE, name) == explorable.state
    check(tab, name)


@pytest.mark.parametrize("name", [name for name, explorable in EXPLORABLES.items() if explorable.guess])
def test_the_answer_is_hidden_until_the_guess_is_made(tab, name):
    explorable = EXPLORABLES[name]
    guess, root = explorable.guess, tab.locator(f"#explorable-{name}")
    root.get_by_role("button", name="Guess first").click()
    tab.evaluate(FRAME)
    assert tab.evaluate(STATE, name) == explorable.state | guess.state
    hidden = tab.evaluate(ITEMS, [name, guess.chart])
    drag(tab, name, guess.chart, (0.4, 0.6), (0.7, 0.4))
    made = tab.evaluate(DRAWN, [name, {guess.chart: ["guess"]}])["guess"]
    assert all(point["x"] is not None for point in made)
    assert len(made) == 1 if guess.kind == "mark" else all(point["y"] is not None for point in made) and len(made) > 3
    root.get_by_role("button", name="Reveal").click()
    tab.evaluate(FRAME)
    assert tab.evaluate(ITEMS, [name, guess.chart]) > hidden + len(made)
    words = explorable.words(explorable.state | guess.state, explorable.rows(explorable.state | guess.state))
    answer = root.locator(".grok-prompt").inner_text()
    assert answer.endswith(fill(guess.answer, words))
    assert answer.startswith("Your guess: ") == (guess.kind == "mark")
    tab.evaluate(SET, [name, explorable.state])
    check(tab, name)


@pytest.mark.parametrize("name", EXPLORABLES)
def test_a_control_refuses_what_lies_outside(tab, name):
    explorable = EXPLORABLES[name]
    for trait, control in explorable.controls.items():
        outside = "none of them" if isinstance(control.initial, str) else math.ceil(1.5 * control.values[-1]) + 1
        tab.evaluate(SET, [name, {trait: outside}])
        note = tab.locator(f"#explorable-{name} .grok-note").inner_text()
        assert note.startswith(f"{control.label}: got {outside}; must be ")
        assert tab.evaluate(STATE, name) == explorable.state
    tab.evaluate(SET, [name, {}])
    assert tab.locator(f"#explorable-{name} .grok-note").inner_text() == ""
    check(tab, name)


@pytest.mark.parametrize("name", EXPLORABLES)
def test_every_slider_moves_by_keyboard(tab, name):
    more = tab.locator(f"#explorable-{name} .grok-more")
    if more.is_visible():
        more.click()
    for trait, control in EXPLORABLES[name].controls.items():
        if control.payload()["kind"] == "slider":
            tab.locator(f"#explorable-{name}").get_by_role("slider", name=control.label).focus()
            tab.keyboard.press("Home")
            tab.keyboard.press("ArrowRight")
            assert tab.evaluate(STATE, name)[trait] == control.values[1]
            tab.evaluate(SET, [name, {}])
            look(tab, name)
    tab.evaluate(SET, [name, EXPLORABLES[name].state])


def drag(tab, name, chart, start, end):
    """Press on a chart and move, in shares of its width and height."""
    view = tab.locator(f"#explorable-{name} [data-view={chart}]")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    places = [(box["x"] + right * box["width"], box["y"] + down * box["height"]) for right, down in (start, end)]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    tab.mouse.move(*places[1], steps=5)
    tab.mouse.up()
    tab.evaluate(FRAME)


def test_the_point_of_the_phase_diagram_is_dragged(tab):
    drag(tab, "phase-diagram", "phases", (0.5, 0.5), (0.95, 0.9))
    assert "collapse" in tab.locator("#explorable-phase-diagram .grok-readout").inner_text()
    check(tab, "phase-diagram")
    tab.evaluate(SET, ["phase-diagram", EXPLORABLES["phase-diagram"].state])


def test_the_point_of_motion_is_dragged_into_every_corner(tab):
    explorable = EXPLORABLES["motion"]
    for right, down in ((0, 0), (1, 0), (1, 1), (0, 1)):
        drag(tab, "motion", "plane", (0.5, 0.5), (right, down))
        ratios, shares = (explorable.controls[trait].values for trait in ("ratio", "batch_share"))
        state = tab.evaluate(STATE, "motion")
        assert (state["ratio"], state["batch_share"]) == (ratios[-right], shares[down - 1])
        check(tab, "motion")
        told = tab.locator("#explorable-motion .grok-readout").inner_text()
        assert ("never" in told) == ((right, down) != (1, 1))
    tab.evaluate(SET, ["motion", explorable.state])


def test_a_forecast_is_dragged_and_the_answer_shown_only_when_it_is_asked_for(tab):
    explorable, root = EXPLORABLES["desk"], tab.locator("#explorable-desk")
    for chart in ("accuracy", "board"):
        drag(tab, "desk", chart, (0.5, 0.5), (0.8, 0.5))
        late = tab.evaluate(STATE, "desk")["forecast"]
        drag(tab, "desk", chart, (0.8, 0.5), (0.5, 0.5))
        assert explorable.controls["forecast"].values[0] < tab.evaluate(STATE, "desk")["forecast"] < late
        check(tab, "desk")
    before = tab.evaluate(ITEMS, ["desk", "board"])
    assert "hidden" in root.locator(".grok-readout").inner_text()
    root.get_by_role("radio", name="shown").check()
    tab.evaluate(FRAME)
    assert tab.evaluate(ITEMS, ["desk", "board"]) > before
    assert "hidden" not in root.locator(".grok-readout").inner_text()
    check(tab, "desk")
    # The next run begins with its answer hidden, and the forecast where it was at first.
    root.get_by_role("button", name="Run 2").click()
    tab.evaluate(FRAME)
    assert tab.evaluate(STATE, "desk") == explorable.state | {"run": 2}
    assert tab.evaluate(DRAWN, ["desk", {"accuracy": ["truth"]}]) == {"truth": []}
    root.get_by_role("radio", name="held-out data, too").check()
    tab.evaluate(FRAME)
    kinds = {row["kind"] for row in tab.evaluate(DRAWN, ["desk", {"accuracy": ["accuracy"]}])["accuracy"]}
    assert kinds == {"train_accuracy", "test_accuracy", "m_hat"}
    check(tab, "desk")
    tab.evaluate(SET, ["desk", explorable.state])


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_page(visit, width):
    assert visit(width).evaluate("document.documentElement.scrollWidth") == width

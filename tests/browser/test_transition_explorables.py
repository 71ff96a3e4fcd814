"""The explorables of the phase transition in a real browser, against Python."""

import random

import pytest

from tests.library.explorables.test_transition_explorables import collapse, hysteresis

pytestmark = pytest.mark.browser

EXPLORABLES = {explorable.name: explorable for explorable in (collapse(), hysteresis())}
ROOT = "document.getElementById(`explorable-${name}`).explorable"


@pytest.fixture(scope="module")
def tab(windows):
    """The page on a phone, opened once."""
    with windows() as visit:
        tab = visit(width=390)
        yield tab
        assert tab.evaluate("document.documentElement.scrollWidth") == 390


def check(tab, name):
    """What the charts and the readout show equals what Python computes for the same state."""
    explorable = EXPLORABLES[name]
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    expected = explorable.rows(tab.evaluate(f"(name) => ({{...{ROOT}.state}})", name))
    for chart, description in explorable.charts.items():
        for dataset in description.reads():
            drawn = tab.evaluate(
                f"([name, chart, dataset]) => JSON.parse(JSON.stringify({ROOT}.views[chart].data(dataset)))",
                [name, chart, dataset],
            )
            assert len(drawn) == len(expected[dataset])
            for ours, theirs in zip(expected[dataset], drawn, strict=True):
                for key, value in ours.items():
                    near = pytest.approx(value, rel=1e-7, abs=1e-9) if isinstance(value, float) else value
                    assert theirs[key] == near, (dataset, key)
    shown = tab.locator(f"#explorable-{name} .grok-readout").inner_text()
    for row in expected["readout"]:
        assert row["label"] in shown
        if row["value"] is not None:
            assert format(row["value"], row["format"]).replace("-", "−") in shown.replace("-", "−")


@pytest.mark.parametrize("name", EXPLORABLES)
def test_sliders_move_the_charts_to_the_values_of_python(tab, name):
    check(tab, name)
    draw = random.Random(name)
    controls = EXPLORABLES[name].controls
    for _ in range(6):
        state = {trait: draw.choice(control.payload()["values"]) for trait, control in controls.items()}
        tab.evaluate(f"([name, state]) => {ROOT}.set(state)", [name, state])
        check(tab, name)


@pytest.mark.parametrize("name", EXPLORABLES)
def test_every_slider_moves_by_keyboard(tab, name):
    for trait, control in EXPLORABLES[name].controls.items():
        tab.locator(f"#explorable-{name}").get_by_role("slider", name=control.label).focus()
        tab.keyboard.press("Home")
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate(f"(name) => {ROOT}.state", name)[trait] == control.values[1]
        check(tab, name)


def test_what_is_undefined_is_said(tab):
    for name, changes in (("collapse", {"stretch": 9}), ("hysteresis", {"degree": 7})):
        explorable = EXPLORABLES[name]
        tab.evaluate(f"([name, state]) => {ROOT}.set(state)", [name, changes])
        with pytest.raises(ValueError, match="Undefined here") as reason:
            explorable.rows(explorable.state | changes)
        assert tab.locator(f"#explorable-{name} .grok-note").inner_text() == str(reason.value)
        tab.evaluate(f"([name, state]) => {ROOT}.set(state)", [name, explorable.state])
        check(tab, name)

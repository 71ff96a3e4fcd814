"""The explorable of frequencies in a real browser, against Python."""

import pytest

from tests.explorable_samples import frequencies

pytestmark = pytest.mark.browser

EXPLORABLE = frequencies()
EXPLORABLES = {"frequencies": EXPLORABLE}
ROOT = "document.getElementById('explorable-frequencies').explorable"
DRAWN = f"([chart, dataset]) => JSON.parse(JSON.stringify({ROOT}.views[chart].data(dataset)))"


def check(tab):
    """What the charts draw equals what Python computes for the same state."""
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    expected = EXPLORABLE.rows(tab.evaluate(f"({{...{ROOT}.state}})"))
    for chart, dataset in (("spectrum", "bars"), ("accuracy", "curve"), ("accuracy", "now")):
        drawn = tab.evaluate(DRAWN, [chart, dataset])
        # The fold in the chart adds columns of its own, and one row per curve.
        rows = {tuple((key, row[key]) for key in expected[dataset][0]) for row in drawn}
        assert rows == {tuple(row.items()) for row in expected[dataset]}
    readout = tab.locator("#explorable-frequencies .grok-readout").inner_text()
    for row in expected["readout"]:
        assert format(row["value"], row["format"]) in readout


def test_every_number_of_frequencies_draws_the_values_of_python(tab):
    slider = tab.get_by_role("slider", name="Frequencies kept")
    slider.focus()
    tab.keyboard.press("Home")
    for _ in EXPLORABLE.controls["kept"].values:
        check(tab)
        tab.keyboard.press("ArrowRight")


def test_steps_and_networks_draw_the_values_of_python(tab):
    tab.get_by_role("slider", name="Training step").focus()
    for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
        tab.keyboard.press(key)
        check(tab)
    tab.get_by_role("radio", name="p = 19").check()
    check(tab)


def test_an_unrecorded_step_is_said(tab):
    tab.evaluate(f"{ROOT}.set({{ step: 9999 }})")
    assert "No network was recorded at step 9999." in tab.locator("#explorable-frequencies .grok-note").inner_text()


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_page(tab, width):
    tab.set_viewport_size({"width": width, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") == width

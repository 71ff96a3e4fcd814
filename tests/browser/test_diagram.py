"""The map of recorded runs in a real browser: sliders, keyboard and clicks against Python."""

import pytest

from tests.explorable_samples import diagram, diagram_tables

pytestmark = pytest.mark.browser

HISTORIES, RUNS = diagram_tables()
# One cell is missing.
HOLE = (RUNS["fraction"] == 0.25) & (RUNS["weight_decay"] == 0.1)
DIAGRAM = diagram(history=HISTORIES, runs=RUNS[~HOLE], fraction=0.5, weight_decay=0.5)
EXPLORABLES = {"diagram": DIAGRAM}
ROOT = "document.getElementById('explorable-diagram').explorable"
DRAWN = f"([chart, dataset]) => JSON.parse(JSON.stringify({ROOT}.views[chart].data(dataset)))"
SETTLE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


def check(tab):
    """What the charts draw equals what Python computes for the same state."""
    tab.evaluate(SETTLE)
    expected = DIAGRAM.rows(tab.evaluate(f"({{...{ROOT}.state}})"))
    for chart, dataset in (("map", "chosen"), ("accuracy", "curves")):
        drawn = tab.evaluate(DRAWN, [chart, dataset])
        assert [{key: row[key] for key in expected[dataset][0]} for row in drawn] == expected[dataset]
    words = tab.locator("#explorable-diagram .grok-readout").inner_text()
    for row in expected["readout"]:
        shown = "–" if row["value"] is None else format(row["value"], row["format"])
        assert f"{row['label']} {shown}" in words


def test_the_keyboard_walks_through_the_cells(tab):
    check(tab)
    for label, keys in (("Weight decay", ["Home", "ArrowRight", "End"]), ("Fraction", ["End", "ArrowLeft", "Home"])):
        tab.get_by_role("slider", name=label).focus()
        for key in keys:
            tab.keyboard.press(key)
            check(tab)
    assert tab.evaluate(f"{ROOT}.state") == {"fraction": 0.25, "weight_decay": 4}


def test_a_click_opens_the_cell_under_the_pointer(tab):
    view = tab.locator("#explorable-diagram [data-view=map]")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    for decay, fraction in ((0.1, 0.9), (1, 0.4), (4, 0.5)):
        x, y = tab.evaluate(
            f"""([decay, fraction]) => {{
              const view = {ROOT}.views.map, [left, top] = view.origin(), pad = view.padding();
              return [left + pad.left + view.scale("x")(decay), top + pad.top + view.scale("y")(fraction)];
            }}""",
            [decay, fraction],
        )
        # A little off, and for the outermost cells beyond the map.
        tab.mouse.click(box["x"] + x + 4, box["y"] + y - 4)
        tab.evaluate(SETTLE)
        assert tab.evaluate(f"{ROOT}.state") == {"fraction": fraction, "weight_decay": decay}
        check(tab)


def test_a_cell_that_was_not_recorded_says_so(tab):
    tab.evaluate(f"{ROOT}.set({{ fraction: 0.25, weight_decay: 0.1 }})")
    tab.evaluate(SETTLE)
    note = tab.locator("#explorable-diagram .grok-note")
    assert note.inner_text() == "No run was recorded at fraction 0.25 and decay 0.1."
    tab.evaluate(f"{ROOT}.set({{ fraction: 0.9 }})")
    tab.evaluate(SETTLE)
    assert note.inner_text() == ""
    check(tab)

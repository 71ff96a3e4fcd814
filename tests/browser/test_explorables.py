"""Explorables on a static page, opened from disk in a real browser."""

import pytest

from grokmodels.palette import PALETTE
from tests.explorable_samples import Power, family, replay

pytestmark = pytest.mark.browser

EXPLORABLES = {"replay": replay(), "family": family(weight_decay=0.5), "power": Power()}
VIEW_DATA = """([name, chart, dataset]) =>
    JSON.parse(JSON.stringify(document.getElementById(`explorable-${name}`).explorable.views[chart].data(dataset)))"""


def settle(tab):
    """Wait until a change is painted."""
    tab.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


def state(tab, name):
    return tab.evaluate("(name) => ({...document.getElementById(`explorable-${name}`).explorable.state})", name)


def check(tab, name):
    """What the charts draw equals what Python computes for the same state."""
    settle(tab)
    explorable = EXPLORABLES[name]
    expected = explorable.rows(state(tab, name))
    compared = 0
    for chart, description in explorable.charts.items():
        for dataset in description.reads():
            if dataset in expected:
                drawn = tab.evaluate(VIEW_DATA, [name, chart, dataset])
                assert [{key: row[key] for key in expected[dataset][0]} for row in drawn] == expected[dataset]
                compared += 1
    assert compared


def test_keyboard_moves_the_charts_to_the_values_of_python(visit):
    tab = visit()
    slider = tab.get_by_role("slider", name="Training step")
    steps = list(EXPLORABLES["replay"].controls["step"].values)
    at = steps.index(800)
    slider.focus()
    moves = [("ArrowRight", at + 1), ("ArrowUp", at + 2), ("ArrowLeft", at + 1), ("Home", 0), ("End", len(steps) - 1)]
    for key, position in moves:
        tab.keyboard.press(key)
        assert state(tab, "replay") == {"step": steps[position]}
        check(tab, "replay")
    before = state(tab, "replay")["step"]
    tab.keyboard.press("PageDown")
    assert state(tab, "replay")["step"] < before - 50
    check(tab, "replay")


def test_every_recorded_decay_draws_the_runs_of_python(visit):
    tab = visit()
    slider = tab.get_by_role("slider", name="Weight decay")
    slider.focus()
    tab.keyboard.press("Home")
    for decay in EXPLORABLES["family"].controls["weight_decay"].values:
        assert state(tab, "family") == {"weight_decay": decay}
        check(tab, "family")
        tab.keyboard.press("ArrowRight")


def test_dragging_the_thumb_moves_the_charts(visit):
    tab = visit()
    slider = tab.get_by_role("slider", name="Training step")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    thumb = box["x"] + 11 + (box["width"] - 22) * 800 / 1500
    tab.mouse.move(thumb, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.4, middle, steps=5)
    tab.mouse.move(box["x"] + box["width"] * 0.25, middle, steps=5)
    tab.mouse.up()
    assert 300 <= state(tab, "replay")["step"] <= 450
    check(tab, "replay")


def test_dragging_on_a_chart_moves_the_slider(visit):
    tab = visit()
    for name, chart, trait, low, high in (
        ("replay", "accuracy", "step", 500, 1000),
        ("family", "delay", "weight_decay", 0.1, 0.5),
    ):
        view = tab.locator(f"#explorable-{name} [data-view={chart}]")
        view.scroll_into_view_if_needed()
        box = view.bounding_box()
        tab.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 100)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 100, steps=5)
        tab.mouse.up()
        assert low <= state(tab, name)[trait] <= high
        check(tab, name)


def test_touch_moves_a_slider(visit):
    tab = visit(width=390, has_touch=True, is_mobile=True)
    slider = tab.get_by_role("slider", name="Training step")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    assert 150 <= state(tab, "replay")["step"] <= 450
    check(tab, "replay")


def test_a_sentence_sets_the_slider(visit):
    tab = visit()
    tab.get_by_role("link", name="step 400").click()
    assert state(tab, "replay") == {"step": 400}
    assert tab.get_by_role("slider", name="Training step").get_attribute("aria-valuetext") == "400"
    assert "test accuracy" in tab.locator("#explorable-replay .grok-readout").inner_text()
    check(tab, "replay")


def test_a_choice_is_made_by_keyboard(visit):
    tab = visit()
    tab.get_by_label("plus", exact=True).focus()
    tab.keyboard.press("ArrowRight")
    assert state(tab, "power")["sign"] == "minus"
    check(tab, "power")


def test_play_runs_to_the_end_unless_motion_is_unwanted(visit):
    tab = visit()
    tab.evaluate("document.getElementById('explorable-replay').explorable.set({step: 1400})")
    play = tab.locator("#explorable-replay .grok-play")
    play.click()
    tab.wait_for_function("document.getElementById('explorable-replay').explorable.state.step === 1500")
    tab.wait_for_function("document.querySelector('.grok-play').textContent === '▶ Play'")
    check(tab, "replay")
    calm = visit(reduced_motion="reduce")
    assert not calm.locator("#explorable-replay .grok-play").is_visible()


def test_where_there_is_no_answer_the_chart_says_so_and_recovers(visit):
    tab = visit()
    note = tab.locator("#explorable-power .grok-note")
    slider = tab.get_by_role("slider", name="Exponent")
    slider.focus()
    tab.keyboard.press("Home")
    settle(tab)
    with pytest.raises(ValueError, match=r".+") as reason:
        EXPLORABLES["power"].rows({"exponent": -1.0, "sign": "plus"})
    assert note.inner_text() == str(reason.value)
    assert tab.evaluate(VIEW_DATA, ["power", "curve", "curve"]) == []
    tab.keyboard.press("End")
    settle(tab)
    assert note.inner_text() == ""
    check(tab, "power")

    tab.evaluate("document.getElementById('explorable-replay').explorable.set({step: 99999})")
    settle(tab)
    assert tab.locator("#explorable-replay .grok-note").inner_text() == "No network was recorded at step 99999."
    assert "NaN" not in tab.content()


def test_colors_follow_the_theme(visit):
    tab = visit()
    line = "path[stroke='var(--grok-test)']"
    color = f'getComputedStyle(document.querySelector("#explorable-replay {line}")).stroke'

    def rgb(hexadecimal):
        return "rgb({}, {}, {})".format(*bytes.fromhex(hexadecimal[1:]))

    assert tab.evaluate(color) == rgb(PALETTE["test"].light)
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert tab.evaluate(color) == rgb(PALETTE["test"].dark)


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_is_wider_than_the_page(visit, width):
    tab = visit(width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    outside = """() => [...document.querySelectorAll('.grok-explorable')].flatMap((root) => {
        const card = root.getBoundingClientRect();
        return [...root.querySelectorAll('svg, input, button, output, figcaption, text')].filter((node) => {
            const box = node.getBoundingClientRect();
            return box.width && (box.right > card.right + 1 || box.left < card.left - 1);
        }).map((node) => node.outerHTML.slice(0, 200));
    })"""
    assert tab.evaluate(outside) == []


def test_charts_follow_their_container(visit):
    tab = visit()
    tab.evaluate("document.body.style.maxWidth = '500px'")
    fits = "(box) => box.querySelector('svg').clientWidth <= box.clientWidth"
    tab.wait_for_function(f"[...document.querySelectorAll('.grok-view')].every({fits})")
    check(tab, "replay")


def test_controls_are_labeled(visit):
    tab = visit()
    slider = tab.get_by_role("slider", name="Training step")
    assert slider.get_attribute("aria-valuetext") == "800"
    output = tab.locator(f"output[for='{slider.get_attribute('id')}']")
    assert output.inner_text() == "800"
    assert output.get_attribute("aria-live") == "polite"
    assert tab.get_by_role("group", name="Replay of one training run").count() == 1
    assert tab.get_by_role("group", name="Sign").count() == 1
    for chart in EXPLORABLES["replay"].charts.values():
        assert tab.locator(f'[aria-label="{chart.alt}"]').count() == 1


def test_without_javascript_the_pictures_remain(visit):
    tab = visit(java_script_enabled=False)
    for explorable in EXPLORABLES.values():
        for chart in explorable.charts.values():
            picture = tab.get_by_alt_text(chart.alt, exact=True)
            picture.scroll_into_view_if_needed()
            box = picture.bounding_box()
            assert box["width"] > 200
            assert box["height"] > 80

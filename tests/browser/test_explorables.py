"""Explorables on a static page, opened from disk in a real browser."""

import pytest

from grokmodels.explorables.words import fill
from grokmodels.palette import PALETTE
from tests.explorable_samples import Power, diagram, family, replay

pytestmark = pytest.mark.browser

EXPLORABLES = {"replay": replay(), "family": family(weight_decay=0.5), "power": Power(), "diagram": diagram()}
VIEW_DATA = """([name, chart, dataset]) =>
    JSON.parse(JSON.stringify(document.getElementById(`explorable-${name}`).explorable.views[chart].data(dataset)))"""


MARKS = """([name, chart]) => {
    const count = {};
    const walk = (node) => {
        if (/marks$/.test(node.name ?? "")) count[node.marktype] = (count[node.marktype] ?? 0) + node.items.length;
        (node.items ?? []).forEach(walk);
    };
    walk(document.getElementById(`explorable-${name}`).explorable.views[chart].scenegraph().root);
    return count;
}"""
SEEN = """(selector) => {
    const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
    return top > -5 && top < innerHeight && bottom > 0;
}"""
SENTENCES = """() => {
    for (const [id, name, state] of [["near", "replay", '{"step": 300}'], ["far", "power", '{"exponent": 3}']]) {
        const link = Object.assign(document.createElement("a"), { id, className: "grok-set", textContent: id });
        link.href = "#";
        Object.assign(link.dataset, { explorable: name, state });
        document.body.prepend(link);
    }
}"""


def drawn_marks(tab, name, chart):
    """How many items of each kind of mark are drawn."""
    return tab.evaluate(MARKS, [name, chart])


def settle(tab):
    """Wait until a change is painted."""
    tab.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


def state(tab, name):
    return tab.evaluate("(name) => ({...document.getElementById(`explorable-${name}`).explorable.state})", name)


def told(tab, name):
    return tab.locator(f"#explorable-{name} .grok-readout").inner_text()


def data(tab, name, chart, dataset):
    settle(tab)
    return tab.evaluate(VIEW_DATA, [name, chart, dataset])


def check(tab, name):
    """The readout and the alt texts say what Python says for the same state."""
    settle(tab)
    explorable, at = EXPLORABLES[name], state(tab, name)
    words = explorable.words(at, explorable.rows(at))
    lines = [" ".join(readout.told(words)[:2]) for readout in explorable.readout]
    assert tab.locator(f"#explorable-{name} .grok-readout span").all_inner_texts() == lines
    for title, chart in explorable.charts.items():
        figure = tab.locator(f"#explorable-{name} [data-chart={title}]")
        assert figure.get_by_label(fill(chart.alt, words), exact=True).count() == 1
        assert figure.locator("figcaption").inner_text() == fill(chart.caption, words)


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
    slider = tab.locator("#explorable-family").get_by_role("slider", name="Weight decay")
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


def strike(tab, place, to):
    """Move a finger over the page from a place to another."""
    finger = tab.context.new_cdp_session(tab)
    for event, part in (("touchStart", 0.0), *(("touchMove", part / 10) for part in range(1, 11)), ("touchEnd", None)):
        now = {axis: place[axis] + part * (to[axis] - place[axis]) for axis in "xy"} if part is not None else None
        finger.send("Input.dispatchTouchEvent", {"type": event, "touchPoints": [now] if now else []})
    settle(tab)


@pytest.mark.parametrize(("name", "chart"), [("replay", "accuracy"), ("diagram", "map")])
def test_a_finger_scrolls_over_a_chart_and_moves_it_along_or_by_a_tap(visit, name, chart):
    for stroke, to in (("up", {"x": 0, "y": -150}), ("along", {"x": -120, "y": 10})):
        tab = visit(width=390, has_touch=True, is_mobile=True)
        view = tab.locator(f"#explorable-{name} [data-view={chart}]")
        view.evaluate("(view) => view.scrollIntoView({ block: 'center' })")
        box, before, top = view.bounding_box(), state(tab, name), tab.evaluate("scrollY")
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        strike(tab, place, {axis: place[axis] + to[axis] for axis in "xy"})
        if stroke == "up":
            tab.wait_for_function("(top) => scrollY > top + 50", arg=top)
            assert state(tab, name) == before
    moved = state(tab, name)
    assert moved != before
    tab.touchscreen.tap(box["x"] + box["width"] * 0.85, box["y"] + box["height"] * 0.2)
    settle(tab)
    assert all(value != moved[trait] for trait, value in state(tab, name).items())
    check(tab, name)


def test_the_control_that_a_finger_uses_is_the_one_that_stays(visit):
    tab = visit(width=390, has_touch=True, is_mobile=True)
    root = tab.locator("#explorable-power")
    root.locator(".grok-more").tap()
    root.get_by_label("minus", exact=True).tap()
    assert root.locator(".grok-in-use").inner_text().startswith("Sign")
    root.get_by_role("slider", name="Exponent").tap()
    assert root.locator(".grok-in-use").inner_text().startswith("Exponent")


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


def test_play_runs_to_the_end(visit):
    tab = visit()
    tab.evaluate("document.getElementById('explorable-replay').explorable.set({step: 1400})")
    play = tab.locator("#explorable-replay").get_by_role("button", name="▶ Play")
    play.click()
    assert tab.locator("#explorable-replay").get_attribute("aria-busy") == "true"
    tab.wait_for_function("document.getElementById('explorable-replay').explorable.state.step === 1500")
    tab.wait_for_selector("#explorable-replay:not([aria-busy])")
    assert tab.locator("#explorable-replay").get_by_role("button", name="▶ Play").count() == 1
    check(tab, "replay")


def test_where_motion_is_unwanted_the_reader_steps(visit):
    tab = visit(reduced_motion="reduce")
    step = tab.locator("#explorable-replay").get_by_role("button", name="▶ Step")
    tab.evaluate("document.getElementById('explorable-replay').explorable.set({ step: 1300 })")
    seen = []
    for _ in range(3):
        step.click()
        settle(tab)
        seen.append(state(tab, "replay")["step"])
        check(tab, "replay")
    # An eighth of the slider further, to its end, and again from the start.
    assert seen == [1500, 200, 400]


def test_where_there_is_no_answer_the_chart_says_so_and_recovers(visit):
    tab = visit()
    note = tab.locator("#explorable-power .grok-note")
    tab.get_by_role("slider", name="Exponent").focus()
    tab.keyboard.press("Home")
    assert data(tab, "power", "curve", "curve") == []
    assert note.inner_text() == "No power below zero here."
    tab.keyboard.press("End")
    settle(tab)
    assert note.inner_text() == ""
    check(tab, "power")
    assert told(tab, "power") == "at 2 nothing"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("replay", {"step": 99999}, "Training step: got 99999; must be between 0 and 1,500"),
        ("power", {"sign": "both"}, "Sign: got both; must be one of plus, minus"),
        ("power", {"power": 2}, "power is not a control of this explorable"),
    ],
)
def test_what_no_control_takes_is_refused(visit, name, changes, words):
    tab = visit()
    before = state(tab, name)
    tab.evaluate(
        "([name, changes]) => document.getElementById(`explorable-${name}`).explorable.set(changes)", [name, changes]
    )
    assert tab.locator(f"#explorable-{name} .grok-note").inner_text() == words
    assert state(tab, name) == before
    check(tab, name)
    assert "NaN" not in tab.content()


def test_presets_are_chips_and_reset_goes_back(visit):
    tab = visit()
    chips = tab.locator("#explorable-power .grok-chips")
    assert chips.get_by_role("button").all_inner_texts() == ["Guess first", "Square", "Minus", "Reset"]
    chips.get_by_role("button", name="Minus").click()
    settle(tab)
    assert state(tab, "power") == {"exponent": 1, "sign": "minus"}
    pressed = [chip.get_attribute("aria-pressed") for chip in chips.locator(".grok-chip").all()]
    assert pressed == [None, "false", "true", None]
    assert [row["y"] for row in data(tab, "power", "curve", "curve")] == [0, -0.5, -1, -1.5, -2]
    chips.get_by_role("button", name="Reset").click()
    settle(tab)
    assert state(tab, "power") == EXPLORABLES["power"].state
    check(tab, "power")


def test_a_link_holds_the_state(visit):
    tab = visit()
    tab.evaluate("document.getElementById('explorable-power').explorable.set({ exponent: 2.5, sign: 'minus' })")
    settle(tab)
    address = tab.evaluate("document.querySelector('#explorable-power .grok-link').href")
    assert address.endswith("#explorable-power&exponent=2.5&sign=minus")
    other = visit()
    other.goto(address)
    other.reload()
    other.wait_for_function("document.getElementById('explorable-power').explorable?.state.exponent === 2.5")
    assert state(other, "power") == {"exponent": 2.5, "sign": "minus"}
    check(other, "power")
    assert other.evaluate(SEEN, "#explorable-power")
    # Another address on the same page moves it as well.
    other.evaluate("location.hash = '#explorable-replay&step=300'")
    other.wait_for_function("document.getElementById('explorable-replay').explorable.state.step === 300")
    check(other, "replay")
    other.evaluate("location.hash = '#explorable-replay&step=-5&speed=2'")
    settle(other)
    other.wait_for_function("document.querySelector('#explorable-replay .grok-note').textContent !== ''")
    assert state(other, "replay") == {"step": 300}


def test_a_curve_is_drawn_before_the_answer_shows(visit):
    tab = visit()
    root = tab.locator("#explorable-power")
    scrolls = "(view) => getComputedStyle(view).touchAction"
    assert root.locator("[data-view=curve]").evaluate(scrolls) == "auto"
    root.get_by_role("button", name="Guess first").click()
    settle(tab)
    assert root.locator("[data-view=curve]").evaluate(scrolls) == "none"
    assert state(tab, "power") == {"exponent": 2, "sign": "plus"}
    assert drawn_marks(tab, "power", "curve") == {"line": 0}
    assert "Draw the square." in root.locator(".grok-prompt").inner_text()
    assert not root.locator(".grok-readout strong").is_visible()
    assert root.locator("[data-chart=curve]").get_by_label("Draw the square.", exact=True).count() == 1
    assert root.locator(".grok-controls").evaluate("(panel) => panel.inert")
    box = root.locator("[data-view=curve]").bounding_box()
    tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 80)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 30, steps=12)
    tab.mouse.up()
    settle(tab)
    guess = data(tab, "power", "curve", "guess")
    assert len(guess) > 8
    assert [point["x"] for point in guess] == sorted(point["x"] for point in guess)
    assert all(0 <= point["x"] <= 2 for point in guess)
    assert guess[-1]["y"] > guess[0]["y"]
    root.get_by_role("button", name="Reveal").click()
    settle(tab)
    assert drawn_marks(tab, "power", "curve")["line"] > len(guess)
    assert root.locator(".grok-prompt").inner_text() == "It ends at 4.0."
    assert root.locator("[data-view=curve]").evaluate(scrolls) == "auto"
    assert root.locator(".grok-readout strong").is_visible()
    root.get_by_role("button", name="Reset").click()
    settle(tab)
    assert data(tab, "power", "curve", "guess") == []
    assert root.locator(".grok-prompt").inner_text() == ""
    check(tab, "power")


def test_a_place_is_marked_by_keyboard_before_the_answer_shows(visit):
    tab = visit()
    root = tab.locator("#explorable-family")
    root.get_by_role("button", name="Guess first").click()
    settle(tab)
    assert state(tab, "family") == EXPLORABLES["family"].guess.state
    before = drawn_marks(tab, "family", "curves")
    assert root.get_by_label("Your guess").input_value() == "500"
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    settle(tab)
    (mark,) = data(tab, "family", "curves", "guess")
    assert 25 < mark["x"] < 20_000
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    settle(tab)
    assert drawn_marks(tab, "family", "curves")["line"] > before["line"]
    assert root.locator(".grok-prompt").inner_text().startswith(f"Your guess: {mark['x']:,.0f}. It was step ")
    root.get_by_role("slider", name="Weight decay").focus()
    tab.keyboard.press("End")
    settle(tab)
    assert root.locator(".grok-prompt").inner_text() == ""
    check(tab, "family")


def test_a_phone_shows_one_control_and_keeps_the_one_in_use_in_sight(visit):
    tab = visit(width=390)
    root = tab.locator("#explorable-power")
    exponent, sign = root.get_by_role("slider", name="Exponent"), root.get_by_role("group", name="Sign")
    assert (exponent.is_visible(), sign.is_visible()) == (True, False)
    more = root.locator(".grok-more")
    assert more.inner_text() == "More controls (1)"
    more.click()
    assert more.inner_text() == "Fewer controls"
    assert sign.is_visible()
    root.get_by_label("minus", exact=True).check()
    # What was used stays when the others fold away.
    more.click()
    assert (exponent.is_visible(), sign.is_visible()) == (False, True)
    replay = tab.locator("#explorable-replay")
    slider = replay.get_by_role("slider", name="Training step")
    slider.focus()
    replay.locator("[data-chart=rule_share]").evaluate("(figure) => figure.scrollIntoView({ block: 'end' })")
    settle(tab)
    box = slider.bounding_box()
    assert 0 <= box["y"] < 200
    sticking = """() => [...document.querySelectorAll('#explorable-replay *')].filter((node) =>
        getComputedStyle(node).position === 'sticky').map((node) => node.className)"""
    assert tab.evaluate(sticking) == ["grok-control grok-in-use"]


def test_a_sentence_scrolls_only_to_a_chart_out_of_sight(visit):
    tab = visit()
    tab.evaluate(SENTENCES)
    tab.evaluate("document.querySelector('[data-chart=accuracy]').scrollIntoView({ block: 'center' })")
    before = tab.evaluate("scrollY")
    tab.evaluate("document.getElementById('near').click()")
    settle(tab)
    assert state(tab, "replay") == {"step": 300}
    assert tab.evaluate("scrollY") == before
    tab.evaluate("document.getElementById('far').click()")
    tab.wait_for_function(f"({SEEN})('#explorable-power [data-chart=curve]')")
    assert state(tab, "power")["exponent"] == 3
    check(tab, "power")


def test_a_sentence_about_one_chart_scrolls_to_that_one(visit):
    tab = visit(width=390)
    tab.evaluate("document.querySelector('.grok-set').dataset.chart = 'rule_share'")
    tab.evaluate("document.querySelector('[data-chart=accuracy]').scrollIntoView({ block: 'end' })")
    assert not tab.evaluate(SEEN, "#explorable-replay [data-view=rule_share]")
    tab.evaluate("document.querySelector('.grok-set').click()")
    tab.wait_for_function(f"({SEEN})('#explorable-replay [data-view=rule_share]')")
    check(tab, "replay")


def test_an_explorable_has_a_way_back_to_the_sentence_that_moved_it(visit):
    tab = visit(width=390)
    link, back = tab.get_by_role("link", name="step 400"), tab.get_by_role("button", name="Back to the text")
    tab.evaluate("document.querySelector('#explorable-replay .grok-charts').style.marginTop = '1200px'")
    link.click()
    back.wait_for()
    assert tab.evaluate(SEEN, ".grok-return")
    back.click()
    tab.wait_for_function(f"({SEEN})('.grok-set')")
    back.wait_for(state="hidden")
    assert tab.evaluate("document.activeElement.className") == "grok-set"
    check(tab, "replay")


def test_the_keyboard_goes_from_chips_to_controls_to_the_link(visit):
    tab = visit()
    tab.locator("#explorable-power .grok-chip").first.focus()
    order = []
    for _ in range(7):
        order.append(tab.evaluate("document.activeElement.className || document.activeElement.type"))
        tab.keyboard.press("Tab")
    assert order == [
        "grok-chip grok-guess",
        "grok-chip",
        "grok-chip",
        "grok-chip grok-reset",
        "range",
        "radio",
        "grok-link",
    ]


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
    # The slider speaks for itself, the readout for the chart.
    assert output.get_attribute("aria-live") == "off"
    assert tab.locator("#explorable-replay .grok-readout").get_attribute("role") == "status"
    assert tab.get_by_role("group", name="Replay of one training run").count() == 1
    assert tab.get_by_role("group", name="Sign").count() == 1
    check(tab, "replay")


def test_without_javascript_the_pictures_remain(visit):
    tab = visit(java_script_enabled=False)
    for explorable in EXPLORABLES.values():
        words = explorable.words(explorable.state, explorable.rows(explorable.state))
        for chart in explorable.charts.values():
            picture = tab.get_by_alt_text(fill(chart.alt, words), exact=True)
            picture.scroll_into_view_if_needed()
            box = picture.bounding_box()
            assert box["width"] > 200
            assert box["height"] > 80

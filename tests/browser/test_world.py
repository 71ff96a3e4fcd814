"""The world of facts on a static page, opened from disk in a real browser: it trains, and answers what is asked."""

import pytest

from grokmodels.explorables.engine import Trainer
from tests.browser.test_laboratory import TOLD
from tests.explorable_samples import world

pytestmark = pytest.mark.browser

WORLD = world()
EXPLORABLES = {"world": WORLD}
ROOT = "document.getElementById('explorable-world')"
STATE = f"() => ({{ ...{ROOT}.explorable.state }})"


@pytest.fixture
def root(tab):
    return tab.locator("#explorable-world")


def press(root, name):
    root.get_by_role("button", name=name, exact=True).click()


def choose(root, **state):
    root.page.evaluate(f"(state) => {ROOT}.explorable.set(state)", state)
    root.page.wait_for_timeout(300)


def wait(root, words):
    """Until the first button says this."""
    root.locator(".grok-presses button", has_text=words).first.wait_for(timeout=60_000)


def at_step(root, at):
    root.page.wait_for_function(f"({TOLD})({ROOT}).step === '{at}'", timeout=60_000)


def test_it_trains_what_the_engine_trains(root):
    choose(root, weight_decay=0)
    at_step(root, 0)
    press(root, "Step")
    at_step(root, 25)
    press(root, "Step")
    at_step(root, 50)
    trainer = Trainer(WORLD.experiment(WORLD.state | {"weight_decay": 0}))
    trainer.advance(50)
    history = trainer.history.set_index("step")
    for row in root.page.evaluate(f"JSON.parse(JSON.stringify({ROOT}.explorable.views.accuracy.data('curves')))"):
        for name in ("train_accuracy.facts", "train_accuracy.questions", "test_accuracy", "apart_accuracy.one_unused"):
            assert row[name] == history.loc[row["step"], name]
    # The recorded run stays as a ghost.
    assert len(root.page.evaluate(f"{ROOT}.explorable.views.accuracy.data('ends')")) == 1


def test_a_click_asks_a_question_while_nothing_is_trained_anew(root):
    columns = WORLD.rows(WORLD.state)["questions"][0]["columns"]
    box = root.locator("canvas").bounding_box()
    # Row 7; relation 2, then relation 3: behind 6 facts and two groups of 7, a gap first.
    cell = (box["width"] / columns, box["height"] / 20)
    root.page.mouse.click(box["x"] + 24.5 * cell[0], box["y"] + 7.5 * cell[1])
    root.page.wait_for_timeout(200)
    asked = {"person": 7, "first": 2, "second": 3}
    assert root.page.evaluate(STATE) == WORLD.state | asked
    told = WORLD.rows(WORLD.state | asked)["readout"]
    assert f"{told['question']} {told['answer']}" in root.locator(".grok-readout").inner_text()
    root.page.mouse.move(0, 0)
    assert root.locator(".grok-cell").inner_text().startswith(f"{told['way']}; the network says {told['answer']}: ")
    assert root.locator(".grok-cells i").is_visible()
    assert root.locator(".grok-presses button").first.inner_text() == "Train it yourself"
    # A fact is no question, and a gap is nothing.
    for column in (2.5, 6.5):
        root.page.mouse.click(box["x"] + column * cell[0], box["y"] + 1.5 * cell[1])
    root.page.wait_for_timeout(200)
    assert root.page.evaluate(STATE) == WORLD.state | asked


def test_the_keyboard_asks_a_question(root):
    slider = root.get_by_role("slider", name="Person")
    slider.focus()
    root.page.keyboard.press("ArrowRight")
    root.page.wait_for_timeout(200)
    assert slider.get_attribute("aria-valuetext") == "Ben"
    assert "of Ben?" in root.locator(".grok-readout").inner_text()
    root.page.keyboard.press("End")
    root.page.wait_for_timeout(200)
    assert "This world has 20 people" in root.locator(".grok-readout").inner_text()
    assert not root.locator(".grok-cells i").is_visible()


def test_another_world_is_built_and_trains(root):
    choose(root, entities=10, relations=3)
    at_step(root, 0)
    size = root.page.evaluate(f"(({{ width, height }}) => [width, height])({ROOT}.querySelector('canvas'))")
    assert size == [3 + 3 * 4, 10]
    press(root, "Train")
    root.page.wait_for_function(f"Number(({TOLD})({ROOT}).step.replace(',', '')) >= 200", timeout=60_000)
    press(root, "Pause")
    wait(root, "Go on")


def test_the_recording_is_replayed(root):
    press(root, "▶ Replay")
    root.page.wait_for_function(f"Number(({TOLD})({ROOT}).step) < 300")
    press(root, "❚❚ Pause")


def test_on_a_phone_the_table_is_as_wide_as_the_page(visit):
    tab = visit(width=390, has_touch=True, is_mobile=True)
    root = tab.locator("#explorable-world")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    seen = [box.get_attribute("data-view") for box in root.locator(".grok-view").all() if box.is_visible()]
    assert seen == ["questions", "accuracy"]
    assert root.locator("canvas").bounding_box()["width"] > 320
    root.locator("canvas").tap()
    assert "The" not in root.locator(".grok-cell").inner_text()[:3]
    press(root, "More controls (7)")
    assert root.get_by_role("slider").count() == 8
    assert tab.evaluate("document.documentElement.scrollWidth") == 390

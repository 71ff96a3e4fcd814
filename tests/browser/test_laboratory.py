"""The laboratory on a static page, opened from disk in a real browser: what the reader presses trains."""

import json

import pytest

from grokmodels.explorables import Laboratory
from grokmodels.explorables.engine import Trainer
from grokmodels.explorables.laboratory import BASE

pytestmark = pytest.mark.browser

EXPLORABLES = {"laboratory": Laboratory(), "box": Laboratory(name="box", compact=True, weight_decay=0.1)}
ROOT = "document.getElementById('explorable-laboratory')"
END = EXPLORABLES["laboratory"].data["recording"]["frames"][-1]["step"]
TOLD = "(root) => Object.fromEntries([...root.querySelectorAll('.grok-readout span')].map((span) => \
    [span.firstChild.textContent.trim(), span.querySelector('strong').textContent]))"
DATA = f"([chart, dataset]) => JSON.parse(JSON.stringify({ROOT}.explorable.views[chart].data(dataset)))"
SPIES = """() => {
    window.workers = [];
    const Real = Worker;
    window.Worker = function (url) {
        const worker = new Real(url);
        const { postMessage, terminate } = worker;
        worker.told = [];
        worker.postMessage = (order) => { worker.told.push(order); postMessage.call(worker, order); };
        worker.terminate = () => { worker.ended = true; terminate.call(worker); };
        window.workers.push(worker);
        return worker;
    };
}"""
ORDERS = "workers.map(({ told }) => told.filter((order) => order.do !== 'drawn').map((order) => order.do))"


@pytest.fixture
def lab(tab):
    """The laboratory, with what its workers are told noted."""
    tab.evaluate(SPIES)
    return tab.locator("#explorable-laboratory")


def press(lab, name):
    lab.get_by_role("button", name=name, exact=True).click()


def told(lab):
    return lab.evaluate(TOLD)


def step(lab):
    return int(told(lab)["step"].replace(",", ""))


def data(lab, chart, dataset):
    return lab.page.evaluate(DATA, [chart, dataset])


def wait(lab, words):
    """Until the first button says this."""
    lab.locator(".grok-presses button", has_text=words).first.wait_for(timeout=60_000)


def past(lab, at):
    """Until it has trained so far."""
    lab.page.wait_for_function(f"Number(({TOLD})({ROOT}).step.replace(',', '')) >= {at}", timeout=60_000)


def endless(lab):
    """A network at step 0 that will not come to its end: it has no decay."""
    choose(lab, weight_decay=0)
    at_step(lab, 0)


def at_step(lab, at):
    """Until it tells this step."""
    lab.page.wait_for_function(f"({TOLD})({ROOT}).step === '{at}'")


def choose(lab, **state):
    """Move controls, and wait for the networks that are asked for."""
    lab.page.evaluate(f"(state) => {ROOT}.explorable.set(state)", state)
    lab.page.wait_for_timeout(300)


def test_it_trains_until_it_has_found_the_rule(lab):
    assert told(lab)["test accuracy"] == "100%"
    press(lab, "Train it yourself")
    wait(lab, "Pause")
    assert lab.get_attribute("aria-busy") == "true"
    wait(lab, "Go on")
    assert lab.get_attribute("aria-busy") == "false"
    assert told(lab)["training accuracy"] == "100%"
    assert float(told(lab)["test accuracy"].rstrip("%")) > 95
    # The recorded run, trained once more: it ends where that did, and no ghost lies on itself.
    assert step(lab) == END
    assert lab.page.evaluate(f"{ROOT}.querySelector('canvas').width") == BASE.task.p
    assert data(lab, "accuracy", "ghosts") == []
    # What is drawn is what the engine makes in V8, to the last bit.
    trainer = Trainer(BASE)
    trainer.advance(END)
    history = trainer.history.set_index("step")
    curves = data(lab, "accuracy", "curves")
    assert len(curves) > 60
    for row in curves:
        for name in ("train_accuracy", "test_accuracy", "weight_norm", "rule_share", "m_hat", "decay_time"):
            assert row[name] == history.loc[row["step"], name]


def test_pause_step_and_start_over(lab):
    endless(lab)
    press(lab, "Step")
    at_step(lab, 10)
    press(lab, "Step")
    at_step(lab, 20)
    press(lab, "Go on")
    past(lab, 100)
    press(lab, "Pause")
    wait(lab, "Go on")
    lab.page.wait_for_timeout(200)
    at = step(lab)
    lab.page.wait_for_timeout(300)
    assert step(lab) == at
    press(lab, "Start over")
    wait(lab, "Train")
    at_step(lab, 0)
    assert lab.page.evaluate("workers.map(({ ended }) => Boolean(ended))") == [True, False]


def test_decay_batch_and_data_change_while_it_trains(lab):
    endless(lab)
    press(lab, "Train")
    past(lab, 50)
    choose(lab, weight_decay=0.1)
    choose(lab, batch_size="128")
    choose(lab, data_share=0.5)
    orders = lab.page.evaluate("workers.flatMap(({ told }) => told.filter(({ changes }) => changes))")
    assert [order["changes"] for order in orders] == [{"weight_decay": 0.1}, {"batch_size": 128}, {"data_share": 0.5}]
    press(lab, "Pause")
    counts = lab.page.evaluate(f"{ROOT}.explorable.views.table && {ROOT}.querySelector('.grok-view').ariaLabel")
    shown = BASE.task.n_train(BASE.fraction)
    assert f"Of {round(shown / 2)} shown pairs" in counts


def test_a_step_while_it_trains_ends_at_the_next_evaluation(lab):
    endless(lab)
    press(lab, "Train")
    past(lab, 100)
    press(lab, "Step")
    lab.page.wait_for_function(f"({TOLD})({ROOT}).step.endsWith('0')")
    lab.page.wait_for_timeout(300)
    assert lab.locator(".grok-presses button").first.inner_text() == "Go on"
    before = step(lab)
    press(lab, "Step")
    at_step(lab, f"{before + 10}")


def test_at_its_end_other_data_go_on_and_another_decay_begins_anew(lab):
    press(lab, "Train it yourself")
    wait(lab, "Pause")
    wait(lab, "Go on")
    choose(lab, data_share=0.5)
    assert step(lab) == END
    assert "Of 288 shown pairs" in lab.locator("[data-chart=table] [role=img]").get_attribute("aria-label")
    # Once the reader has trained one, the next trains at once.
    choose(lab, data_share=1, weight_decay=2)
    wait(lab, "Pause")
    wait(lab, "Go on")
    # The first has never trained with a decay of 2.
    assert [end["label"] for end in data(lab, "accuracy", "ends")] == ["λ = 1"]
    assert "not yet" not in lab.locator(".grok-readout").inner_text()


def test_what_changes_the_network_begins_a_new_one(lab):
    choose(lab, p=23)
    lab.page.wait_for_function(f"{ROOT}.querySelector('canvas').width === 23")
    assert step(lab) == 0
    assert lab.page.evaluate(ORDERS) == [["start"]]
    assert lab.page.evaluate("workers[0].told[0].recipe.task.p") == 23
    # While it trains, so does the new one.
    press(lab, "Train")
    past(lab, 20)
    choose(lab, seed=3)
    assert lab.page.evaluate(ORDERS)[1] == ["start", "run"]
    # All as it was shows what was recorded.
    press(lab, "Reset")
    wait(lab, "Train it yourself")
    assert told(lab)["test accuracy"] == "100%"


def test_a_twin_begins_with_the_same_weights_and_splits(lab):
    choose(lab, twin="zero")
    lab.page.wait_for_function(f"{ROOT}.querySelectorAll('canvas').length === 2")
    first, second = lab.page.evaluate("workers.map(({ told }) => told[0].recipe)")
    assert second == first | {"optimizer": first["optimizer"] | {"weight_decay": 0}}
    assert lab.locator("[data-chart=accuracy] figcaption").inner_text() == "Accuracy (dashed: λ = 0)"
    press(lab, "Train")
    past(lab, 200)
    press(lab, "Pause")
    lab.page.wait_for_timeout(300)
    assert {row["who"] for row in data(lab, "accuracy", "curves")} == {"network", "twin"}
    choose(lab, twin="none")
    lab.page.wait_for_function(f"{ROOT}.querySelectorAll('canvas').length === 1")


def test_earlier_runs_stay_as_ghosts_and_mark_the_clock(lab):
    choose(lab, weight_decay=2)
    press(lab, "Train")
    wait(lab, "Go on")
    ends = data(lab, "accuracy", "ends")
    assert [end["label"] for end in ends] == ["λ = 1"]
    turns = data(lab, "clock", "turns")
    assert [turn["label"] for turn in turns] == ["", "λ = 2"]
    assert all(turn["decay_time"] > 1 for turn in turns)
    choose(lab, seed=3, batch_size="128")
    others = "full batch, seed 0"
    labels = [end["label"] for end in data(lab, "accuracy", "ends")]
    assert labels == [f"λ = 1, {others}", f"λ = 2, {others}"]


def test_a_guess_is_answered_when_it_happens(lab):
    press(lab, "Guess first")
    at_step(lab, 0)
    assert lab.locator(".grok-presses").evaluate("(node) => node.inert")
    for _ in range(10):
        lab.page.keyboard.press("ArrowRight")
    press(lab, "Train and see")
    prompt = lab.locator(".grok-prompt")
    assert "Your guess: " in prompt.inner_text()
    assert "Now it trains." in prompt.inner_text()
    wait(lab, "Go on")
    assert "It passed one half at step " in prompt.inner_text()
    choose(lab, weight_decay=2)
    assert prompt.inner_text() == ""


def test_the_run_can_be_saved(lab):
    assert lab.get_by_role("button", name="Save this run").is_disabled()
    press(lab, "Step")
    at_step(lab, 10)
    with lab.page.expect_download() as download:
        press(lab, "Save this run")
    assert download.value.suggested_filename == "grokking-run.json"
    with open(download.value.path(), encoding="utf-8") as file:
        run = json.load(file)
    assert run["history"]["step"] == [0, 10]
    assert run["experiment"]["task"]["p"] == BASE.task.p


def test_the_keyboard_trains(lab):
    endless(lab)
    lab.get_by_role("button", name="Train", exact=True).focus()
    lab.page.keyboard.press("Enter")
    wait(lab, "Pause")
    past(lab, 30)
    lab.page.keyboard.press("Enter")
    wait(lab, "Go on")
    lab.page.keyboard.press("Tab")
    before = step(lab)
    lab.page.keyboard.press("Space")
    past(lab, before + 1)
    assert lab.evaluate("() => document.activeElement.textContent") == "Step"


def test_while_the_page_is_hidden_nothing_trains(lab):
    endless(lab)
    press(lab, "Train")
    past(lab, 30)
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); \
        document.dispatchEvent(new Event('visibilitychange')); }"
    lab.page.evaluate(hide, True)
    lab.page.evaluate(hide, False)
    assert lab.page.evaluate(ORDERS) == [["start", "run", "pause", "run"]]
    past(lab, 100)


def test_what_is_out_of_sight_is_not_drawn(lab):
    press(lab, "Train it yourself")
    lab.page.evaluate("document.body.style.paddingBottom = '3000px'")
    lab.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    lab.page.wait_for_timeout(400)
    before = lab.page.evaluate("workers[0].told.length")
    lab.page.wait_for_timeout(400)
    assert lab.page.evaluate("workers[0].told.length") == before
    lab.page.evaluate("scrollTo(0, 0)")
    wait(lab, "Go on")


def test_removed_it_ends_its_workers(lab):
    choose(lab, twin="tenth")
    lab.page.evaluate(f"{ROOT}.explorable.remove()")
    assert lab.page.evaluate("workers.map(({ ended }) => ended)") == [True, True]


def test_a_cell_says_what_it_is(lab):
    box = lab.locator("canvas").bounding_box()
    size = box["width"] / BASE.task.p
    # Row 7, column 12.
    lab.page.mouse.move(box["x"] + 12.5 * size, box["y"] + 7.5 * size)
    words = lab.locator(".grok-cell").inner_text()
    assert words.startswith("7 + 12 = 19: ")
    assert words.endswith(", right")
    lab.page.mouse.move(0, 0)
    assert lab.locator(".grok-cell").inner_text() == "Point at a cell."


def test_the_table_follows_the_theme(lab):
    pixel = f"[...{ROOT}.querySelector('canvas').getContext('2d').getImageData(0, 0, 1, 1).data]"
    light = lab.page.evaluate(pixel)
    lab.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    lab.page.wait_for_function(f"JSON.stringify({pixel}) !== '{json.dumps(light, separators=(',', ':'))}'")


def test_the_recording_is_replayed(lab):
    press(lab, "▶ Replay")
    lab.page.wait_for_function(f"({TOLD})({ROOT}).step > 10")
    assert step(lab) < 500
    press(lab, "❚❚ Pause")
    assert lab.page.evaluate("workers.length") == 0


def test_where_nothing_can_train_the_recorded_run_stays(tab):
    tab.evaluate("() => { window.Worker = function () { throw new Error('blocked'); }; }")
    lab = tab.locator("#explorable-laboratory")
    press(lab, "Train it yourself")
    lab.locator(".grok-note", has_text="This browser does not train here (Error: blocked)").wait_for()
    wait(lab, "Train it yourself")
    assert told(lab)["test accuracy"] == "100%"


def test_on_a_phone_there_are_a_table_a_chart_a_slider_and_three_buttons(visit):
    tab = visit(width=390, has_touch=True, is_mobile=True)
    lab = tab.locator("#explorable-laboratory")
    seen = [box.get_attribute("data-view") for box in lab.locator(".grok-view").all() if box.is_visible()]
    assert seen == ["table", "accuracy"]
    assert lab.get_by_role("slider").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    press(lab, "Train it yourself")
    wait(lab, "Go on")
    names = [button.inner_text() for button in lab.locator(".grok-presses button").all() if button.is_visible()]
    assert names == ["Go on", "Step", "Start over"]


def test_where_motion_is_unwanted_the_curves_still_grow(visit):
    tab = visit(reduced_motion="reduce")
    lab = tab.locator("#explorable-laboratory")
    at = step(lab)
    press(lab, "▶ Next")
    tab.wait_for_function(f"({TOLD})({ROOT}).step < {at}")
    press(lab, "Train it yourself")
    wait(lab, "Go on")
    assert len(data(lab, "accuracy", "curves")) > 20

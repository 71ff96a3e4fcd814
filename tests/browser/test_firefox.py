"""Explorables in Firefox, and what a page's programs need of it. Everything else is tested in Chromium."""

import pytest

from grokmodels.explorables import Clock, Laboratory, Landscape, Slider
from tests.explorable_samples import diagram, replay

pytestmark = pytest.mark.browser

MOVED = {e.name: e for e in (replay(), diagram(), Clock(), Landscape())}
EXPLORABLES = MOVED | {"laboratory": Laboratory()}
STATE = "(name) => ({...document.getElementById(`explorable-${name}`).explorable.state})"
# Until a change is painted.
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))"


@pytest.fixture(scope="module")
def browser(firefox_browser):
    """What the page is opened in."""
    return firefox_browser


@pytest.fixture(scope="module")
def tab(windows):
    """The page, opened once."""
    with windows() as visit:
        yield visit()


@pytest.mark.parametrize("name", MOVED)
def test_the_keyboard_moves_a_slider_and_the_readout_says_what_python_says(tab, name):
    explorable, told = EXPLORABLES[name], []
    trait, values = next((trait, c.values) for trait, c in explorable.controls.items() if isinstance(c, Slider))
    tab.locator(f"#explorable-{name}").get_by_role("slider").first.focus()
    for key, value in (("End", values[-1]), ("ArrowLeft", values[-2]), ("Home", values[0]), ("ArrowRight", values[1])):
        tab.keyboard.press(key)
        tab.evaluate(FRAME)
        state = tab.evaluate(STATE, name)
        assert state[trait] == value
        words = explorable.words(state, explorable.rows(state))
        told.append(tab.locator(f"#explorable-{name} .grok-readout span").all_inner_texts())
        assert told[-1] == [" ".join(readout.told(words)[:2]) for readout in explorable.readout]
    assert told[0] != told[2]


def test_the_laboratory_trains_to_the_end_of_its_recording(tab):
    """The same seed is the same run in another browser, in a worker of a page on disk."""
    lab = tab.locator("#explorable-laboratory")
    end = EXPLORABLES["laboratory"].data["recording"]["frames"][-1]["step"]
    lab.get_by_role("button", name="Train it yourself").click()
    lab.get_by_role("button", name="Pause").wait_for()
    lab.get_by_role("button", name="Go on").wait_for(timeout=60_000)
    assert f"step {end}" in lab.locator(".grok-readout").inner_text()


def test_what_goes_wrong_is_noticed(firefox, problems, tmp_path):
    page = tmp_path / "page.html"
    program = "fetch('https://worker.invalid/').catch(() => postMessage(console.error('c')))"
    page.write_text(
        f"""<!doctype html><title>A page</title><img src="https://page.invalid/"><script>
        const worker = new Worker(URL.createObjectURL(new Blob([{program!r}])));
        worker.onmessage = () => {{ window.done = true; console.error("b"); throw new Error("a"); }};
        </script>""",
        encoding="utf-8",
    )
    firefox.goto(page.as_uri())
    firefox.wait_for_function("window.done")
    assert {"https://page.invalid/", "https://worker.invalid/", "a", "b", "c"} <= set(problems)
    problems.clear()

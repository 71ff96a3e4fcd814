"""Explorables in Firefox, and what a page's programs need of it. Everything else is tested in Chromium."""

import pytest

from grokmodels.explorables import Clock, Landscape, Slider
from tests.explorable_samples import diagram, replay

pytestmark = pytest.mark.browser

EXPLORABLES = {e.name: e for e in (replay(), diagram(), Clock(), Landscape())}
STATE = "(name) => ({...document.getElementById(`explorable-${name}`).explorable.state})"
# Until a change is painted.
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))"

# A program of one function: `times(a, b)` is the product of two whole numbers, from a vector of four such products.
TIMES = bytes.fromhex(
    "0061736d01000000"  # the header
    "01070160027f7f017f"  # a type: two numbers give one
    "03020100"  # a function of it
    "0709010574696d65730000"  # its name
    "0a12011000"  # its code:
    "2000fd11"  # local.get 0, i32x4.splat
    "2001fd11"  # local.get 1, i32x4.splat
    "fdb501"  # i32x4.mul
    "fd1b030b"  # i32x4.extract_lane 3, end
)
IN_A_WORKER = """(bytes) => new Promise((resolve, reject) => {
    const program = `onmessage = ({ data }) => {
        const { times } = new WebAssembly.Instance(new WebAssembly.Module(data)).exports;
        postMessage(times(6, 7));
    }`;
    const worker = new Worker(URL.createObjectURL(new Blob([program], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(new Uint8Array(bytes));
})"""


@pytest.fixture(scope="module")
def browser(firefox_browser):
    """What the page is opened in."""
    return firefox_browser


@pytest.fixture(scope="module")
def tab(windows):
    """The page, opened once."""
    with windows() as visit:
        yield visit()


@pytest.mark.parametrize("name", EXPLORABLES)
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


def test_a_worker_of_a_page_on_disk_computes_with_vectors(firefox, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>A page</title>", encoding="utf-8")
    firefox.goto(page.as_uri())
    assert firefox.evaluate(IN_A_WORKER, list(TIMES)) == 42


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

"""What the network in the page costs a reader: seconds until it turns, the page's frames, memory after restarts.

``make bench`` prints a table. Times are those in software-rendered Chromium, from the press of the button, of networks
that wait at step 0. *Frames* are the times between two pictures of the page while it trains; memory is what all of
Chromium's processes hold alone, without garbage.
"""

import numpy as np
import psutil
import pytest

from grokmodels.explorables import Laboratory, write_assets
from tests.conftest import browser, playwright  # noqa: F401
from tests.explorable_samples import page

SEEDS = range(3)
WATCH = """async ([level, seconds]) => {
    const root = document.querySelector(".grok-explorable");
    const press = (words) => [...root.querySelectorAll(".grok-presses button")].find(words).click();
    press(({ textContent }) => textContent === "Start over");
    while (root.explorable.views.accuracy.data("curves").length) await new Promise(requestAnimationFrame);
    press(({ textContent }) => textContent === "Train");
    const start = performance.now();
    const frames = [];
    const found = {};
    let last = start;
    while (!(found.test && !/Pause/.test(root.querySelector(".grok-presses").textContent))) {
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - last);
        last = now;
        for (const row of root.explorable.views.accuracy.data("curves")) {
            for (const part of ["train", "test"]) {
                if (row[`${part}_accuracy`] >= level) found[part] ??= (now - start) / 1000;
            }
        }
        if (now > start + 1000 * seconds) break;
    }
    return [found.train ?? null, found.test ?? null, frames.slice(1)];
}"""


@pytest.fixture
def opened(browser, tmp_path):  # noqa: F811
    """A page with nothing but a laboratory in a state, with WebAssembly or in plain JavaScript."""
    write_assets(tmp_path)

    def open_page(state, simd):
        laboratory = Laboratory(**state)
        if not simd:
            laboratory.data = {**laboratory.data, "wasm": None}
        (tmp_path / "index.html").write_text(page(laboratory), encoding="utf-8")
        tab = browser.new_page(viewport={"width": 1000, "height": 900})
        tab.goto((tmp_path / "index.html").as_uri())
        tab.wait_for_function("document.querySelector('.grok-explorable').explorable")
        return tab

    return open_page


@pytest.mark.parametrize("simd", [True, False], ids=["WebAssembly", "JavaScript"])
@pytest.mark.parametrize("name", ["small", "the real one"])
def test_until_it_turns(name, simd, opened, laboratory_times):
    if name == "the real one" and not simd:
        pytest.skip("takes minutes")
    state = {} if name == "small" else Laboratory().presets["The real one"]
    for seed in SEEDS if name == "small" else (0,):
        tab = opened(state | {"seed": seed}, simd)
        memorized, generalized, frames = tab.evaluate(WATCH, [0.99, 240])
        assert generalized, "it did not generalize"
        way = "WebAssembly" if simd else "JavaScript"
        laboratory_times.append((f"{name}, seed {seed}, {way}", memorized, generalized, frames))
        tab.close()


def held(tab):
    """Megabytes that Chromium's processes hold alone."""
    tab.context.new_cdp_session(tab).send("HeapProfiler.collectGarbage")
    processes = [p for p in psutil.Process().children(recursive=True) if "chrom" in p.name()]
    return sum(p.memory_full_info().uss for p in processes) / 1e6


def test_memory_after_ten_restarts(opened, laboratory_memory):
    tab = opened({}, True)
    held_after = [held(tab)]
    for _ in range(11):
        tab.evaluate(WATCH, [0.99, 60])
        held_after.append(held(tab))
    assert len(tab.context.pages) == 1
    laboratory_memory.extend(held_after)
    assert np.isfinite(held_after).all()

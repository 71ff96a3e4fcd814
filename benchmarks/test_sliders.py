"""How long a reader waits for a moved control, measured inside the page, in software-rendered Chromium.

``make bench`` prints a table. *Work* is what a move computes and draws: words, kernel and Vega. *Until painted* goes
from the event of the control to the end of the frame that shows the change: it includes the wait for that frame.
"""

import numpy as np
import pytest

from grokmodels.explorables import RidgeThreshold, write_assets
from tests.conftest import browser, playwright  # noqa: F401
from tests.explorable_samples import computed, diagram, family, frequencies, hysteresis, page, replay

RECORDED = [RidgeThreshold(), family(), replay(), diagram(), frequencies(), hysteresis()]
MOVES = 30
MEASURE = """async ([name, trait, values, positions]) => {
    const root = document.getElementById(`explorable-${name}`);
    const frame = window.requestAnimationFrame;
    const work = [];
    window.requestAnimationFrame = (draw) => draw();
    for (const position of positions) {
        const start = performance.now();
        await root.explorable.set({ [trait]: values[position] });
        work.push(performance.now() - start);
    }
    window.requestAnimationFrame = frame;

    const slider = document.getElementById(`${root.id}-${trait}`);
    const move = (position) => {
        if (!slider) return document.getElementById(`${root.id}-${trait}-${position}`).click();
        slider.value = position;
        slider.dispatchEvent(new Event("input"));
    };
    const painted = [];
    for (const position of positions) {
        // A reader's hand knows nothing of frames.
        await new Promise((done) => setTimeout(done, 20 + 17 * Math.random()));
        const start = performance.now();
        move(position);
        // The next task after a frame's callbacks finds it painted.
        const { port1, port2 } = new MessageChannel();
        requestAnimationFrame(() => port2.postMessage(null));
        await new Promise((done) => { port1.onmessage = done; });
        painted.push(performance.now() - start);
    }
    return [work, painted];
}"""


@pytest.mark.parametrize("explorable", [*computed().values(), *RECORDED], ids=lambda explorable: explorable.name)
def test_moves(explorable, browser, tmp_path, moves):  # noqa: F811
    write_assets(tmp_path)
    (tmp_path / "index.html").write_text(page(explorable), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1000, "height": 900})
    tab.goto((tmp_path / "index.html").as_uri())
    tab.wait_for_function("document.querySelector('.grok-explorable').explorable")
    for trait, control in explorable.controls.items():
        values = control.payload()["values"]
        # From end to end, and back where there are few.
        there = np.linspace(0, len(values) - 1, min(len(values), MOVES)).round().astype(int)
        positions = np.resize([*there, *there[-2:0:-1]], MOVES).tolist()
        tab.evaluate(MEASURE, [explorable.name, trait, values, positions[:3]])
        work, painted = tab.evaluate(MEASURE, [explorable.name, trait, values, positions])
        assert min(painted) > 0
        moves.append((explorable.name, trait, work, painted))
    tab.close()

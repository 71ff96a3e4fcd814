"""Seconds from a slider's move to the finished repaint, in software-rendered Chromium."""

from itertools import cycle

import pytest

from grokmodels.explorables import (
    Clock,
    Escape,
    GrokkingCurve,
    Landscape,
    Motion,
    PhaseDiagram,
    RidgeThreshold,
    write_assets,
)
from tests.conftest import browser  # noqa: F401
from tests.explorable_samples import page

EXPLORABLES = [Landscape(), Clock(), GrokkingCurve(), PhaseDiagram(), Escape(), RidgeThreshold(), Motion()]


@pytest.mark.parametrize(
    ("explorable", "trait"),
    [(explorable, trait) for explorable in EXPLORABLES for trait in explorable.controls],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_move_to_repaint(benchmark, browser, tmp_path, explorable, trait):  # noqa: F811
    write_assets(tmp_path)
    (tmp_path / "index.html").write_text(page(explorable), encoding="utf-8")
    tab = browser.new_page()
    tab.goto((tmp_path / "index.html").as_uri())
    tab.wait_for_function("document.querySelector('.grok-explorable').explorable")
    values = cycle(explorable.controls[trait].payload()["values"])
    move = "([trait, value]) => document.querySelector('.grok-explorable').explorable.set({ [trait]: value })"
    benchmark.pedantic(lambda: tab.evaluate(move, [trait, next(values)]), rounds=25, warmup_rounds=3)
    tab.close()

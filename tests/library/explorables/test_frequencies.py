"""The explorable of frequencies, on logits whose waves are known."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables.words import fill
from tests.explorable_samples import RULE, few, frequencies


def told(explorable, **state):
    return explorable.rows(explorable.state | state)["readout"]


def test_the_strongest_frequencies_at_the_end_are_kept_at_every_step():
    explorable = frequencies()
    frames = pd.DataFrame(explorable.data["frames"]).query("run == 'p = 23'").set_index("step")
    for step, part in ((50, 0.25), (200, 1.0)):
        rank, share = (np.array(frames.loc[step, name]) for name in ("rank", "share"))
        assert set(np.flatnonzero(rank <= 2) + 1) == set(RULE[:2])
        np.testing.assert_allclose(share[np.array(RULE) - 1], part * np.array([3, 2, 1]) / 6, atol=1e-3)


@pytest.mark.parametrize(("run", "table"), [("p = 23", few()), ("p = 19", few(p=19))])
def test_readouts_are_those_of_the_kept_number_at_every_state(run, table):
    explorable = frequencies()
    for row in table.itertuples():
        for kept in range(7):
            said = told(explorable, run=run, step=row.step, kept=kept)
            assert said["network"] == pytest.approx(row.network, rel=1e-3)
            assert said["few"] == pytest.approx(row.kept[kept], rel=1e-3)
            carried = row.step / 200 * sum([3 / 6, 2 / 6, 1 / 6][:kept])
            assert said["carried"] == pytest.approx(carried, abs=1e-3)
            assert [readout.told(said) for readout in explorable.readout] == [
                ("whole network, test accuracy", f"{said['network']:.1%}", "test"),
                ("with the kept ones only", f"{said['few']:.1%}", "generalizing"),
                ("of the squared logits kept", f"{said['carried']:.1%}", "ink"),
            ]


def test_presets_are_where_the_cut_helps_and_hurts_most():
    explorable = frequencies()
    # No cut of the sample hurts.
    assert explorable.presets == {
        "Cut helps most": {"run": "p = 23", "step": 100, "kept": 4},
        "Strongest one": {"run": "p = 23", "step": 200, "kept": 1},
    }
    worse = few()
    worse.at[1, "kept"] = [0.0] * 7
    hurt = frequencies(runs={"p = 23": few(), "bad": worse}).presets["Cut hurts most"]
    assert hurt == {"run": "bad", "step": 50, "kept": 4}


def test_what_lies_outside_is_refused():
    explorable = frequencies()
    with pytest.raises(ValueError, match=r"Training step: got 201; must be between 0 and 200"):
        explorable.step = 201
    with pytest.raises(ValueError, match=r"Frequencies kept: got 9; must be between 0 and 6"):
        explorable.kept = 9
    with pytest.raises(ValueError, match=r"Network: got 'p = 5'"):
        frequencies(run="p = 5")
    explorable.step = 70
    assert explorable.step == 50
    for other in (few(steps=(0, 50)), few(most=3)):
        with pytest.raises(ValueError, match="'odd' has other steps or numbers of frequencies than 'p = 23'"):
            frequencies(runs={"p = 23": few(), "odd": other})


def test_fewer_frequencies_than_the_slider_begins_with():
    explorable = frequencies(runs={"p = 23": few(most=2)})
    assert explorable.state == {"run": "p = 23", "step": 200, "kept": 2}


def test_the_alt_texts_follow():
    explorable = frequencies(run="p = 19", step=100, kept=2)
    words = explorable.words(explorable.state, explorable.rows(explorable.state))
    spectrum, accuracy = (fill(chart.alt, words) for chart in explorable.charts.values())
    assert "of p = 19 at step 100; in green the 2 kept ones, which carry 41.7%" in spectrum
    assert "whole network p = 19, and of the same network with only 2 frequencies" in accuracy
    # 1/19 + 18/19 · (1/2)³, and 1/19 + 18/19 · ½ · ⅔.
    assert "At step 100 the whole answers 17.1%, the crippled one 36.8%." in accuracy


def test_the_page_is_small_and_speaks_without_javascript():
    html = frequencies().html()
    assert len(html) < 200_000
    assert "Frequencies kept: <strong>4</strong>" in html
    assert len(re.findall(r'<img class="dark-light" alt="[^"]+"', html)) == 2
    payload = json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])
    assert payload["data"] == frequencies().data

"""The map of recorded runs over fraction and decay."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables.words import fill
from tests.explorable_samples import FRACTIONS, diagram, diagram_tables


def told(explorable, fraction, decay):
    return explorable.rows({"fraction": fraction, "weight_decay": decay})["readout"]


def test_the_sliders_have_the_recorded_values():
    explorable = diagram(fraction=0.9, weight_decay=0.1)
    assert list(explorable.controls["fraction"].values) == FRACTIONS
    assert list(explorable.controls["weight_decay"].values) == [0.1, 0.5, 1, 4]
    assert explorable.state == {"fraction": 0.9, "weight_decay": 0.1}
    explorable.weight_decay = 0.6
    assert explorable.weight_decay == 0.5
    with pytest.raises(ValueError, match=r"Fraction of the pairs in training: got 1; must be between 0\.25 and 0\.9"):
        explorable.fraction = 1


def test_a_cell_counts_its_runs():
    _, runs = diagram_tables()
    explorable = diagram()
    for (fraction, decay), cell in runs.groupby(["fraction", "weight_decay"]):
        seen = cell.loc[~cell["censored"], "t_gen"]
        median = int(seen.median()) if len(seen) == 3 else None
        said = told(explorable, fraction, decay)
        assert (said["n"], said["generalized"], said["median"]) == (3, len(seen), median)
        assert said["phase"] == cell["phase"].iloc[0]
        lines = [readout.told(said) for readout in explorable.readout]
        color = {"memorization": "memorizing", "grokking": "test", "collapse": "muted"}[said["phase"]]
        assert lines == [
            (f"{said['phase']}; of 3 seeds generalized:", str(len(seen)), color),
            ("median step of generalization:", f"{median:,}" if median else "–", "ink"),
        ]


@pytest.mark.slow
def test_a_cell_opens_its_runs():
    histories, _ = diagram_tables()
    drawn = pd.DataFrame(diagram().data["runs"])
    for (fraction, decay, seed), run in histories.groupby(["fraction", "weight_decay", "seed"]):
        chosen = drawn["fraction"].eq(fraction) & drawn["weight_decay"].eq(decay) & drawn["seed"].eq(seed)
        (shown,) = drawn[chosen].itertuples()
        recorded = run.set_index("step")
        for name in ("train", "test"):
            exact = recorded.loc[shown.step, f"{name}_accuracy"]
            np.testing.assert_allclose(getattr(shown, name), exact, rtol=1e-3, atol=1e-6)
        # The outcome is never thinned out, and a logarithmic axis has no place for step 0.
        assert max(shown.step) == run["step"].max()
        assert min(shown.step) == 50
        assert len(shown.step) <= 31


def test_the_median_counts_censored_runs_as_the_longest():
    histories, runs = diagram_tables()
    cell = (runs["fraction"] == 0.9) & (runs["weight_decay"] == 0.5)
    runs.loc[cell, "t_gen"], runs.loc[cell, "censored"] = [12345, 401, 13000], [False, False, True]
    said = told(diagram(history=histories, runs=runs), 0.9, 0.5)
    assert (said["n"], said["generalized"]) == (3, 2)
    # Not rounded, although other cells have no median.
    assert said["median"] == 12345


@pytest.mark.slow
def test_a_cell_has_the_phase_of_most_of_its_runs():
    histories, runs = diagram_tables()
    cell = (runs["fraction"] == 0.9) & (runs["weight_decay"] == 0.5)
    runs.loc[cell, "phase"] = ["comprehension", "grokking", "comprehension"]
    assert told(diagram(history=histories, runs=runs), 0.9, 0.5)["phase"] == "comprehension"
    runs.loc[cell, "phase"] = ["grokking", "memorization", "collapse"]
    assert told(diagram(history=histories, runs=runs), 0.9, 0.5)["phase"] == "collapse"


def test_a_click_in_a_cell_is_nearest_to_its_values():
    explorable = diagram()
    cells = explorable.data["cells"]
    for k, (fraction, decay) in enumerate(zip(cells["fraction"], cells["weight_decay"], strict=True)):
        for part in (0.02, 0.98):
            x = cells["left"][k] + part * (cells["right"][k] - cells["left"][k])
            y = cells["low"][k] + part * (cells["high"][k] - cells["low"][k])
            assert explorable.controls["weight_decay"].nearest(x) == decay
            assert explorable.controls["fraction"].nearest(y) == fraction


def test_a_cell_that_was_not_recorded_says_so():
    histories, runs = diagram_tables()
    there = ~((runs["fraction"] == 0.5) & (runs["weight_decay"] == 0.5))
    explorable = diagram(history=histories, runs=runs[there], fraction=0.5, weight_decay=0.5)
    with pytest.raises(ValueError, match=r"Nothing was recorded here\."):
        explorable.rows(explorable.state)
    assert "Nothing was recorded here." in explorable.html()
    drawn = pd.DataFrame(explorable.data["runs"])
    assert not (drawn["fraction"].eq(0.5) & drawn["weight_decay"].eq(0.5)).any()


def test_presets_are_cells_of_their_phases():
    explorable = diagram()
    assert list(explorable.presets) == ["Memorization", "Grokking", "Collapse"]
    for phase, state in explorable.presets.items():
        assert told(explorable, state["fraction"], state["weight_decay"])["phase"] == phase.lower()


def test_the_alt_texts_say_the_map_and_the_chosen_cell():
    explorable = diagram(fraction=0.9, weight_decay=1)
    over, inside = (
        fill(chart.alt, explorable.words(explorable.state, explorable.rows(explorable.state)))
        for chart in explorable.charts.values()
    )
    assert "fraction 0.9: 0.1, 0.5, 1." in over
    assert "fraction 0.25: none;" in over
    assert over.endswith("Chosen: fraction 0.9, decay 1.")
    assert "at fraction 0.9 and decay 1, " in inside
    assert inside.endswith("generalized: 3; median step of generalization: 130; phase: grokking.")


@pytest.mark.slow
def test_pages_stay_small():
    histories, runs = diagram_tables(np.linspace(0.2, 0.9, 8).round(2).tolist(), (0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.5, 4))
    explorable = diagram(history=histories, runs=runs)
    html = explorable.html()
    assert len(html) < 300_000
    assert json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])["data"] == explorable.data
    assert len(explorable.data["cells"]["phase"]) == 64


def test_bad_input_is_named():
    histories, runs = diagram_tables()
    with pytest.raises(ValueError, match=r"runs: lacks the columns \['phase'\]"):
        diagram(runs=runs.drop(columns="phase"))
    with pytest.raises(ValueError, match=r"history: lacks the columns \['step'\]"):
        diagram(history=histories.drop(columns="step"))

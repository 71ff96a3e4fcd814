"""The map of recorded runs over fraction and decay."""

import json
import re

import numpy as np
import pytest

from tests.explorable_samples import FRACTIONS, diagram, diagram_tables


def test_the_sliders_have_the_recorded_values():
    explorable = diagram(fraction=0.9, weight_decay=0.1)
    assert list(explorable.controls["fraction"].values) == FRACTIONS
    assert list(explorable.controls["weight_decay"].values) == [0.1, 0.5, 1, 4]
    assert explorable.state == {"fraction": 0.9, "weight_decay": 0.1}


def test_a_cell_counts_its_runs_and_opens_them():
    histories, runs = diagram_tables()
    explorable = diagram()
    for (fraction, decay), cell in runs.groupby(["fraction", "weight_decay"]):
        rows = explorable.rows({"fraction": fraction, "weight_decay": decay})
        seen = cell.loc[~cell["censored"], "t_gen"]
        assert [row["value"] for row in rows["readout"]] == [len(seen), int(seen.median()) if len(seen) == 3 else None]
        assert rows["chosen"][0]["phase"] == cell["phase"].iloc[0]
        here = histories[(histories["fraction"] == fraction) & (histories["weight_decay"] == decay)]
        recorded = here.set_index(["seed", "step"])["test_accuracy"]
        drawn = [row for row in rows["curves"] if row["set"] == "test"]
        assert {row["run"] for row in drawn} == {"0 test", "1 test", "2 test"}
        for row in drawn:
            exact = recorded[int(row["run"].split()[0]), row["step"]]
            assert row["accuracy"] == pytest.approx(exact, rel=1e-2, abs=1e-6)
        # The outcome is never thinned out.
        assert max(row["step"] for row in drawn) == here["step"].max()


def test_the_median_counts_censored_runs_as_the_longest():
    histories, runs = diagram_tables()
    cell = (runs["fraction"] == 0.9) & (runs["weight_decay"] == 0.5)
    runs.loc[cell, "t_gen"], runs.loc[cell, "censored"] = [300, 400, 3000], [False, False, True]
    rows = diagram(history=histories, runs=runs).rows({"fraction": 0.9, "weight_decay": 0.5})
    assert [row["value"] for row in rows["readout"]] == [2, 400]
    assert rows["chosen"][0]["n"] == 3


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
    with pytest.raises(ValueError, match=r"No run was recorded at fraction 0\.5 and decay 0\.5\."):
        explorable.rows(explorable.state)
    assert "No run was recorded at fraction 0.5 and decay 0.5." in explorable.html()


def test_the_picture_has_words():
    pictures = re.findall(r'<img class="dark-light" alt="([^"]+)"', diagram().html())
    assert "fraction 0.9: from 0.1 to 1" in pictures[0]
    assert "fraction 0.25: none" in pictures[0]


def test_pages_stay_small():
    histories, runs = diagram_tables(np.linspace(0.2, 0.9, 8).round(2).tolist(), (0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.5, 4))
    html = diagram(history=histories, runs=runs).html()
    assert len(html) < 300_000
    data = json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])["data"]
    assert len(data["cells"]["phase"]) == 64


def test_bad_input_is_named():
    histories, runs = diagram_tables()
    with pytest.raises(ValueError, match=r"runs: lacks the columns \['phase'\]"):
        diagram(runs=runs.drop(columns="phase"))
    with pytest.raises(ValueError, match=r"history: lacks the columns \['step'\]"):
        diagram(history=histories.drop(columns="step"))
